/** Graphs that run, with the outlines of `fullGraphs` (test/api/support/full-bundle.ts): a bundle with one of everything. */
import { type Dimension, OnnxGraph } from '../onnx-writer.js';

const SIDE = 64;

function channelMeans(graph: OnnxGraph, shape: readonly Dimension[]): string {
  const pixels = graph.input({ name: 'pixels', type: 'float32', shape: [...shape] });
  return graph.node('Flatten', [graph.node('GlobalAveragePool', [pixels])]);
}

function linear(graph: OnnxGraph, from: string, inputs: number, outputs: number, output?: string): string {
  const parts = [from, graph.random([inputs, outputs], 2), graph.random([outputs], 0.2)];
  return graph.node('Gemm', parts, {}, output);
}

/** A score and eight features of a tile. */
function far(): Buffer {
  const graph = new OnnxGraph(31);
  const features = graph.node('Tanh', [linear(graph, channelMeans(graph, ['n', 3, SIDE, SIDE]), 3, 8)], {}, 'features');
  linear(graph, features, 8, 1, 'score');
  graph.output({ name: 'score', type: 'float32', shape: ['n', 1] });
  graph.output({ name: 'features', type: 'float32', shape: ['n', 8] });
  return graph.encode();
}

/** `side`: of the tile. */
export function vectorGraph(side = SIDE): Buffer {
  const graph = new OnnxGraph(32);
  linear(graph, channelMeans(graph, ['n', 3, side, side]), 3, 4, 'vector');
  graph.output({ name: 'vector', type: 'float32', shape: ['n', 4] });
  return graph.encode();
}

function whole(): Buffer {
  const graph = new OnnxGraph(33);
  linear(graph, channelMeans(graph, [1, 3, 32, 48]), 3, 2, 'logits');
  graph.output({ name: 'logits', type: 'float32', shape: [1, 2] });
  return graph.encode();
}

/**
 * Attention over the tiles: which ones count follows from their features and places. `attention`: the length of what comes
 * out; `other`: one value more than there are tiles.
 */
export function bagGraph(attention: 'tiles' | 'other' = 'tiles'): Buffer {
  const graph = new OnnxGraph(34);
  const features = graph.input({ name: 'features', type: 'float32', shape: ['n', 8] });
  const places = graph.input({ name: 'places', type: 'float32', shape: ['n', 2] });
  const near = graph.node('Mul', [places, graph.floats([1], [0.05])]);
  const scores = linear(graph, graph.node('Concat', [features, near], { axis: 1 }), 10, 1);
  const weights = graph.node('Softmax', [scores], { axis: 0 });
  const flat = graph.node(
    'Reshape',
    [weights, graph.integers([-1])],
    {},
    attention === 'tiles' ? 'attention' : undefined,
  );
  if (attention === 'other') graph.node('Concat', [flat, graph.floats([1], [0])], { axis: 0 }, 'attention');
  const pooled = graph.node('MatMul', [graph.node('Transpose', [weights], { perm: [1, 0] }), features]);
  linear(graph, pooled, 8, 6, 'slide');
  graph.output({ name: 'slide', type: 'float32', shape: [1, 6] });
  graph.output({ name: 'attention', type: 'float32', shape: [attention === 'tiles' ? 'n' : 'm'] });
  return graph.encode();
}

function scannerA(): Buffer {
  const graph = new OnnxGraph(35);
  const slide = graph.input({ name: 'slide', type: 'float32', shape: [1, 6] });
  const clinical = graph.input({ name: 'clinical', type: 'float32', shape: [1, 5] });
  const both = graph.node('Concat', [slide, clinical], { axis: 1 });
  graph.node('Sigmoid', [linear(graph, both, 11, 1)], {}, 'p');
  graph.output({ name: 'p', type: 'float32', shape: [1, 1] });
  return graph.encode();
}

function scannerB(): Buffer {
  const graph = new OnnxGraph(36);
  const slide = graph.input({ name: 'slide', type: 'float32', shape: [1, 6] });
  const tiles = graph.input({ name: 'near', type: 'float32', shape: ['n', 4] });
  const mean = graph.node('ReduceMean', [tiles], { axes: [0], keepdims: 1 });
  const both = graph.node('Concat', [slide, mean], { axis: 1 });
  graph.node('Sigmoid', [linear(graph, both, 10, 1)], {}, 'p');
  linear(graph, both, 10, 3, 'q');
  graph.output({ name: 'p', type: 'float32', shape: [1, 1] });
  graph.output({ name: 'q', type: 'float32', shape: [1, 3] });
  return graph.encode();
}

/** By file name, for `writeFullBundle`. */
export function richGraphs(): Readonly<Record<string, Buffer>> {
  return {
    'far.onnx': far(),
    'near.onnx': vectorGraph(),
    'whole.onnx': whole(),
    'bag.onnx': bagGraph(),
    'scanner-a.onnx': scannerA(),
    'scanner-b.onnx': scannerB(),
  };
}
