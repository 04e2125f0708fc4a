/** A perceptron on rows of features: what it reads are its weights, so that one run of many rows costs little more than of one. */
import { OnnxGraph, type Dimension } from '../../test/support/onnx-writer.js';

export const FEATURES = 2048;
const HIDDEN = 4096;

export function perceptron(batch: Dimension = 'batch'): Buffer {
  const graph = new OnnxGraph(29);
  const layer = (input: string, from: number, to: number, output?: string): string =>
    graph.node('Gemm', [input, graph.random([from, to], 1 / Math.sqrt(from)), graph.random([to], 0.1)], {}, output);
  let x = graph.input({ name: 'features', type: 'float32', shape: [batch, FEATURES] });
  x = graph.node('Relu', [layer(x, FEATURES, HIDDEN)]);
  x = graph.node('Relu', [layer(x, HIDDEN, HIDDEN)]);
  layer(x, HIDDEN, 1, 'logit');
  graph.output({ name: 'logit', type: 'float32', shape: [batch, 1] });
  return graph.encode();
}
