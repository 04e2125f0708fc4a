/** Heads that the metadata choose, on real slides: an encoder that no chosen head reads is not run, and nothing is missing for it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createScorer, planSlide, type Scorer } from '../../lib/index.js';
import { outlineOf } from '../api/support/full-bundle.js';
import { meanColourModel, wideModel } from '../support/models/small-graphs.js';
import { OnnxGraph } from '../support/onnx-writer.js';
import { writeSlide } from '../support/slides.js';

const folder = mkdtempSync(join(tmpdir(), 'microtome-chosen-'));
const slide = join(folder, 'slide.tif');
let scorer: Scorer;

function meanPlace(): Buffer {
  const graph = new OnnxGraph();
  const places = graph.input({ name: 'places', type: 'float32', shape: ['n', 2] });
  graph.node('ReduceMean', [places], { axes: [0], keepdims: 1 }, 'mean');
  graph.output({ name: 'mean', type: 'float32', shape: [1, 2] });
  return graph.encode();
}

beforeAll(async () => {
  await writeSlide(slide, { width: 1500, height: 1200, seed: 4, tissueShare: 0.4 });
  const files = {
    'coarse.onnx': meanColourModel(),
    'fine.onnx': wideModel(3, 224),
    'places.onnx': meanPlace(),
    'age.onnx': outlineOf({ clinical: [1, 1] }, { p: [1, 1] }),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const columns = (encoder: string, output: string) => ({ encoder, output, column: 0 });
  const bundle = {
    formatVersion: 1,
    name: 'chosen',
    inputs: {
      tiles: [
        { name: 'coarse', size: 224, level: 1 },
        { name: 'fine', size: 224, level: 0 },
      ],
      clinical: [{ name: 'age', column: 'age', type: 'number', missing: { rule: 'error' } }],
    },
    encoders: [
      { name: 'coarse', graph: 'coarse.onnx', input: { from: 'coarse' }, outputs: [{ name: 'logit', columns: 1 }] },
      { name: 'fine', graph: 'fine.onnx', input: { from: 'fine' }, outputs: [{ name: 'features', columns: 3 }] },
    ],
    select: [{ rule: 'quality', input: 'fine', measure: 'white', max: 1 }],
    heads: [
      { name: 'coarse', method: 'mean', of: columns('coarse', 'logit') },
      { name: 'fine', method: 'max', of: columns('fine', 'features') },
      {
        name: 'age',
        method: 'onnx',
        graph: 'age.onnx',
        inputs: [{ from: 'clinical' }],
        outputs: [{ name: 'p', columns: 1 }],
      },
      {
        name: 'places',
        method: 'onnx',
        graph: 'places.onnx',
        inputs: [{ from: 'coordinates', input: 'fine', unit: 'grid', order: 'xy' }],
        outputs: [{ name: 'mean', columns: 2 }],
      },
      {
        name: 'choice',
        method: 'choose',
        column: 'kind',
        cases: ['coarse', 'fine', 'age', 'places'].map((name) => ({ equals: [name], head: name })),
      },
    ],
    outputs: [{ name: 'score', of: 'choice', clip: null }],
    files: Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
    ),
    card: { licence: 'Apache-2.0', intendedUse: 'tests' },
  };
  writeFileSync(join(folder, 'microtome.json'), JSON.stringify(bundle));
  scorer = await createScorer({ model: folder });
});
afterAll(async () => {
  await scorer?.close();
  rmSync(folder, { recursive: true, force: true });
});

const score = (kind: string, tiles = true) => scorer.score(slide, { clinical: { kind, age: '61' }, tiles });

it.each(['coarse', 'fine'])('%s: only its encoder is run', async (kind) => {
  const { tables, score: value } = await score(kind);
  const other = kind === 'coarse' ? 'fine' : 'coarse';
  expect(Object.keys(tables?.[kind]?.outputs ?? {})).toHaveLength(1);
  expect(tables?.[other]?.outputs).toEqual({});
  const [output] = Object.values(tables?.[kind]?.outputs ?? {});
  const { columns = 1, values = new Float64Array() } = output ?? {};
  const own = values.filter((_, i) => i % columns === 0);
  const expected = kind === 'fine' ? Math.max(...own) : own.reduce((sum, each) => sum + each, 0) / own.length;
  expect(value).toBeCloseTo(expected, 6);
});

it('the same scores come without the tables', async () => {
  for (const kind of ['coarse', 'fine']) expect((await score(kind, false)).score).toBe((await score(kind)).score);
});

it('a score of clinical values alone', async () => {
  const { score: value, selection, timings, tileCount } = await score('age', false);
  expect(value).toBe(61);
  expect([selection, tileCount]).toEqual([[], 0]);
  expect(timings.stages.find(({ stage }) => stage === 'decode')?.items ?? 0).toBe(0);
});

it('a plan counts the tiles of both inputs, a score those that it is made from', async () => {
  const { tables, tileCount } = await score('fine');
  const { tiles } = await planSlide(slide, { model: folder, clinical: { kind: 'fine', age: 1 } });
  const counts = Object.values(tables ?? {}).map(({ count }) => count);
  expect(tiles).toBe(counts.reduce((sum, count) => sum + count, 0));
  expect(tileCount).toBe(tables?.['fine']?.count);
});

it('a rule for pixels holds where only the places of the tiles are read', async () => {
  const { selection, score: value, tileCount } = await score('places', false);
  expect(selection).toMatchObject([{ input: 'fine', rule: 'quality' }]);
  expect(tileCount).toBeGreaterThan(0);
  expect(value).toBeGreaterThan(0);
});
