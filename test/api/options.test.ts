import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/model/load-model.js';
import { nearest } from '../../lib/core/near-miss.js';
import { defaults } from '../../lib/options/defaults.js';
import { parseModelOptions } from '../../lib/options/model-options.js';
import {
  nativeProgram,
  parseScorerOptions,
  parseSlideScoreOptions,
  slideSettings,
} from '../../lib/options/score-options.js';
import { parseOpenOptions, parseRegion, parseTilesOptions } from '../../lib/options/slide-options.js';
import type { ScorerOptions, SlideScoreOptions, TilesOptions } from '../../lib/options/types.js';
import { failure, writeBundle, type Json } from './support/bundle.js';

const scorer = (options: object): unknown => parseScorerOptions(options as ScorerOptions);

describe('unknown keys', () => {
  it.each([
    ['batchsize', 'batchSize'],
    ['batch_size', 'batchSize'],
    ['bacthSize', 'batchSize'],
    ['minTissueFration', 'minTissueFraction'],
    ['modle', 'model'],
    ['Seed', 'seed'],
  ])('%s: did you mean %s', async (wrong, right) => {
    const error = await failure(() => scorer({ model: 'demo', [wrong]: 1 }), 'INVALID_OPTION');
    expect(error.message).toBe(`Unknown option "${wrong}"; did you mean "${right}"?`);
  });
  it('without a near one list the known ones', async () => {
    expect((await failure(() => scorer({ model: 'demo', zebra: 1 }), 'INVALID_OPTION')).message).toContain(
      'known options: model, device,',
    );
  });
  it('of a nested object are named with their owner', async () => {
    const error = await failure(() => scorer({ model: 'demo', tile: { sise: 3 } }), 'INVALID_OPTION');
    expect(error.message).toBe('Unknown option "tile.sise"; did you mean "tile.size"?');
  });
  it('that leave out the dot of a member are named with it', async () => {
    const error = await failure(() => scorer({ model: 'demo', tileSize: 224 }), 'INVALID_OPTION');
    expect(error.message).toBe('Unknown option "tileSize"; did you mean "tile.size"?');
  });
  it('of one letter are the option that begins with it, where only one does', () => {
    expect(nearest('w', ['level', 'x', 'y', 'width', 'height'])).toBe('width');
    expect(nearest('t', ['tiles', 'threads'])).toBeNull();
  });
  it('have no hint where nothing is near', () => {
    expect(nearest('qq', ['level', 'mpp'])).toBeNull();
    expect(nearest('MPP', ['level', 'mpp'])).toBe('mpp');
    expect(nearest('', ['level'])).toBeNull();
  });
});

describe('wrong values', () => {
  const cases: [object, string][] = [
    [{ batchSize: -1 }, 'Expected an integer from 1 to 65536 tiles for batchSize but received -1 of type number'],
    [{ batchSize: 1.5 }, 'Expected an integer from 1 to 65536 tiles for batchSize but received 1.5 of type number'],
    [{ batchSize: '8' }, 'Expected an integer from 1 to 65536 tiles for batchSize but received "8" of type string'],
    [{ batchSize: null }, 'received null'],
    [{ batchSize: [1] }, 'received an array of 1'],
    [{ minTissueFraction: 1.1 }, 'Expected a number from 0 to 1 for minTissueFraction but received 1.1'],
    [{ minTissueFraction: Number.NaN }, 'received NaN of type number'],
    [{ mpp: 0 }, 'Expected a number from 0.000001 to 1000000 microns per pixel for mpp'],
    [{ level: -1 }, 'Expected an integer from 0 to 1000000 for level'],
    [{ keep: 'center' }, "did you mean 'centre'?"],
    [{ onBadTile: 'skip' }, "Expected one of 'error', 'fill' for onBadTile"],
    [{ tiles: 1 }, 'Expected true or false for tiles'],
    [{ signal: {} }, 'Expected an AbortSignal for signal but received an object'],
    [{ onProgress: 3 }, 'Expected a function for onProgress'],
    [
      { device: 'gpu' },
      "Expected 'auto', 'cpu', 'cuda', 'cuda:<n>', 'tensorrt', 'tensorrt:<n>' or 'plugin:<name>' for device",
    ],
    [{ memoryLimit: 1000 }, 'a number of bytes from 67108864 (64 MiB)'],
    [{ threads: 0 }, 'Expected an integer from 1 to 1024 for threads'],
    [{ limits: { directories: 0 } }, 'Expected a positive integer for limits.directories'],
    [{ limits: 5 }, 'Expected an object for limits'],
    [{ clinical: { age: {} } }, 'clinical.age'],
    [{ clinical: { age: Number.NaN } }, 'a string, a finite number or null'],
    [{ mpp: 1, level: 1 }, 'Expected only one of mpp and level but received both'],
    [{ mask: 5 }, 'Expected a tissue mask, GeoJSON or the path'],
    [{ mask: { data: new Uint8Array(3), width: 65537, height: 1 } }, 'an integer from 1 to 65536 for mask.width'],
    [{ mask: { data: new Uint8Array(3), width: 65536, height: 65536 } }, 'at most 2147483648 pixels are taken'],
    [
      { mask: { data: new Uint8Array(3), width: 2, height: 2 } },
      'a Uint8Array of width * height (4) values for mask.data',
    ],
    [{ input: { mean: [1, 2] } }, 'Expected an array of three numbers for input.mean'],
    [{ input: { std: [1, 0, 1] } }, 'input.std[1]'],
    [{ head: { method: 'mode' } }, "Expected one of 'mean'"],
    [{ head: { method: 'mean', k: 3 } }, "head.k is for head.method 'topK', not 'mean'"],
    [{ head: { method: 'topK', k: 3, fraction: 0.1 } }, 'only one of head.k and head.fraction'],
    [{ head: { method: 'quantile' } }, 'head.quantile'],
    [{ column: {} }, 'Expected a column index or a class name for column'],
    [{ onnxRuntimePath: 'a\0b' }, 'onnxRuntimePath'],
  ];
  it.each(cases)('%j', async (options, message) => {
    expect((await failure(() => scorer({ model: 'demo', ...options }), 'INVALID_OPTION')).message).toContain(message);
  });
  it('of the options as a whole', async () => {
    for (const odd of [null, 3, 'demo', [1]]) await failure(() => scorer(odd as unknown as object), 'INVALID_OPTION');
    expect((await failure(() => scorer({}), 'INVALID_OPTION')).message).toContain('model is missing');
    expect((await failure(() => scorer({ model: {} }), 'INVALID_OPTION')).message).toContain(
      'the result of loadModel()',
    );
    expect((await failure(() => scorer({ model: null }), 'INVALID_OPTION')).message).toContain('model');
  });
  it('of any type are shown', async () => {
    expect((await failure(() => scorer({ model: 'demo', batchSize: 2n }), 'INVALID_OPTION')).message).toContain(
      'received 2 of type bigint',
    );
  });
  it('undefined counts as not given', () => {
    expect(() => scorer({ model: 'demo', batchSize: undefined, mpp: undefined, level: 1 })).not.toThrow();
  });
});

describe('defaults', () => {
  it('of opening, tiles and regions are the table', () => {
    expect(parseOpenOptions(undefined)).toEqual({
      limits: defaults.limits,
      slideMpp: null,
      storage: null,
      driver: null,
      openslidePath: null,
    });
    expect(parseOpenOptions({ slideMpp: 0.5, limits: { directories: 9 } })).toEqual({
      limits: { ...defaults.limits, directories: 9 },
      slideMpp: 0.5,
      storage: null,
      driver: null,
      openslidePath: null,
    });
    expect(defaults.limits.directories).toBe(512);
    expect(parseRegion({ level: 0, x: -5, y: 0, width: 1, height: 2 }).onBadTile).toBe('error');
    const tiles = parseTilesOptions({ level: 1, size: 256 });
    expect(tiles.grid).toEqual({
      level: 1,
      mpp: null,
      slideMpp: null,
      scaledDecode: false,
      sizePx: 256,
      stridePx: 256,
      placement: 'scaled',
      edge: 'pad',
      keep: 'fraction',
      minTissueFraction: 0.25,
      maxTiles: 0,
      seed: 0,
      onBadTile: 'error',
    });
    expect(tiles).toMatchObject({
      mask: null,
      tissue: { method: 'default', overviewSidePx: 2048, minAreaFraction: 1e-5 },
      stream: { batchSize: 16, threads: 0, tensor: null },
      signal: null,
    });
    expect(Object.isFrozen(tiles) && Object.isFrozen(tiles.grid)).toBe(true);
  });
  it('need exactly one resolution for tiles', async () => {
    expect((await failure(() => parseTilesOptions({ size: 256 }), 'INVALID_OPTION')).message).toContain(
      'received neither',
    );
    expect(
      (await failure(() => parseTilesOptions({ size: 256, mpp: 1, level: 0 }), 'INVALID_OPTION')).message,
    ).toContain('received both');
    await failure(() => parseTilesOptions(undefined as unknown as TilesOptions), 'INVALID_OPTION');
  });
});

describe('options, scorer and model joined', () => {
  const join = async (options: SlideScoreOptions, own: SlideScoreOptions = {}, folder = writeBundle()) => {
    const model = await loadModel(folder);
    const parsed = parseScorerOptions({ model, ...options });
    const settings = slideSettings(parseSlideScoreOptions(own, parsed.slide), model);
    const [grid] = settings.grids;
    if (grid === undefined) throw new Error('no grid');
    return { ...settings, grid, program: nativeProgram(settings, model, { kind: 'all' }, null) };
  };
  it('the model declares, the table fills in', async () => {
    const { grid, program, mask } = await join({});
    expect(grid).toEqual({
      mpp: 0.5,
      level: null,
      slideMpp: null,
      scaledDecode: false,
      sizePx: 224,
      stridePx: 224,
      placement: 'scaled',
      edge: 'pad',
      keep: 'fraction',
      minTissueFraction: 0.4,
      maxTiles: 100,
      seed: 7,
      onBadTile: 'error',
    });
    expect(program).toMatchObject({
      batchSize: 16,
      reproducible: true,
      keepTiles: false,
      heads: [{ name: 'top', of: { encoder: 0, output: 0, column: 0 }, method: 'topK', k: 5 }],
      encoders: [
        {
          format: { sizePx: 224, layout: 'NCHW', channels: 'RGB', type: 'float32', scale: 1 / 255 },
          outputs: [{ tensor: 'logit', activation: 'sigmoid' }],
        },
      ],
    });
    expect(mask).toBeNull();
    expect(program.tiles).toEqual([{ ...grid, mask: { kind: 'all' } }]);
  });
  it('options come before the model, a slide before its scorer', async () => {
    const { grid, program } = await join(
      { level: 2, seed: 1, batchSize: 4, tile: { stride: 100 } },
      { mpp: 3, batchSize: 8, tilesPerSlide: 5 },
    );
    expect(grid).toMatchObject({ mpp: 3, level: null, seed: 1, maxTiles: 5, stridePx: 100, sizePx: 224 });
    expect(program.batchSize).toBe(8);
    expect((await join({ mpp: 3 }, { level: 1 })).grid).toMatchObject({ mpp: null, level: 1 });
  });
  it('the smaller of cap and budget holds, and says who set it', async () => {
    const sample = async (options: SlideScoreOptions, own: SlideScoreOptions = {}) => {
      const { grid, sampleReason } = await join(options, own);
      return [grid.maxTiles, sampleReason];
    };
    expect(await sample({})).toEqual([100, 'model']);
    expect(await sample({ tilesPerSlide: 300 })).toEqual([300, 'tilesPerSlide']);
    expect(await sample({}, { tileBudget: 99 })).toEqual([99, 'deadline']);
    expect(await sample({}, { tileBudget: 100 })).toEqual([100, 'model']);
    expect(await sample({ tilesPerSlide: 300 }, { tileBudget: 200 })).toEqual([200, 'deadline']);
    expect(await sample({ tilesPerSlide: 50 }, { tileBudget: 200 })).toEqual([50, 'tilesPerSlide']);
  });
  it('a stopping rule knows how the score is made', async () => {
    const mean = (calibration?: object): string =>
      writeBundle({
        edit: (j) => {
          Object.assign((j['heads'] as Json[])[0] as Json, { method: 'mean' });
          delete (j['heads'] as Json[])[0]?.['k'];
          if (calibration !== undefined) Object.assign((j['outputs'] as Json[])[0] as Json, { calibration });
        },
      });
    const stopping = { halfWidth: 0.02 };
    expect((await join({})).program.stopping).toBeNull();
    expect((await join({ seed: 5 }, { stopping }, mean())).program.stopping).toEqual({
      halfWidth: 0.02,
      confidence: 0.95,
      minTiles: 256,
      everyTiles: 128,
      seed: 5,
    });
    const refusal = async (folder?: string): Promise<string> =>
      (await failure(() => join({ stopping }, {}, folder), 'INVALID_OPTION')).message;
    expect(await refusal()).toContain(
      'the head "top" of the model is \'topK\', not a mean; leave stopping.halfWidth out',
    );
    const bent = { method: 'isotonic', x: [0, 0.5, 1], y: [0, 1, 0.5] };
    expect(await refusal(mean(bent))).toContain('the calibration of "relapse" rises and falls');
  });
  it.each([
    [{}, 'stopping.halfWidth is missing: expected a number above 0'],
    [{ halfWidth: 0 }, 'a number above 0'],
    [{ halfWidth: Number.NaN }, 'a number above 0'],
    [{ halfWidth: 0.1, confidence: 1 }, 'above 0 and below 1 for stopping.confidence'],
    [{ halfWidth: 0.1, everyTiles: 1 }, 'from 2 to 65536'],
    [{ halfWidth: 0.1, minTiles: 0 }, 'a positive integer for stopping.minTiles'],
    [{ halfwidth: 0.1 }, 'did you mean "stopping.halfWidth"?'],
    [0.02, 'an object for stopping'],
  ])('stopping %j is refused', async (stopping, text) => {
    const error = await failure(() => scorer({ model: 'demo', stopping } as ScorerOptions), 'INVALID_OPTION');
    expect(error.message).toContain(text);
  });
  it('that contradict each other are refused', async () => {
    expect((await failure(() => join({ keep: 'all', mask: 'a.json' }), 'INVALID_OPTION')).message).toContain(
      "keep: 'all' takes every tile",
    );
    expect((await failure(() => join({ keep: 'centre', minTissueFraction: 0.1 }), 'INVALID_OPTION')).message).toContain(
      'minTissueFraction',
    );
    expect((await failure(() => join({ tile: { size: 100 } }), 'MODEL_MISMATCH')).message).toContain('224');
  });
  it('give a loaded model no options of a model', async () => {
    const model = await loadModel(writeBundle());
    expect((await failure(() => scorer({ model, head: { method: 'max' } }), 'INVALID_OPTION')).message).toContain(
      'pass it to loadModel()',
    );
  });
});

it('heads have full native options', () => {
  const head = (value: unknown) => parseModelOptions({ head: value }).head;
  expect(parseModelOptions({}).head).toEqual({ method: 'mean', k: 0, fraction: 0, quantile: 0 });
  expect(head({ method: 'topK' })).toEqual({ method: 'topK', k: 0, fraction: 0.1, quantile: 0 });
  expect(head({ method: 'topK', k: 3 })).toEqual({ method: 'topK', k: 3, fraction: 0, quantile: 0 });
  expect(head({ method: 'quantile', quantile: 0.9 })).toEqual({ method: 'quantile', k: 0, fraction: 0, quantile: 0.9 });
});
