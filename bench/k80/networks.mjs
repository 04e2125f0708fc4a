// The networks of the K80 page, operation by operation, from the tables of the papers that describe them. Batch norm is
// folded into the convolutions and ReLU is fused into them; the other activations (SiLU, hard swish) and the scaling of
// squeeze-and-excitation are passes of their own. 224 x 224 x 3 in, 1000 classes out.
//
// An operation: { kind, macs, values, weights } for one image. `values` counts the fp32 numbers that it reads and writes
// besides its weights. Kinds: 'dense' (k x k, k > 1), 'pointwise' (1 x 1 and fully connected), 'depthwise', 'pass'.

class Network {
  operations = [];

  constructor() {
    this.side = 224;
    this.channels = 3;
  }

  conv(outChannels, kernel, stride = 1, groups = 1) {
    const outSide = Math.ceil(this.side / stride);
    const weightsPerOut = (this.channels / groups) * kernel ** 2;
    const kind = groups > 1 ? 'depthwise' : kernel > 1 ? 'dense' : 'pointwise';
    this.#add(kind, outSide ** 2 * outChannels * weightsPerOut, {
      values: this.channels * this.side ** 2 + outChannels * outSide ** 2,
      weights: outChannels * (weightsPerOut + 1),
    });
    this.side = outSide;
    this.channels = outChannels;
    return this;
  }

  depthwise(kernel, stride) {
    return this.conv(this.channels, kernel, stride, this.channels);
  }

  fullyConnected(outputs) {
    const inputs = this.channels * this.side ** 2;
    this.#add('pointwise', inputs * outputs, { values: inputs + outputs, weights: (inputs + 1) * outputs });
    this.channels = outputs;
    this.side = 1;
    return this;
  }

  /** Reads the tensor `reads` times and writes it once. */
  pass(reads = 1) {
    this.#add('pass', 0, { values: (reads + 1) * this.channels * this.side ** 2, weights: 0 });
    return this;
  }

  pool(side) {
    const read = this.channels * this.side ** 2;
    this.#add('pass', 0, { values: read + this.channels * side ** 2, weights: 0 });
    this.side = side;
    return this;
  }

  /** Squeeze, two small layers, and the scaling of every value. */
  excite(squeezed) {
    const { side, channels } = this;
    this.pool(1).fullyConnected(squeezed).fullyConnected(channels);
    this.side = side;
    this.channels = channels;
    return this.pass();
  }

  /** Runs `branch` from here; its end is the new tensor, and `shortcut` (if any) is computed from the same input. */
  branch(branch, shortcut = null) {
    const { side, channels } = this;
    if (shortcut !== null) {
      shortcut(this);
      this.side = side;
      this.channels = channels;
    }
    branch(this);
    return this;
  }

  #add(kind, macs, { values, weights }) {
    this.operations.push({ kind, macs, values, weights });
  }
}

const multipleOf8 = (value) => {
  const rounded = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return rounded < 0.9 * value ? rounded + 8 : rounded;
};

/** He et al. 2015, table 1. `blocks` a stage; bottlenecks have a 1 x 1 before and after the 3 x 3. */
function resnet(blocks, bottleneck) {
  const net = new Network().conv(64, 7, 2).pool(56);
  for (const [stage, count] of blocks.entries()) {
    const width = 64 * 2 ** stage;
    const out = bottleneck ? 4 * width : width;
    for (let block = 0; block < count; block++) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      const project = net.channels !== out || stride > 1;
      net.branch(
        (n) =>
          bottleneck ? n.conv(width, 1).conv(width, 3, stride).conv(out, 1) : n.conv(out, 3, stride).conv(out, 3),
        project ? (n) => n.conv(out, 1, stride) : null,
      );
      net.pass(2); // the addition
    }
  }
  return net.pool(1).fullyConnected(1000).operations;
}

/** Howard et al. 2019, tables 1 and 2: kernel, expanded, out, squeeze-and-excitation, activation, stride. */
function mobileNetV3(rows, last, classifier) {
  const net = new Network().conv(16, 3, 2).pass();
  for (const [kernel, expanded, out, squeeze, activation, stride] of rows) {
    const activate = () => (activation === 'HS' ? net.pass() : net);
    const residual = stride === 1 && net.channels === out;
    if (expanded !== net.channels) {
      net.conv(expanded, 1);
      activate();
    }
    net.depthwise(kernel, stride);
    activate();
    if (squeeze) net.excite(multipleOf8(expanded / 4));
    net.conv(out, 1);
    if (residual) net.pass(2);
  }
  return net.conv(last, 1).pass().pool(1).fullyConnected(classifier).pass().fullyConnected(1000).operations;
}

/** Tan and Le 2019, table 1; the lite form has neither SiLU nor squeeze-and-excitation. */
function efficientNetB0(lite) {
  const silu = (net) => (lite ? net : net.pass());
  const net = silu(new Network().conv(32, 3, 2));
  const rows = [
    [1, 3, 1, 16, 1],
    [6, 3, 2, 24, 2],
    [6, 5, 2, 40, 2],
    [6, 3, 2, 80, 3],
    [6, 5, 1, 112, 3],
    [6, 5, 2, 192, 4],
    [6, 3, 1, 320, 1],
  ];
  for (const [expand, kernel, firstStride, out, repeats] of rows)
    for (let i = 0; i < repeats; i++) {
      const stride = i === 0 ? firstStride : 1;
      const into = net.channels;
      if (expand > 1) silu(net.conv(into * expand, 1));
      silu(net.depthwise(kernel, stride));
      if (!lite) net.excite(into / 4);
      net.conv(out, 1);
      if (stride === 1 && into === out) net.pass(2);
    }
  return silu(net.conv(1280, 1)).pool(1).fullyConnected(1000).operations;
}

const large = [
  [3, 16, 16, false, 'RE', 1],
  [3, 64, 24, false, 'RE', 2],
  [3, 72, 24, false, 'RE', 1],
  [5, 72, 40, true, 'RE', 2],
  [5, 120, 40, true, 'RE', 1],
  [5, 120, 40, true, 'RE', 1],
  [3, 240, 80, false, 'HS', 2],
  [3, 200, 80, false, 'HS', 1],
  [3, 184, 80, false, 'HS', 1],
  [3, 184, 80, false, 'HS', 1],
  [3, 480, 112, true, 'HS', 1],
  [3, 672, 112, true, 'HS', 1],
  [5, 672, 160, true, 'HS', 2],
  [5, 960, 160, true, 'HS', 1],
  [5, 960, 160, true, 'HS', 1],
];
const small = [
  [3, 16, 16, true, 'RE', 2],
  [3, 72, 24, false, 'RE', 2],
  [3, 88, 24, false, 'RE', 1],
  [5, 96, 40, true, 'HS', 2],
  [5, 240, 40, true, 'HS', 1],
  [5, 240, 40, true, 'HS', 1],
  [5, 120, 48, true, 'HS', 1],
  [5, 144, 48, true, 'HS', 1],
  [5, 288, 96, true, 'HS', 2],
  [5, 576, 96, true, 'HS', 1],
  [5, 576, 96, true, 'HS', 1],
];

export const networks = {
  'MobileNetV3-Small': mobileNetV3(small, 576, 1024),
  'MobileNetV3-Large': mobileNetV3(large, 960, 1280),
  'EfficientNet-lite0': efficientNetB0(true),
  'EfficientNet-B0': efficientNetB0(false),
  'ResNet-18': resnet([2, 2, 2, 2], false),
  'ResNet-50': resnet([3, 4, 6, 3], true),
  'ResNet-152': resnet([3, 8, 36, 3], true),
};

/** Sums over a network: multiply-accumulates, parameters, fp32 values read and written. */
export function totals(operations) {
  const sum = (field, only = () => true) => operations.filter(only).reduce((all, one) => all + one[field], 0);
  return {
    macs: sum('macs'),
    depthwiseMacs: sum('macs', (one) => one.kind === 'depthwise'),
    parameters: sum('weights'),
    values: sum('values'),
    operations: operations.length,
  };
}
