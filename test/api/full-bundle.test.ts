/** Bundles in full: what they compile to, and what is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/model/load-model.js';
import type { NativeProgram } from '../../lib/native/program.js';
import { nativeProgram, parseScorerOptions, slideSettings } from '../../lib/options/score-options.js';
import type { ScorerOptions } from '../../lib/options/types.js';
import { rowFallback, possibleFallbacks } from '../../lib/runs/fallback.js';
import type { Json } from './support/bundle.js';
import { failure, writeBundle } from './support/bundle.js';
import { outlineOf, writeFullBundle } from './support/full-bundle.js';

const list = (json: Json, key: string): Json[] => json[key] as Json[];
const at = (json: Json, key: string, index: number): Json => list(json, key)[index] as Json;
const named = (json: Json, key: string, name: string): Json =>
  list(json, key).find((each) => each['name'] === name) as Json;
const input = (json: Json, key: string, index: number): Json =>
  ((json['inputs'] as Json)[key] as Json[])[index] as Json;

const scannerA = { age: '[40:50[', body_site: 'Trunc', scanner: '0.251' };

async function program(
  row: Record<string, string | number | null>,
  options: Partial<ScorerOptions> = {},
  folder = writeFullBundle(),
): Promise<NativeProgram> {
  const model = await loadModel(folder);
  const { slide } = parseScorerOptions({ model, ...options });
  const settings = slideSettings(slide, model);
  return nativeProgram(settings, model, { kind: 'tissue', options: settings.tissue }, row);
}

describe('a bundle with one of everything', () => {
  it('shows all that it reads', async () => {
    const model = await loadModel(writeFullBundle());
    expect(model.inputs.map(({ name, level, mpp, edge }) => [name, level, mpp, edge])).toEqual([
      ['far', 1, null, 'drop'],
      ['near', null, 0.5, 'pad'],
    ]);
    expect(model.input).toBe(model.inputs[0]);
    expect(model.images).toMatchObject([{ name: 'whole', widthPx: 48, heightPx: 32, maxPixels: null }]);
    expect(model.clinical.map(({ column, isRequired }) => [column, isRequired])).toEqual([
      ['age', false],
      ['body_site', false],
    ]);
    expect(model.columns).toEqual(['age', 'body_site', 'scanner']);
    expect(model.graphs).toHaveLength(6);
    expect(model.outputs).toMatchObject([
      { name: 'relapse', fallback: 0.1, fallbackBy: 'scanner' },
      { name: 'far', fallback: 0.4, fallbackBy: null },
    ]);
  });

  it('becomes a program in which every name is an index', async () => {
    const found = await program(scannerA);
    expect(found.tiles).toMatchObject([
      {
        level: 1,
        sizePx: 64,
        edge: 'drop',
        keep: 'fraction',
        minTissueFraction: 0.3,
        maxTiles: 0,
        mask: { kind: 'tissue' },
      },
      { mpp: 0.5, edge: 'pad', keep: 'all', maxTiles: 9, seed: 3, mask: { kind: 'all' } },
    ]);
    expect(found.images).toEqual([
      {
        level: null,
        fit: 'stretch',
        widthPx: 48,
        heightPx: 32,
        maxPixels: 0,
        multipleOf: 1,
        background: [255, 255, 255],
        onBadTile: 'error',
      },
    ]);
    expect(found.encoders.map(({ name, graph, input: of }) => [name, graph, of])).toEqual([
      ['far', 0, 0],
      ['near', 1, 1],
    ]);
    expect(found.select).toEqual([
      { input: 0, kind: 'quality', measure: 'white', min: null, max: 0.5 },
      { input: 0, kind: 'filter', by: { encoder: 0, output: 0, column: 0 }, min: 0.5, max: null },
      { input: 1, kind: 'highest', by: { encoder: 1, output: 0, column: 2 }, count: 5 },
      {
        input: 0,
        kind: 'threshold',
        by: { encoder: 0, output: 0, column: 0 },
        start: 0.9,
        step: 0.1,
        end: 0.2,
        atLeast: 3,
      },
    ]);
    expect(found.outputs).toMatchObject([
      {
        name: 'relapse',
        of: [
          { head: 2, output: 0, column: 0, weight: 2 },
          { head: 0, output: 0, column: 1, weight: 1 },
        ],
        mean: 'logit',
        calibration: { kind: 'temperature', temperature: 1.5 },
      },
      { of: [{ head: 3, output: 0, column: 0, weight: 1 }], mean: 'value' },
    ]);
  });

  it('runs the encoder of a picture first, then what reads it, and only the head that the metadata choose', async () => {
    const found = await program(scannerA);
    expect(found.heads).toMatchObject([
      {
        kind: 'onnx',
        name: 'whole',
        turns: ['identity', 'flipX'],
        inputs: [{ tensor: 'pixels', from: 'image', image: 0 }],
      },
      {
        name: 'bag',
        inputs: [
          { tensor: 'features', from: 'features', encoder: 0, output: 1 },
          { tensor: 'places', from: 'coordinates', input: 0, unit: 'grid', order: 'yx' },
        ],
        outputs: [
          { tensor: 'slide', perTile: false },
          { tensor: 'attention', columns: 1, perTile: true },
        ],
      },
      {
        name: 'scanner-a',
        inputs: [
          { tensor: 'slide', from: 'head', head: 1, output: 0 },
          // The middle of the age, standardised; trunk of three sites; no site is missing.
          { tensor: 'clinical', from: 'clinical', values: Float64Array.of(-0.5, 1, 0, 0, 0) },
        ],
      },
      { kind: 'simple', name: 'far-mean', method: 'mean', of: { encoder: 0, output: 0, column: 0 } },
    ]);
    const other = await program({ ...scannerA, scanner: 'older' });
    expect(other.heads.map(({ name }) => name)).toEqual(['whole', 'bag', 'scanner-b', 'far-mean']);
    // Of another head the output of that name may be at another place.
    expect(other.outputs[0]?.of[0]).toEqual({ head: 2, output: 1, column: 0, weight: 2 });
  });

  it('runs no encoder that only a head reads which was not chosen, unless all tiles are asked for by name', async () => {
    const folder = writeFullBundle((j) => (j['select'] = []));
    expect((await program(scannerA, {}, folder)).encoders.map(({ name }) => name)).toEqual(['far']);
    const chosen = await program({ ...scannerA, scanner: 'old' }, {}, folder);
    expect(chosen.encoders.map(({ name }) => name)).toEqual(['far', 'near']);
    expect(chosen.heads[2]).toMatchObject({ inputs: [{}, { from: 'features', encoder: 1 }] });
  });

  it('keeps a rule for pixels where a head reads the places of the tiles alone', async () => {
    const folder = writeFullBundle(
      (j) => {
        j['select'] = [{ rule: 'quality', measure: 'white', max: 0.5 }];
        named(j, 'heads', 'bag')['inputs'] = [{ from: 'coordinates', unit: 'grid', order: 'yx' }];
        j['outputs'] = [{ name: 'relapse', of: [{ head: 'choice', output: 'p' }] }];
      },
      { 'bag.onnx': outlineOf({ places: ['n', 2] }, { slide: [1, 6], attention: ['n'] }) },
    );
    const found = await program(scannerA, {}, folder);
    expect(found.encoders.map(({ name }) => name)).toEqual(['far']);
    expect(found.select).toMatchObject([{ input: 0, kind: 'quality', measure: 'white' }]);
  });

  it('refuses a rule for pixels that no encoder gets', async () => {
    const folder = writeFullBundle(
      (j) => {
        const tiles = (j['inputs'] as Json)['tiles'] as Json[];
        tiles.push({ name: 'places', size: 64, level: 0 });
        list(j, 'select').push({ rule: 'quality', input: 'places', measure: 'white', max: 0.5 });
        named(j, 'heads', 'bag')['inputs'] = [{ from: 'coordinates', input: 'places', unit: 'grid', order: 'yx' }];
      },
      { 'bag.onnx': outlineOf({ places: ['n', 2] }, { slide: [1, 6], attention: ['n'] }) },
    );
    const { message } = await failure(() => loadModel(folder), 'MODEL_INVALID');
    expect(message).toMatch(/line \d+, \/select\/7: the rule "quality" looks at pixels/);
  });

  it('loads equal graphs once', async () => {
    const same = outlineOf({ slide: [1, 6], clinical: [1, 5] }, { p: [1, 1] });
    const folder = writeFullBundle(
      (j) => {
        const b = named(j, 'heads', 'scanner-b');
        b['inputs'] = named(j, 'heads', 'scanner-a')['inputs'];
        b['outputs'] = [{ name: 'p', columns: 1 }];
      },
      { 'scanner-b.onnx': same, 'scanner-a.onnx': same },
    );
    expect((await loadModel(folder)).graphs).toHaveLength(5);
  });

  it('fails the slide whose metadata no case knows, with the value and the cases', async () => {
    const error = await failure(() => program({ ...scannerA, scanner: '0.5' }), 'CLINICAL_UNKNOWN');
    expect(error.message).toContain('The column "scanner" has the value "0.5"');
    expect(error.message).toContain('0.25, "old", "older"');
    expect((await failure(() => program({ ...scannerA, scanner: '' }), 'CLINICAL_UNKNOWN')).message).toContain(
      'no value',
    );
    await failure(
      () =>
        program({ age: '1', scanner: 'old', body_site: 'elbow' }).then(() =>
          program({ age: '1', scanner: '0.25', body_site: 'elbow' }),
        ),
      'CLINICAL_UNKNOWN',
    );
    const missing = await failure(() => program({ age: null, body_site: null }), 'CLINICAL_MISSING');
    expect(missing.message).toContain('"scanner"');
  });

  it('may have a case for a slide without a value', async () => {
    const folder = writeFullBundle((j) => (((at(j, 'heads', 0)['cases'] as Json[])[1] as Json)['equals'] = ['']));
    for (const scanner of ['', null, 'NA'])
      expect((await program({ ...scannerA, scanner }, {}, folder)).heads[2]?.name).toBe('scanner-b');
  });

  it.each([
    [
      'int64',
      '[0:101[',
      '[40:60[',
      'has the value "[0:101[", of which the feature "age" makes 0.05; the graph takes int64',
    ],
    [
      'float32',
      '1e300',
      '4e38',
      'has the value "1e300", of which the feature "age" makes 1e+299; the graph takes float32',
    ],
  ] as const)('a value that %s cannot hold fails its slide', async (type, age, good, what) => {
    const graph = outlineOf({ slide: [1, 6], clinical: [1, 5] }, { p: [1, 1] }, type);
    const folder = writeFullBundle(undefined, { 'scanner-a.onnx': graph });
    expect((await program({ ...scannerA, age: good }, {}, folder)).heads[2]?.name).toBe('scanner-a');
    const error = await failure(() => program({ ...scannerA, age }, {}, folder), 'CLINICAL_INVALID');
    expect(error.message).toContain(`The column "age" ${what}`);
  });

  it('takes the default head where it declares one', async () => {
    const folder = writeFullBundle((j) => (at(j, 'heads', 0)['default'] = 'scanner-b'));
    expect((await program({ ...scannerA, scanner: 'x' }, {}, folder)).heads[2]?.name).toBe('scanner-b');
  });

  it('has a fallback for each group', async () => {
    const model = await loadModel(writeFullBundle());
    const row = (scanner: string) =>
      ({ metadata: { clinical: { scanner } } }) as unknown as Parameters<ReturnType<typeof rowFallback>>[0];
    const fallback = rowFallback(null, model);
    expect([fallback(row('0.25')), fallback(row('0.26')), fallback({ metadata: null })]).toEqual([0.3, 0.1, 0.1]);
    expect(rowFallback(0.9, model)(row('0.25'))).toBe(0.9);
    expect(possibleFallbacks(null, model)).toEqual([0.1, 0.3]);
  });
});

describe('options', () => {
  it.each<[string, Partial<ScorerOptions>]>([
    ['mpp', { mpp: 1 }],
    ['level', { level: 1 }],
    ['tile', { tile: { size: 32 } }],
    ['keep', { keep: 'all' }],
    ['minTissueFraction', { minTissueFraction: 0.1 }],
    ['tilesPerSlide', { tilesPerSlide: 5 }],
  ])('%s has no one meaning for two grids', async (name, options) => {
    const { message } = await failure(() => program(scannerA, options), 'INVALID_OPTION');
    expect(message).toContain(`The option ${name} was given`);
    expect(message).toContain('2 inputs of tiles (far, near)');
  });
  it('that hold for all grids are taken', async () => {
    const found = await program(scannerA, { seed: 8, onBadTile: 'fill', batchSize: 2 });
    expect(found.tiles).toMatchObject([
      { seed: 8, onBadTile: 'fill' },
      { seed: 8, onBadTile: 'fill' },
    ]);
    expect([found.batchSize, found.images[0]?.onBadTile]).toEqual([2, 'fill']);
  });
  it('mask is refused where one of the inputs takes all tiles', async () => {
    const mask = { type: 'Polygon', coordinates: [] } as const;
    const { message } = await failure(() => program(scannerA, { mask }), 'INVALID_OPTION');
    expect(message).toContain('The option mask was given, but the model test-model takes all tiles of its input near');
    const folder = writeFullBundle((j) => list(j, 'select').splice(1, 1));
    expect((await program(scannerA, { mask }, folder)).tiles).toHaveLength(2);
  });
  it('stopping needs one encoder of tiles and means', async () => {
    const { message } = await failure(() => program(scannerA, { stopping: { halfWidth: 0.1 } }), 'INVALID_OPTION');
    expect(message).toContain('reads pictures of the whole slide');
  });
  it('of tiles are refused by a model that reads none', async () => {
    const folder = writeFullBundle((j) => {
      delete (j['inputs'] as Json)['tiles'];
      j['encoders'] = [named(j, 'encoders', 'whole')];
      delete j['select'];
      j['heads'] = [named(j, 'heads', 'picture')];
      j['outputs'] = [{ name: 'relapse', of: 'picture' }];
    });
    const found = await program({}, {}, folder);
    expect([found.tiles, found.encoders, found.heads.length]).toEqual([[], [], 1]);
    expect((await loadModel(folder)).input).toBeNull();
    for (const options of [{ mpp: 1 }, { mask: { type: 'Polygon', coordinates: [] } }] as const)
      expect((await failure(() => program({}, options, folder), 'INVALID_OPTION')).message).toContain('reads no tiles');
  });
});

describe('what cannot be meant is refused with its line', () => {
  const cases: [string, (j: Json) => void][] = [
    ['there is no tile input "none"', (j) => (at(j, 'select', 0)['input'] = 'none')],
    ['reads other tiles than those of this rule', (j) => (at(j, 'select', 4)['input'] = 'near')],
    ['which has no tiles to choose from', (j) => (at(j, 'select', 4)['by'] = { encoder: 'whole', output: 'classes' })],
    ['the range 0.9 to 0.5 is empty', (j) => Object.assign(at(j, 'select', 4), { min: 0.9, max: 0.5 })],
    ['the lowest threshold 0.95', (j) => (at(j, 'select', 6)['end'] = 0.95)],
    ['more than 1000000 steps', (j) => Object.assign(at(j, 'select', 6), { start: 1, end: 0, step: 1e-7 })],
    ['the fallback 0.4 is outside the range 0.5 to 1', (j) => (at(j, 'outputs', 1)['clip'] = [0.5, 1])],
    ['/cases/0/value: the fallback 0.3 is outside', (j) => (at(j, 'outputs', 0)['clip'] = [0, 0.2])],
    ['/fallback/default: the fallback 0.1 is outside', (j) => (at(j, 'outputs', 0)['clip'] = [0.2, 1])],
    ['there is no head "none"', (j) => (at(j, 'heads', 0)['default'] = 'none')],
    ['heads read one another in a circle: choice -> choice', (j) => (at(j, 'heads', 0)['default'] = 'choice')],
    [
      'heads read one another in a circle',
      (j) =>
        ((named(j, 'heads', 'bag')['inputs'] as Json[])[1] as Json) &&
        (named(j, 'heads', 'bag')['inputs'] as Json[]).push({
          tensor: 'more',
          from: 'head',
          head: 'choice',
          output: 'p',
        }),
    ],
    ['has a case already', (j) => (((at(j, 'heads', 0)['cases'] as Json[])[1] as Json)['equals'] = ['old', 0.25])],
    [
      'the head "scanner-a" has no output "q"',
      (j) => (((at(j, 'outputs', 0)['of'] as Json[])[0] as Json)['output'] = 'q'),
    ],
    ['column 1 of 1 of the head "scanner-', (j) => (((at(j, 'outputs', 0)['of'] as Json[])[0] as Json)['column'] = 1)],
    [
      'gives one value; output and column are for ONNX heads',
      (j) => (((at(j, 'outputs', 0)['of'] as Json[])[1] as Json)['column'] = 0),
    ],
    [
      'has one value for each tile, and not one row',
      (j) => (at(j, 'outputs', 1)['of'] = [{ head: 'bag', output: 'attention' }]),
    ],
    ['is taken with the method "mean"', (j) => (named(j, 'heads', 'picture')['method'] = 'max')],
    [
      'there is no clinical feature "none"',
      (j) => (((named(j, 'heads', 'scanner-a')['inputs'] as Json[])[1] as Json)['features'] = ['none']),
    ],
    ['there are no clinical features', (j) => delete (j['inputs'] as Json)['clinical']],
    [
      'the tensor "slide" has an input already',
      (j) => (((named(j, 'heads', 'scanner-a')['inputs'] as Json[])[1] as Json)['tensor'] = 'slide'),
    ],
    ['each needs a tensor', (j) => delete ((named(j, 'heads', 'scanner-a')['inputs'] as Json[])[1] as Json)['tensor']],
    [
      'with perTile there is one value for each tile',
      (j) => (((named(j, 'heads', 'bag')['outputs'] as Json[])[1] as Json)['columns'] = 2),
    ],
    [
      'so that it has no value for each',
      (j) => (((named(j, 'heads', 'scanner-a')['outputs'] as Json[])[0] as Json)['perTile'] = true),
    ],
    ['the name "far" is used twice', (j) => (input(j, 'images', 0)['name'] = 'far')],
    [
      'nothing reads "spare"',
      (j) => ((j['inputs'] as Json)['tiles'] as Json[]).push({ name: 'spare', size: 64, level: 0 }),
    ],
    ['needs parse.categories', (j) => delete input(j, 'clinical', 1)['parse']],
    ['encoding is oneHot', (j) => (input(j, 'clinical', 1)['std'] = 2)],
    ['the rule "value" needs a value', (j) => (input(j, 'clinical', 0)['missing'] = { rule: 'value' })],
    ['is not one of the categories', (j) => (input(j, 'clinical', 1)['missing'] = { rule: 'category', category: 'x' })],
    [
      '"NA" is what a table has for no value',
      (j) => (input(j, 'clinical', 1)['parse'] = { categories: ['trunk', 'NA'] }),
    ],
    ['" arm" starts or ends', (j) => (input(j, 'clinical', 1)['parse'] = { categories: ['trunk', ' arm'] })],
    ['"n/a" is what a table has for no value', (j) => (input(j, 'clinical', 1)['synonyms'] = { 'n/a': 'leg' })],
    ['"ARMS" is there twice', (j) => (input(j, 'clinical', 1)['synonyms'] = { arms: 'arm', ARMS: 'leg' })],
    ['"foot" is not one of the categories', (j) => (input(j, 'clinical', 1)['synonyms'] = { toe: 'foot' })],
    [
      '"nan" is what a table has for no value',
      (j) =>
        Object.assign(input(j, 'clinical', 1), {
          type: 'boolean',
          parse: { true: ['yes'], false: ['nan'] },
          synonyms: {},
        }),
    ],
    [
      '"NaN" is what a table has for no value',
      (j) => (((at(j, 'heads', 0)['cases'] as Json[])[1] as Json)['equals'] = ['old', 'NaN']),
    ],
    ['"old " starts or ends', (j) => (((at(j, 'heads', 0)['cases'] as Json[])[1] as Json)['equals'] = ['old '])],
    ['"TRUNK" is there twice', (j) => (input(j, 'clinical', 1)['parse'] = { categories: ['trunk', 'TRUNK'] })],
    [
      'is for the type "interval", not "category"',
      (j) => ((input(j, 'clinical', 1)['parse'] as Json)['intervalValue'] = 'lower'),
    ],
    ['must not name the same item twice', (j) => (named(j, 'encoders', 'whole')['turns'] = ['flipX', 'flipX'])],
  ];
  it.each(cases)('%s', async (what, edit) => {
    const { message } = await failure(() => loadModel(writeFullBundle(edit)), 'MODEL_INVALID');
    expect(message).toContain(what);
    expect(message).toMatch(/line \d+, \//);
  });

  it('lists in lists', async () => {
    const text = `{"inputs": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const { message } = await failure(() => loadModel(writeBundle({ text })), 'MODEL_INVALID');
    expect(message).toContain('nested more than 64 deep');
  });

  it('names the line', async () => {
    const folder = writeFullBundle((j) => (at(j, 'heads', 0)['default'] = 'nobody'));
    const lines = readFileSync(join(folder, 'microtome.json'), 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes('"nobody"')) + 1;
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain(
      `line ${line}, /heads/0/default: there is no head "nobody"`,
    );
  });
});

describe('graphs that are not the declared ones', () => {
  const cases: [string, string, Record<string, Buffer>][] = [
    [
      '/heads/2',
      'the input "clinical" is declared, but the graph has "slide"',
      { 'scanner-a.onnx': outlineOf({ slide: [1, 6] }, { p: [1, 1] }) },
    ],
    [
      '/heads/2',
      'nothing is declared for it',
      { 'scanner-a.onnx': outlineOf({ slide: [1, 6], clinical: [1, 5], more: [1] }, { p: [1, 1] }) },
    ],
    [
      '/heads/2',
      'the clinical vector has 5 columns, but',
      { 'scanner-a.onnx': outlineOf({ slide: [1, 6], clinical: [1, 4] }, { p: [1, 1] }) },
    ],
    [
      '/heads/2',
      'the row of "bag" has 6 columns, but',
      { 'scanner-a.onnx': outlineOf({ slide: [1, 7], clinical: [1, 5] }, { p: [1, 1] }) },
    ],
    [
      '/heads/2',
      'gives 2 values, but 1 are declared',
      { 'scanner-a.onnx': outlineOf({ slide: [1, 6], clinical: [1, 5] }, { p: [1, 2] }) },
    ],
    [
      '/heads/2',
      'is one row for the slide',
      { 'scanner-a.onnx': outlineOf({ slide: [4, 6], clinical: [1, 5] }, { p: [1, 1] }) },
    ],
    [
      '/heads/1',
      'the output "features" of "far" has 8 columns, but',
      { 'bag.onnx': outlineOf({ features: ['n', 9], places: ['n', 2] }, { slide: [1, 6], attention: ['n'] }) },
    ],
    [
      '/heads/1',
      'has as many rows as a slide has tiles',
      { 'bag.onnx': outlineOf({ features: [16, 8], places: ['n', 2] }, { slide: [1, 6], attention: ['n'] }) },
    ],
    [
      '/heads/1',
      'one for each tile is declared',
      { 'bag.onnx': outlineOf({ features: ['n', 8], places: ['n', 2] }, { slide: [1, 6], attention: [1] }) },
    ],
    [
      '/encoders/1',
      'declared as 32 pixels high, but',
      { 'whole.onnx': outlineOf({ pixels: [1, 3, 48, 48] }, { logits: [1, 2] }) },
    ],
    ['/encoders/1', 'takes 4 images', { 'whole.onnx': outlineOf({ pixels: [4, 3, 32, 48] }, { logits: [4, 2] }) }],
    [
      '/encoders/2',
      'gives 5 values for each tile, but 4 are declared',
      { 'near.onnx': outlineOf({ pixels: ['n', 3, 64, 64] }, { vector: ['n', 5] }) },
    ],
  ];
  it('whose names have line breaks and escape codes: none of it gets into the message', async () => {
    const graph = outlineOf({ slide: [1, 6], 'a\n\u001b[31mb': [1, 5] }, { p: [1, 1] });
    const { message } = await failure(
      () => loadModel(writeFullBundle(undefined, { 'scanner-a.onnx': graph })),
      'MODEL_MISMATCH',
    );
    expect(message).toContain('"a\\u000a\\u001b[31mb"');
    expect(message).not.toMatch(/\p{Cc}/u);
  });
  it.each(cases)('%s: %s', async (place, what, graphs) => {
    const { message } = await failure(() => loadModel(writeFullBundle(undefined, graphs)), 'MODEL_MISMATCH');
    expect(message).toContain(what);
    expect(message).toMatch(new RegExp(`microtome\\.json line \\d+, ${place}: `));
  });
});
