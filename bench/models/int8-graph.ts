/**
 * A network in 8 bits, as quantise/dequantise pairs that ONNX Runtime fuses into integer kernels: weights signed and per
 * output channel, activations unsigned. After a ReLU the zero point is 0, so that the ReLU is part of the rounding; with
 * any other zero point the fusion does not happen and nothing is gained.
 */
import { OnnxGraph } from '../../test/support/onnx-writer.js';
import { convAttributes, writeHead } from './fp32-graph.js';
import { INPUT, SIDE_PX, type Conv, type Layer } from './network.js';

/** Lowest and highest value of a tensor, seen over real tiles. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

interface Quantised {
  readonly scale: number;
  readonly zero: number;
}

function quantisation({ low, high }: Range): Quantised {
  const scale = Math.max((Math.max(high, 0) - Math.min(low, 0)) / 255, 1e-8);
  return { scale, zero: Math.round(-Math.min(low, 0) / scale) };
}

/** Names of the tensors whose ranges are needed, the input among them. */
export function quantisedTensors(layers: readonly Layer[]): string[] {
  const made = layers.flatMap((layer) => (layer.kind === 'conv' || layer.kind === 'add' ? [layer.output] : []));
  return [INPUT, ...made];
}

class Writer {
  readonly graph = new OnnxGraph();
  /** The dequantised form of each tensor, and how it was quantised. */
  private readonly known = new Map<string, { readonly name: string; readonly how: Quantised }>();

  constructor(private readonly ranges: ReadonlyMap<string, Range>) {}

  value(tensor: string): { readonly name: string; readonly how: Quantised } {
    const found = this.known.get(tensor);
    if (found === undefined) throw new Error(`the tensor ${tensor} was not made before it is used`);
    return found;
  }

  /** Rounds `from` to 8 bits as the tensor `tensor`. */
  round(from: string, tensor: string): void {
    const range = this.ranges.get(tensor);
    if (range === undefined) throw new Error(`the tensor ${tensor} was not calibrated`);
    this.pair(from, tensor, quantisation(range));
  }

  pair(from: string, tensor: string, how: Quantised): void {
    const scale = this.graph.floats([], [how.scale]);
    const zero = this.graph.tensor('uint8', [], Uint8Array.of(how.zero));
    const q = this.graph.node('QuantizeLinear', [from, scale, zero]);
    this.known.set(tensor, { name: this.graph.node('DequantizeLinear', [q, scale, zero]), how });
  }

  /** The value before its activation: the ReLU is in the graph, and disappears in the fusion. */
  conv(layer: Conv): void {
    const input = this.value(layer.input);
    const perChannel = layer.from * layer.kernel * layer.kernel;
    const scales = Float32Array.from({ length: layer.to }, (_, c) => {
      const channel = layer.weights.subarray(c * perChannel, (c + 1) * perChannel);
      return Math.max(channel.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / 127, 1e-8);
    });
    const scaleOf = (i: number): number => scales[Math.floor(i / perChannel)] as number;
    const weights = Int8Array.from(layer.weights, (w, i) => Math.round(w / scaleOf(i)));
    const biasScales = scales.map((s) => s * input.how.scale);
    const bias = Int32Array.from(layer.bias, (b, c) => Math.round(b / (biasScales[c] as number)));
    const { graph } = this;
    const shape = [layer.to, layer.from, layer.kernel, layer.kernel];
    const dequantised = (type: 'int8' | 'int32', dims: number[], data: ArrayBufferView, by: Float32Array): string => {
      const zero = graph.tensor(type, [layer.to], type === 'int8' ? new Int8Array(layer.to) : new Int32Array(layer.to));
      const inputs = [graph.tensor(type, dims, data), graph.floats([layer.to], by), zero];
      return graph.node('DequantizeLinear', inputs, { axis: 0 });
    };
    const w = dequantised('int8', shape, weights, scales);
    const b = dequantised('int32', [layer.to], bias, biasScales);
    const sum = graph.node('Conv', [input.name, w, b], convAttributes(layer));
    this.round(layer.relu ? graph.node('Relu', [sum]) : sum, layer.output);
  }
}

export function int8Graph(layers: readonly Layer[], ranges: ReadonlyMap<string, Range>): Buffer {
  const writer = new Writer(ranges);
  const { graph } = writer;
  writer.round(graph.input({ name: INPUT, type: 'float32', shape: ['batch', 3, SIDE_PX, SIDE_PX] }), INPUT);
  for (const layer of layers) {
    if (layer.kind === 'conv') writer.conv(layer);
    else if (layer.kind === 'add') {
      const [a, b] = layer.inputs;
      const sum = graph.node('Add', [writer.value(a).name, writer.value(b).name]);
      writer.round(graph.node('Relu', [sum]), layer.output);
    } else if (layer.kind === 'maxPool') {
      const { name, how } = writer.value(layer.input);
      writer.pair(graph.node('MaxPool', [name], convAttributes(layer)), layer.output, how);
    } else writeHead(graph, writer.value(layer.input).name, layer);
  }
  return graph.encode();
}
