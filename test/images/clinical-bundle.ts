/** A bundle for images and their metadata: for tests that need its numbers. */
import { writeBundle, type Json } from '../api/support/bundle.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { OnnxGraph } from '../support/onnx-writer.js';

/** Of the image alone, then of the six clinical numbers. */
export const weights = [1, 0.5, -0.25, 2, -2, 0.125, 0.0625];

function joinGraph(): Buffer {
  const graph = new OnnxGraph(5);
  const image = graph.input({ name: 'image', type: 'float32', shape: ['n', 1] });
  const table = graph.input({ name: 'table', type: 'float32', shape: [1, 6] });
  const both = graph.node('Concat', [image, table], { axis: 1 });
  graph.node('MatMul', [both, graph.floats([7, 1], weights)], {}, 'sum');
  graph.output({ name: 'sum', type: 'float32', shape: [1, 1] });
  return graph.encode();
}

/** Reads another head: for the order of heads. */
function halfGraph(): Buffer {
  const graph = new OnnxGraph(6);
  const sum = graph.input({ name: 'sum', type: 'float32', shape: [1, 1] });
  graph.node('Mul', [sum, graph.floats([1, 1], [0.5])], {}, 'half');
  graph.output({ name: 'half', type: 'float32', shape: [1, 1] });
  return graph.encode();
}

export const clinical: readonly Json[] = [
  {
    name: 'age',
    column: 'age_approx',
    type: 'number',
    missing: { rule: 'indicator', unknown: 'missing' },
    mean: 50,
    std: 10,
  },
  {
    name: 'sex',
    column: 'sex',
    type: 'category',
    parse: { categories: ['female', 'male'] },
    missing: { rule: 'value', value: 0, unknown: 'missing' },
  },
  {
    name: 'size',
    column: 'size_mm',
    type: 'number',
    within: { column: 'patient_id', as: 'standardScore' },
    missing: { rule: 'value', value: 0 },
  },
  {
    name: 'lesions',
    column: 'patient_id',
    type: 'number',
    within: { column: 'patient_id', as: 'count' },
    missing: { rule: 'error' },
  },
];

function edit(json: Json): void {
  const inputs = json['inputs'] as { tiles: Json[]; clinical?: readonly Json[] };
  for (const tile of inputs.tiles) {
    delete tile['mpp'];
    Object.assign(tile, { level: 0, imageResize: 'pil-bilinear' });
  }
  inputs.clinical = clinical;
  const of = { from: 'features', encoder: 'classifier', output: 'probability', tensor: 'image' };
  json['select'] = [{ rule: 'all' }];
  json['heads'] = [
    { name: 'alone', method: 'mean', of: { encoder: 'classifier', output: 'probability' } },
    {
      name: 'both',
      method: 'onnx',
      graph: 'join.onnx',
      inputs: [of, { from: 'clinical', tensor: 'table' }],
      outputs: [{ name: 'sum', columns: 1 }],
    },
    {
      name: 'half',
      method: 'onnx',
      graph: 'half.onnx',
      inputs: [{ from: 'head', head: 'both', output: 'sum', tensor: 'sum' }],
      outputs: [{ name: 'half', columns: 1 }],
    },
  ];
  json['outputs'] = [
    { name: 'target', of: 'half', clip: [0, 1], fallback: 0.5 },
    { name: 'alone', of: 'alone' },
    { name: 'sum', of: 'both' },
  ];
}

const files = { 'model.onnx': meanColourModel(), 'join.onnx': joinGraph(), 'half.onnx': halfGraph() };
export const bundle = (change: (json: Json) => void = () => undefined): string =>
  writeBundle({
    files,
    edit: (json) => {
      edit(json);
      change(json);
    },
  });
