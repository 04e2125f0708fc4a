/** What a caller gets of a bundle with several inputs: tables, reads, selection, columns of heads and of quality. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { loadModel } from '../../lib/model/load-model.js';
import { specOf } from '../../lib/model/spec.js';
import type { NativeScoreResult, NativeTileTable } from '../../lib/native/contract.js';
import { hasAttention, hasHeat, tileRows } from '../../lib/outputs/tile-rows.js';
import { featureOutputOf } from '../../lib/outputs/embed/encode.js';
import type { FeatureSettings } from '../../lib/outputs/embed/embed-options.js';
import { parseFileOptions } from '../../lib/outputs/file-options.js';
import { withFileWarnings, writeFiles, type FileMaker } from '../../lib/outputs/slide-files.js';
import { parseScorerOptions } from '../../lib/options/score-options.js';
import type { SlideFileOptions } from '../../lib/options/types.js';
import { scoreSlide } from '../../lib/outputs/score-slide.js';
import { createScorer } from '../../lib/scoring/scorer.js';
import { planSlide } from '../../lib/scoring/plan-slide.js';
import type { Json } from './support/bundle.js';
import { failure } from './support/bundle.js';
import { FakeAddon, FakeEngine, scoreResult } from './support/fake-addon.js';
import { writeFullBundle } from './support/full-bundle.js';

let addon: FakeAddon;
vi.mock('../../lib/native/addon.js', () => ({
  loadAddon: async () => addon,
  nameOnnxRuntime: () => undefined,
  openslideNamed: () => undefined,
}));

const folder = writeFullBundle();
const clinical = { age: '40', body_site: 'arm', scanner: 0.25 };

const table = (more: Partial<NativeTileTable>): NativeTileTable => ({
  ...(scoreResult.tables[0] as NativeTileTable),
  ...more,
});
const quality = {
  sharpness: Float64Array.of(7, 8),
  white: Float64Array.of(0.1, 0.2),
  black: Float64Array.of(0, 0),
  grey: Float64Array.of(0, 0),
  pen: Float64Array.of(0, 0),
};

/** Of the program that the metadata above make: encoders far and near, heads whole, bag, scanner-a, far-mean. */
const found: NativeScoreResult = {
  ...scoreResult,
  tables: [
    table({
      outputs: [
        { encoder: 0, name: 'score', columns: 1, values: Float64Array.of(0.25, 0.75) },
        { encoder: 0, name: 'features', columns: 2, values: Float64Array.of(1, 2, 3, 4) },
      ],
      heads: [{ head: 1, name: 'bag', values: Float64Array.of(0.4, 0.6) }],
      quality,
      leftByRule: [5, 4, 2],
    }),
    table({
      tiles: 3,
      keptTiles: 30,
      outputs: [{ encoder: 1, name: 'vector', columns: 1, values: Float64Array.of(7, 8, 9) }],
      leftByRule: [3],
    }),
  ],
  outputs: [
    { name: 'relapse', value: 0.5, unclipped: 0.5 },
    { name: 'far', value: 0.25, unclipped: 0.25 },
  ],
};

beforeEach(async () => {
  addon = new FakeAddon();
  const { graphs, headGraphs } = specOf(await loadModel(folder));
  addon.engine = new FakeEngine(graphs, headGraphs);
  addon.engine.result = found;
});

describe('a result of several inputs', () => {
  it('has the tables of all, and the first one by itself', async () => {
    const result = await scoreSlide('/a.tif', { model: folder, clinical, tiles: true });
    expect(Object.keys(result.tables ?? {})).toEqual(['far', 'near']);
    expect(result.tiles).toBe(result.tables?.['far']);
    expect(result.tables?.['near']?.outputs).toMatchObject({ vector: { values: Float64Array.of(7, 8, 9) } });
    expect(result.tiles?.outputs).toMatchObject({
      score: { values: Float64Array.of(0.25, 0.75) },
      features: { columns: 2 },
      attention: { columns: 1, values: Float64Array.of(0.4, 0.6) },
    });
    expect([result.tiles?.quality?.['sharpness'], result.tables?.['near']?.quality]).toEqual([quality.sharpness, null]);
    expect(JSON.parse(JSON.stringify(result)).tables.far.outputs.attention.values).toEqual([0.4, 0.6]);
  });

  it('says what each rule left, in the order of the rules, and what was read of each input', async () => {
    const result = await scoreSlide('/a.tif', { model: folder, clinical });
    expect(result.selection).toEqual([
      { input: 'far', rule: 'quality', left: 5 },
      { input: 'far', rule: 'filter', left: 4 },
      { input: 'near', rule: 'highest', left: 3 },
      { input: 'far', rule: 'threshold', left: 2 },
    ]);
    expect(Object.keys(result.reads)).toEqual(['far', 'near']);
    expect(result.read).toEqual(result.reads['far']);
    // A cap is a sample; what rules leave is none.
    expect(result.reads['far']?.sampled).toBeNull();
    expect(result.reads['near']?.sampled).toEqual({ tiles: 9, of: 30, reason: 'model', seed: 3 });
    expect([result.tileCount, result.colour, 'tables' in result]).toEqual([5, null, false]);
    expect(Object.keys(result.outputs)).toEqual(['relapse', 'far']);
  });

  it('takes the first input by its name, also where the names are numbers', async () => {
    const model = writeFullBundle((json) => {
      const text = JSON.stringify(json).replaceAll('"far"', '"40"').replaceAll('"near"', '"10"');
      Object.assign(json, JSON.parse(text.replace('"tensor":"10"', '"tensor":"near"')));
    });
    const result = await scoreSlide('/a.tif', { model, clinical, tiles: true });
    expect(result.reads['40']).toMatchObject({ sampled: null });
    expect(result.read).toBe(result.reads['40']);
    expect(result.tiles).toBe(result.tables?.['40']);
    const plan = await planSlide('/a.tif', { model, clinical });
    expect(plan.read).toBe(plan.reads['40']);
  });

  it('counts the tiles of the inputs that the score reads', async () => {
    const model = writeFullBundle((json) => {
      json['outputs'] = [{ name: 'relapse', of: 'far-mean', fallback: 0.4 }];
      json['select'] = [];
    });
    expect((await scoreSlide('/a.tif', { model, clinical })).tileCount).toBe(2);
  });

  it('fails before the slide is opened where the clinical values are wrong, and names the slide', async () => {
    const error = await failure(
      () => scoreSlide('/a.tif', { model: folder, clinical: { ...clinical, age: 'x' } }),
      'CLINICAL_INVALID',
    );
    expect([error.path, addon.opened]).toEqual(['/a.tif', []]);
    expect((await failure(() => planSlide('/a.tif', { model: folder }), 'CLINICAL_MISSING')).message).toContain(
      'no clinical values were given',
    );
  });

  it('says which colour was applied', async () => {
    const reference = {
      stains: [
        [0.6, 0.7, 0.3],
        [0.2, 0.9, 0.3],
      ],
      concentrations: [1.9, 1],
    };
    const model = writeFullBundle((j: Json) => {
      (j['inputs'] as Json)['colour'] = { icc: true, stain: { method: 'macenko', seed: 4, reference } };
    });
    const result = await scoreSlide('/a.tif', { model, clinical });
    expect(result.colour).toEqual({ icc: true, stain: { method: 'macenko', seed: 4 } });
    expect(addon.engine.asked[0]?.colour?.stain?.reference).toEqual(
      Float64Array.of(0.6, 0.7, 0.3, 0.2, 0.9, 0.3, 1.9, 1),
    );
  });
});

describe('files of the tiles', () => {
  it('have a column for each output, the attention of heads, and the measures of quality', async () => {
    const model = await loadModel(folder);
    const rows = tileRows(await scoreSlide('/a.tif', { model, clinical, tiles: true }), model);
    expect(rows.columns.map(({ name }) => name)).toEqual([
      'score',
      'features_0',
      'features_1',
      'attention',
      'sharpness',
      'white',
      'black',
      'grey',
      'pen',
    ]);
    expect([hasAttention(model), hasHeat(model), rows.attentionColumn]).toEqual([true, true, 3]);
    // The score is made by a graph of all tiles: its attention is what a heat map shows.
    expect(rows.scoreColumn).toBe(3);
    expect(rows.columns.map(({ range }) => range).slice(3, 6)).toEqual([null, null, [0, 1]]);
  });

  it('have no heat map of what is a part of the score, or the attention of a head of another output', async () => {
    const both = writeFullBundle((j) => {
      j['outputs'] = [{ name: 'relapse', of: [{ head: 'far-mean' }, { head: 'picture' }], fallback: 0.4 }];
    });
    const other = writeFullBundle((j) => {
      j['outputs'] = [
        { name: 'relapse', of: [{ head: 'far-mean' }, { head: 'picture' }], fallback: 0.4 },
        { name: 'looked', of: [{ head: 'choice', output: 'p' }], fallback: 0.4 },
      ];
    });
    for (const path of [both, other]) {
      const model = await loadModel(path);
      expect(hasHeat(model)).toBe(false);
      const rows = tileRows(await scoreSlide('/a.tif', { model, clinical, tiles: true }), model);
      expect(rows.scoreColumn).toBe(-1);
    }
  });

  it('are left out with a warning where the chosen head has no attention, and the score stays', async () => {
    const model = await loadModel(folder);
    const scored = await scoreSlide('/a.tif', { model, clinical, tiles: true });
    const rows = { ...tileRows(scored, model), scoreColumn: -1, attentionColumn: -1 };
    const prepared = {
      place: { name: '/a.tif', at: '/a.tif' },
      parts: { slide: null, thumbnail: null, mask: null },
      rows,
    };
    const makerOf = (options: SlideFileOptions): FileMaker => ({
      options: parseFileOptions(options),
      model,
      slide: parseScorerOptions({ model }).slide,
    });
    const texts = (options: SlideFileOptions): readonly string[] =>
      withFileWarnings(scored, makerOf(options), prepared).warnings.slice(scored.warnings.length);
    const ofFirst = 'the files of the tiles have the tiles of its first tile input (far) alone';
    expect(texts({ heatmap: 'h', attention: 'a' })).toEqual([
      expect.stringMatching(/heatmap.*made from no single column/),
      expect.stringMatching(/attention.*gives no attention/),
      ofFirst,
    ]);
    expect(texts({ outputFolder: 'all' })).toEqual([ofFirst]);
    // Nothing is left to be written.
    expect(await writeFiles(makerOf({ heatmap: 'h', attention: 'a' }), prepared)).toEqual([]);
  });

  it('cannot be drawn of a score that is made from no column of the tiles', async () => {
    const plain = writeFullBundle((j) => {
      const bag = (j['heads'] as Json[]).find(({ name }) => name === 'bag') as Json;
      (bag['outputs'] as Json[]).pop();
    });
    const model = await loadModel(plain);
    expect([hasAttention(model), hasHeat(model)]).toEqual([false, false]);
    const { message } = await failure(
      () => scoreSlide('/a.tif', { model, clinical, heatmap: '/tmp/none' }),
      'INVALID_OPTION',
    );
    expect(message).toContain('is made from no single column of the tiles of its first tile input (far)');
  });
});

it('features are those of the first tile input, and an output of another one is refused as such', async () => {
  const scorer = await createScorer({ model: folder });
  const asked = { type: 'float32', output: 'near.vector', pool: null, poolSkip: null } as unknown as FeatureSettings;
  const { message } = await failure(() => featureOutputOf(scorer, asked), 'INVALID_OPTION');
  expect(message).toContain(
    'for the tiles of its first tile input (far) the model has the outputs "score", "features"',
  );
  await scorer.close();
});
