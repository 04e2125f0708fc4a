// The networks of the K80 page, operation by operation (He et al. 2015, table 1). Batch norm is folded into the
// convolutions and ReLU is fused into them. 224 x 224 x 3 in, 1000 classes out.
//
// An operation: { kind, macs, values, weights } for one image. `values` counts the fp32 numbers that it reads and writes
// besides its weights. Kinds: 'dense' (k x k, k > 1), 'pointwise' (1 x 1 and fully connected), 'pass'.

class Network {
  operations = [];
  channels = 3;

  constructor(side = 224) {
    this.side = side;
  }

  conv(outChannels, kernel, stride = 1) {
    const outSide = Math.ceil(this.side / stride);
    const weightsPerOut = this.channels * kernel ** 2;
    this.#add(kernel > 1 ? 'dense' : 'pointwise', outSide ** 2 * outChannels * weightsPerOut, {
      values: this.channels * this.side ** 2 + outChannels * outSide ** 2,
      weights: outChannels * (weightsPerOut + 1),
    });
    this.side = outSide;
    this.channels = outChannels;
    return this;
  }

  fullyConnected(outputs) {
    const inputs = this.channels * this.side ** 2;
    this.#add('pointwise', inputs * outputs, { values: inputs + outputs, weights: (inputs + 1) * outputs });
    return this;
  }

  pool(side) {
    const read = this.channels * this.side ** 2;
    this.#add('pass', 0, { values: read + this.channels * side ** 2, weights: 0 });
    this.side = side;
    return this;
  }

  /** Adds what the convolutions of a block gave to its input, which is projected where its shape differs. */
  block(width, out, stride, bottleneck) {
    const { side, channels } = this;
    if (channels !== out || stride > 1) this.conv(out, 1, stride);
    Object.assign(this, { side, channels });
    if (bottleneck) this.conv(width, 1).conv(width, 3, stride).conv(out, 1);
    else this.conv(out, 3, stride).conv(out, 3);
    this.#add('pass', 0, { values: 3 * this.channels * this.side ** 2, weights: 0 });
  }

  #add(kind, macs, { values, weights }) {
    this.operations.push({ kind, macs, values, weights });
  }
}

/** The convolutions of a ResNet and the pooling after them. `blocks` a stage; bottlenecks have a 1 x 1 before and after the 3 x 3. */
function trunk(blocks, bottleneck, side) {
  const net = new Network(side).conv(64, 7, 2);
  net.pool(Math.ceil(net.side / 2));
  for (const [stage, count] of blocks.entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < count; block++)
      net.block(width, bottleneck ? 4 * width : width, block === 0 && stage > 0 ? 2 : 1, bottleneck);
  }
  return net.pool(1);
}

const resnet = (blocks, bottleneck) => trunk(blocks, bottleneck, 224).fullyConnected(1000).operations;

/** The features of a ResNet of basic blocks for pictures of `side` pixels; `blocks` may leave the last stages out. */
export const features = (blocks, side) => trunk(blocks, false, side).operations;

/** Linear layers of a transformer on one picture of `side` pixels, cut into patches. */
export function transformer(side, patch, columns, depth) {
  const tokens = (side / patch) ** 2;
  const layer = (from, to) => ({
    kind: 'pointwise',
    macs: tokens * from * to,
    values: tokens * (from + to),
    weights: (from + 1) * to,
  });
  // Each of `columns / 16` heads compares all tokens with all others, and takes their mean.
  const compared = (columns / 16) * tokens ** 2;
  const mixed = { kind: 'pointwise', macs: tokens ** 2 * columns, values: compared + 2 * tokens * columns, weights: 0 };
  const softmax = { kind: 'pass', macs: 0, values: 2 * compared, weights: 0 };
  const inner = [layer(columns, 4 * columns), layer(4 * columns, columns)];
  const block = [...Array(4).fill(layer(columns, columns)), mixed, softmax, mixed, ...inner];
  return [layer(3 * patch ** 2, columns), ...Array(depth).fill(block).flat()];
}

/** Two 3 x 3 convolutions over tiles that compare every tile with every other one, as train/reference has them. */
export function comparedTiles(tiles, from, to) {
  const layer = (columns) => [
    {
      kind: 'pointwise',
      macs: 9 * tiles * columns * to,
      values: 9 * tiles * (columns + to),
      weights: 9 * columns * to,
    },
    { kind: 'pointwise', macs: 9 * tiles ** 2 * to, values: 9 * (tiles ** 2 + 2 * tiles * to), weights: 0 },
  ];
  return [...layer(from), ...layer(to)];
}

export const networks = {
  'ResNet-18': resnet([2, 2, 2, 2], false),
  'ResNet-50': resnet([3, 4, 6, 3], true),
  'ResNet-152': resnet([3, 8, 36, 3], true),
};

/** Sums over a network: multiply-accumulates, parameters, fp32 values read and written. */
export function totals(operations) {
  const sum = (field) => operations.reduce((all, one) => all + one[field], 0);
  return { macs: sum('macs'), parameters: sum('weights'), values: sum('values') };
}
