/** A network as an ONNX graph in single precision. */
import { OnnxGraph } from '../../test/support/onnx-writer.js';
import { INPUT, OUTPUT, SIDE_PX, type Conv, type Head, type Layer, type MaxPool } from './network.js';

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

/** `expose`: intermediate tensors that become outputs too, for calibration. */
export function fp32Graph(layers: readonly Layer[], expose: readonly string[] = []): Buffer {
  const graph = new OnnxGraph();
  graph.input({ name: INPUT, type: 'float32', shape: ['batch', 3, SIDE_PX, SIDE_PX] });
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
