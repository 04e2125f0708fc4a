/** MobileNetV3-small (Howard et al. 2019, table 2) with seeded weights, batch normalisation folded away. */
import { OnnxGraph } from '../onnx-writer.js';

type Activation = 'relu' | 'hswish';

interface Block {
  readonly kernel: number;
  readonly expanded: number;
  readonly out: number;
  readonly squeeze: boolean;
  readonly activation: Activation;
  readonly stride: number;
}

const BLOCKS: readonly Block[] = [
  { kernel: 3, expanded: 16, out: 16, squeeze: true, activation: 'relu', stride: 2 },
  { kernel: 3, expanded: 72, out: 24, squeeze: false, activation: 'relu', stride: 2 },
  { kernel: 3, expanded: 88, out: 24, squeeze: false, activation: 'relu', stride: 1 },
  { kernel: 5, expanded: 96, out: 40, squeeze: true, activation: 'hswish', stride: 2 },
  { kernel: 5, expanded: 240, out: 40, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 5, expanded: 240, out: 40, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 5, expanded: 120, out: 48, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 5, expanded: 144, out: 48, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 5, expanded: 288, out: 96, squeeze: true, activation: 'hswish', stride: 2 },
  { kernel: 5, expanded: 576, out: 96, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 5, expanded: 576, out: 96, squeeze: true, activation: 'hswish', stride: 1 },
];

class Builder {
  readonly graph = new OnnxGraph(7);

  conv(x: string, from: number, to: number, kernel: number, stride: number, groups = 1): string {
    const perGroup = from / groups;
    // Keeps the variance: with uniform weights of this bound the outputs stay near one.
    const weights = this.graph.random([to, perGroup, kernel, kernel], Math.sqrt(6 / (perGroup * kernel * kernel)));
    const bias = this.graph.random([to], 0.1);
    const pad = (kernel - 1) / 2;
    return this.graph.node('Conv', [x, weights, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    });
  }

  activate(x: string, kind: Activation): string {
    if (kind === 'relu') return this.graph.node('Relu', [x]);
    return this.graph.node('Mul', [x, this.hardSigmoid(x)]);
  }

  hardSigmoid(x: string): string {
    return this.graph.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
  }

  squeezeExcite(x: string, channels: number): string {
    const inner = Math.max(8, Math.round(channels / 4 / 8) * 8);
    const pooled = this.graph.node('GlobalAveragePool', [x]);
    const reduced = this.activate(this.conv(pooled, channels, inner, 1, 1), 'relu');
    return this.graph.node('Mul', [x, this.hardSigmoid(this.conv(reduced, inner, channels, 1, 1))]);
  }

  block(x: string, from: number, b: Block): string {
    let y = from === b.expanded ? x : this.activate(this.conv(x, from, b.expanded, 1, 1), b.activation);
    y = this.activate(this.conv(y, b.expanded, b.expanded, b.kernel, b.stride, b.expanded), b.activation);
    if (b.squeeze) y = this.squeezeExcite(y, b.expanded);
    y = this.conv(y, b.expanded, b.out, 1, 1);
    return b.stride === 1 && from === b.out ? this.graph.node('Add', [x, y]) : y;
  }
}

/** Input `tiles` [batch, 3, 224, 224], output `logits` [batch, classes]. */
export function mobileNetV3Small(classes = 2, batch: number | string = 'batch'): Buffer {
  const b = new Builder();
  const { graph } = b;
  let x = graph.input({ name: 'tiles', type: 'float32', shape: [batch, 3, 224, 224] });
  x = b.activate(b.conv(x, 3, 16, 3, 2), 'hswish');
  let channels = 16;
  for (const block of BLOCKS) {
    x = b.block(x, channels, block);
    channels = block.out;
  }
  x = b.activate(b.conv(x, channels, 576, 1, 1), 'hswish');
  x = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  x = graph.node('Gemm', [x, graph.random([576, 1024], 0.05), graph.random([1024], 0.1)]);
  x = b.activate(x, 'hswish');
  graph.node('Gemm', [x, graph.random([1024, classes], 0.05), graph.random([classes], 0.1)], {}, 'logits');
  graph.output({ name: 'logits', type: 'float32', shape: [batch, classes] });
  return graph.encode();
}
