/** A network as an ONNX graph in single precision. */
import { OnnxGraph } from '../../test/support/onnx-writer.js';
import { normalisation } from '../harness/digest.js';
import { INPUT, OUTPUT, SIDE_PX, type Conv, type Head, type Layer, type MaxPool } from './network.js';

/** TensorProto.FLOAT */
const ONNX_FLOAT = 1;

export const convAttributes = ({ kernel, stride }: Conv | MaxPool) => {
  const pad = (kernel - 1) / 2;
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
};

export function writeHead(graph: OnnxGraph, input: string, head: Head): void {
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [input])]);
  const weights = graph.floats([head.from, head.classes], head.weights);
  graph.node('Gemm', [mean, weights, graph.floats([head.classes], head.bias)], {}, OUTPUT);
  graph.output({ name: OUTPUT, type: 'float32', shape: ['batch', head.classes] });
}

/** RGB bytes, pixel by pixel, to the planar floats that the network takes: what else is done before the runtime. */
function normaliseInside(graph: OnnxGraph): void {
  const { scale, mean, std } = normalisation;
  const pixels = graph.input({ name: 'pixels', type: 'uint8', shape: ['batch', SIDE_PX, SIDE_PX, 3] });
  const samples = graph.node('Cast', [pixels], { to: ONNX_FLOAT });
  const factors = std.map((one) => scale / one);
  const offsets = std.map((one, c) => -(mean[c] as number) / one);
  const scaled = graph.node('Mul', [samples, graph.floats([3], factors)]);
  const normalised = graph.node('Add', [scaled, graph.floats([3], offsets)]);
  graph.node('Transpose', [normalised], { perm: [0, 3, 1, 2] }, INPUT);
}

/**
 * `expose`: intermediate tensors that become outputs too, for calibration. `takesBytes`: the graph normalises by itself
 * (harness/digest.ts has the constants).
 */
export function fp32Graph(layers: readonly Layer[], expose: readonly string[] = [], takesBytes = false): Buffer {
  const graph = new OnnxGraph();
  if (takesBytes) normaliseInside(graph);
  else graph.input({ name: INPUT, type: 'float32', shape: ['batch', 3, SIDE_PX, SIDE_PX] });
  for (const layer of layers) {
    if (layer.kind === 'conv') {
      const shape = [layer.to, layer.from, layer.kernel, layer.kernel];
      const inputs = [layer.input, graph.floats(shape, layer.weights), graph.floats([layer.to], layer.bias)];
      if (!layer.relu) graph.node('Conv', inputs, convAttributes(layer), layer.output);
      else graph.node('Relu', [graph.node('Conv', inputs, convAttributes(layer))], {}, layer.output);
    } else if (layer.kind === 'add') graph.node('Relu', [graph.node('Add', layer.inputs)], {}, layer.output);
    else if (layer.kind === 'maxPool') graph.node('MaxPool', [layer.input], convAttributes(layer), layer.output);
    else writeHead(graph, layer.input, layer);
  }
  for (const name of expose) graph.output({ name, type: 'float32', shape: ['batch', 'c', 'h', 'w'] });
  return graph.encode();
}
