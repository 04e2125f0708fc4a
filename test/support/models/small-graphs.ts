/** Small graphs that stand for kinds of models: attention, fixed batch, slow, broken outputs. */
import { type Dimension, OnnxGraph } from '../onnx-writer.js';

const SIDE = 224;

function image(graph: OnnxGraph, batch: Dimension, side = SIDE): string {
  return graph.input({ name: 'tiles', type: 'float32', shape: [batch, 3, side, side] });
}

/** A patch embedding and two blocks of single-head self-attention, as a vision transformer has them. */
export function attentionModel(batch: Dimension = 'batch'): Buffer {
  const graph = new OnnxGraph(11);
  const width = 64;
  let x = image(graph, batch);
  x = graph.node('Conv', [x, graph.random([width, 3, 32, 32], 0.03)], { kernel_shape: [32, 32], strides: [32, 32] });
  x = graph.node('Reshape', [x, graph.integers([0, width, -1])]);
  x = graph.node('Transpose', [x], { perm: [0, 2, 1] });
  for (let block = 0; block < 2; block++) {
    const [q, k, v] = [0, 1, 2].map(() => graph.node('MatMul', [x, graph.random([width, width], 0.2)]));
    const keys = graph.node('Transpose', [k as string], { perm: [0, 2, 1] });
    const scores = graph.node('Mul', [graph.node('MatMul', [q as string, keys]), graph.floats([], [0.125])]);
    const attended = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), v as string]);
    x = graph.node('Add', [x, graph.node('MatMul', [attended, graph.random([width, width], 0.2)])]);
    x = graph.node('Tanh', [x]);
  }
  x = graph.node('ReduceMean', [x], { axes: [1], keepdims: 0 });
  graph.node('MatMul', [x, graph.random([width, 1], 0.2)], {}, 'logit');
  graph.output({ name: 'logit', type: 'float32', shape: [batch, 1] });
  return graph.encode();
}

export interface TokenOptions {
  readonly side?: number;
  /** Side of a patch. */
  readonly patch?: number;
  readonly width?: number;
  readonly blocks?: number;
  /** Leading tokens that are no patches: the class token and registers. */
  readonly leading?: number;
  /** Of the output; null: the graph does not say it. */
  readonly shape?: readonly Dimension[] | null;
}

/**
 * A vision transformer that gives all its tokens: patches, a class token and registers before them, places, blocks of
 * attention and of a layer with Tanh, each behind a normalisation.
 */
export function tokenModel(options: TokenOptions = {}): Buffer {
  const { side = 64, patch = 16, width = 24, blocks = 2, leading = 5 } = options;
  const graph = new OnnxGraph(29);
  const patches = (side / patch) ** 2;
  const tokens = leading + patches;
  let x = image(graph, 'batch', side);
  const kernel = { kernel_shape: [patch, patch], strides: [patch, patch] };
  x = graph.node('Conv', [x, graph.random([width, 3, patch, patch], 0.05)], kernel);
  x = graph.node('Transpose', [graph.node('Reshape', [x, graph.integers([0, width, -1])])], { perm: [0, 2, 1] });
  if (leading > 0) {
    const none = graph.node('Mul', [graph.node('ReduceMean', [x], { axes: [1], keepdims: 1 }), graph.floats([], [0])]);
    x = graph.node('Concat', [graph.node('Add', [none, graph.random([1, leading, width], 1)]), x], { axis: 1 });
  }
  x = graph.node('Add', [x, graph.random([1, tokens, width], 0.5)]);
  const weights = (): string => graph.random([width, width], 1 / Math.sqrt(width));
  for (let block = 0; block < blocks; block++) {
    const seen = normalised(graph, x);
    const [q, k, v] = [0, 1, 2].map(() => graph.node('MatMul', [seen, weights()])) as [string, string, string];
    const scores = graph.node('MatMul', [q, graph.node('Transpose', [k], { perm: [0, 2, 1] })]);
    const scaled = graph.node('Mul', [scores, graph.floats([], [1 / Math.sqrt(width)])]);
    const attended = graph.node('MatMul', [graph.node('Softmax', [scaled], { axis: -1 }), v]);
    x = graph.node('Add', [x, graph.node('MatMul', [attended, weights()])]);
    x = graph.node('Add', [x, graph.node('Tanh', [graph.node('MatMul', [normalised(graph, x), weights()])])]);
  }
  graph.node('Identity', [normalised(graph, x)], {}, 'tokens');
  const shape = options.shape === undefined ? ['batch', tokens, width] : options.shape;
  graph.output({ name: 'tokens', type: 'float32', shape: shape ?? ['batch', 'tokens', 'width'] });
  return graph.encode();
}

/** Each token less its mean, by its deviation. */
function normalised(graph: OnnxGraph, x: string): string {
  const means = { axes: [2], keepdims: 1 };
  const centred = graph.node('Sub', [x, graph.node('ReduceMean', [x], means)]);
  const variance = graph.node('ReduceMean', [graph.node('Mul', [centred, centred])], means);
  const deviation = graph.node('Sqrt', [graph.node('Add', [variance, graph.floats([], [1e-6])])]);
  return graph.node('Div', [centred, deviation]);
}

/** The mean of each channel through a linear layer: almost no work. */
export function meanColourModel(batch: Dimension = 'batch', side = SIDE): Buffer {
  const graph = new OnnxGraph(3);
  const x = image(graph, batch, side);
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  graph.node('Gemm', [mean, graph.random([3, 1], 1), graph.floats([1], [0.1])], {}, 'logit');
  graph.output({ name: 'logit', type: 'float32', shape: [batch, 1] });
  return graph.encode();
}

/** The same row for every tile, whatever is on it; `ending` is the operator that the graph ends with, else it is Gemm. */
export function constantModel(row: readonly number[], ending?: string): Buffer {
  const graph = new OnnxGraph(23);
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [image(graph, 'batch', 64)])]);
  const inputs = [
    mean,
    graph.floats([3, row.length], new Float32Array(3 * row.length)),
    graph.floats([row.length], row),
  ];
  if (ending === undefined) graph.node('Gemm', inputs, {}, 'row');
  else graph.node(ending, [graph.node('Gemm', inputs)], {}, 'row');
  graph.output({ name: 'row', type: 'float32', shape: ['batch', row.length] });
  return graph.encode();
}

/** The mean of each channel to many columns, on small tiles: for results with much in them. */
export function wideModel(columns: number, side: number, output = 'features'): Buffer {
  const graph = new OnnxGraph(17);
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [image(graph, 'batch', side)])]);
  graph.node('Gemm', [mean, graph.random([3, columns], 1), graph.random([columns], 1)], {}, output);
  graph.output({ name: output, type: 'float32', shape: ['batch', columns] });
  return graph.encode();
}

/** Repeats a large matrix product, so that one run takes many seconds on any CPU. */
export function slowModel(products: number): Buffer {
  const graph = new OnnxGraph(5);
  const size = 1024;
  const x = image(graph, 'batch');
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  const seed = graph.node('ReduceMean', [mean], { axes: [0, 1], keepdims: 0 });
  let m = graph.node('Mul', [graph.random([size, size], 0.05), seed]);
  const factor = graph.random([size, size], 0.05);
  for (let i = 0; i < products; i++) m = graph.node('Tanh', [graph.node('MatMul', [m, factor])]);
  const sum = graph.node('ReduceMean', [m], { axes: [0, 1], keepdims: 0 });
  const column = graph.node('Gemm', [mean, graph.random([3, 1], 1), graph.floats([1], [0.1])]);
  graph.node('Add', [column, sum], {}, 'logit');
  graph.output({ name: 'logit', type: 'float32', shape: ['batch', 1] });
  return graph.encode();
}

/** A long chain of small nodes. The runtime goes through all of them again and again while it loads: seconds on any CPU. */
export function longLoadingModel(nodes = 60_000): Buffer {
  const graph = new OnnxGraph(19);
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [image(graph, 'batch')])]);
  let value = graph.node('Gemm', [mean, graph.random([3, 1], 1), graph.floats([1], [0.1])]);
  for (let i = 0; i < nodes; i++) value = graph.node(i % 2 === 0 ? 'Neg' : 'Tanh', [value]);
  graph.node('Neg', [value], {}, 'logit');
  graph.output({ name: 'logit', type: 'float32', shape: ['batch', 1] });
  return graph.encode();
}

/** Gives NaN for every tile. */
export function nanModel(): Buffer {
  const graph = new OnnxGraph(9);
  const x = image(graph, 'batch');
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  const zero = graph.node('Sub', [mean, mean]);
  const nan = graph.node('Div', [zero, zero]);
  graph.node('ReduceMean', [nan], { axes: [1], keepdims: 1 }, 'logit');
  graph.output({ name: 'logit', type: 'float32', shape: ['batch', 1] });
  return graph.encode();
}

/** Declares one row per tile, and gives one row for the whole batch. */
export function wrongShapeModel(): Buffer {
  const graph = new OnnxGraph(13);
  const x = image(graph, 'batch');
  const all = graph.node('ReduceMean', [x], { axes: [0, 1, 2, 3], keepdims: 0 });
  graph.node('Reshape', [all, graph.integers([1, 1])], {}, 'logit');
  graph.output({ name: 'logit', type: 'float32', shape: ['batch', 1] });
  return graph.encode();
}
