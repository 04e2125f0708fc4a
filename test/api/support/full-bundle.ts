/** A bundle with one of everything: two scales, a picture, clinical values, rules, heads that are graphs, a choice of heads. */
import { OnnxGraph } from '../../support/onnx-writer.js';
import type { Dimension, ElementType } from '../../support/onnx-writer.js';
import type { Json } from './bundle.js';
import { writeBundle } from './bundle.js';

type Shapes = Readonly<Record<string, readonly Dimension[]>>;

/** A graph of which only the outline is read: it has these inputs and outputs, and cannot run. */
export function outlineOf(inputs: Shapes, outputs: Shapes, type: ElementType = 'float32'): Buffer {
  const graph = new OnnxGraph();
  const names = Object.entries(inputs).map(([name, shape]) => graph.input({ name, type, shape }));
  for (const [name, shape] of Object.entries(outputs)) {
    graph.node('Identity', [names[0] as string], {}, name);
    graph.output({ name, type, shape });
  }
  return graph.encode();
}

const pixels = { pixels: ['n', 3, 64, 64] };

/** By file name. Other bytes under a name make another bundle. */
export const fullGraphs: Readonly<Record<string, Buffer>> = {
  'far.onnx': outlineOf(pixels, { score: ['n', 1], features: ['n', 8] }),
  'near.onnx': outlineOf(pixels, { vector: ['n', 4] }),
  'whole.onnx': outlineOf({ pixels: [1, 3, 32, 48] }, { logits: [1, 2] }),
  'bag.onnx': outlineOf({ features: ['n', 8], places: ['n', 2] }, { slide: [1, 6], attention: ['n'] }),
  'scanner-a.onnx': outlineOf({ slide: [1, 6], clinical: [1, 5] }, { p: [1, 1] }),
  'scanner-b.onnx': outlineOf({ slide: [1, 6], near: ['n', 4] }, { p: [1, 1], q: [1, 3] }),
};

export const clinicalJson: readonly Json[] = [
  { name: 'age', column: 'age', type: 'interval', missing: { rule: 'value', value: 60 }, mean: 50, std: 10 },
  {
    name: 'site',
    column: 'body_site',
    type: 'category',
    parse: { categories: ['trunk', 'arm', 'leg'] },
    synonyms: { trunc: 'trunk' },
    missing: { rule: 'indicator' },
  },
];

function parts(): Json {
  return {
    inputs: {
      tiles: [
        { name: 'far', size: 64, level: 1, edge: 'drop' },
        { name: 'near', size: 64, mpp: 0.5 },
      ],
      images: [{ name: 'whole', mode: 'fixed', width: 48, height: 32, fit: 'stretch' }],
      clinical: structuredClone(clinicalJson),
    },
    encoders: [
      {
        name: 'far',
        graph: 'far.onnx',
        input: { from: 'far' },
        outputs: [
          { name: 'score', columns: 1, activation: 'sigmoid' },
          { name: 'features', columns: 8 },
        ],
      },
      {
        name: 'whole',
        graph: 'whole.onnx',
        input: { from: 'whole' },
        turns: ['identity', 'flipX'],
        outputs: [{ name: 'classes', tensor: 'logits', columns: 2, activation: 'softmax' }],
      },
      { name: 'near', graph: 'near.onnx', input: { from: 'near' }, outputs: [{ name: 'vector', columns: 4 }] },
    ],
    select: [
      { rule: 'tissueFraction', min: 0.3 },
      { rule: 'all', input: 'near' },
      { rule: 'cap', input: 'near', count: 9, seed: 3 },
      { rule: 'quality', measure: 'white', max: 0.5 },
      { rule: 'filter', by: { encoder: 'far', output: 'score' }, min: 0.5 },
      { rule: 'highest', input: 'near', by: { encoder: 'near', output: 'vector', column: 2 }, count: 5 },
      { rule: 'threshold', by: { encoder: 'far', output: 'score' }, start: 0.9, step: 0.1, end: 0.2, atLeast: 3 },
    ],
    heads: [
      {
        name: 'choice',
        method: 'choose',
        column: 'scanner',
        cases: [
          { equals: [0.25], tolerance: 0.01, head: 'scanner-a' },
          { equals: ['old', 'older'], head: 'scanner-b' },
        ],
      },
      {
        name: 'bag',
        method: 'onnx',
        graph: 'bag.onnx',
        inputs: [
          { tensor: 'features', from: 'features', encoder: 'far', output: 'features' },
          { tensor: 'places', from: 'coordinates', unit: 'grid', order: 'yx' },
        ],
        outputs: [
          { name: 'slide', columns: 6 },
          { name: 'attention', columns: 1, perTile: true },
        ],
      },
      {
        name: 'scanner-a',
        method: 'onnx',
        graph: 'scanner-a.onnx',
        inputs: [
          { tensor: 'slide', from: 'head', head: 'bag' },
          { tensor: 'clinical', from: 'clinical' },
        ],
        outputs: [{ name: 'p', columns: 1 }],
      },
      {
        name: 'scanner-b',
        method: 'onnx',
        graph: 'scanner-b.onnx',
        inputs: [
          { tensor: 'slide', from: 'head', head: 'bag', output: 'slide' },
          { tensor: 'near', from: 'features', encoder: 'near', output: 'vector' },
        ],
        outputs: [
          { name: 'q', columns: 3 },
          { name: 'p', columns: 1 },
        ],
      },
      { name: 'picture', method: 'mean', of: { encoder: 'whole', output: 'classes', column: 1 } },
      { name: 'far-mean', method: 'mean', of: { encoder: 'far', output: 'score' } },
    ],
    outputs: [
      {
        name: 'relapse',
        of: [{ head: 'choice', output: 'p', weight: 2 }, { head: 'picture' }],
        mean: 'logit',
        calibration: { method: 'temperature', temperature: 1.5 },
        fallback: { column: 'scanner', cases: [{ equals: [0.25], value: 0.3 }], default: 0.1 },
      },
      { name: 'far', of: 'far-mean', fallback: 0.4 },
    ],
  };
}

/** Writes it, with something changed, and gives the folder. */
export function writeFullBundle(
  edit: (json: Json) => void = () => undefined,
  graphs: Readonly<Record<string, Buffer>> = {},
): string {
  return writeBundle({
    files: { ...fullGraphs, ...graphs },
    edit: (json) => {
      Object.assign(json, parts());
      edit(json);
    },
  });
}
