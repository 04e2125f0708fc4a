/** Features of a vision transformer that gives tokens: the class token, a mean without registers, or all of them. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { embedDirectory, embedSlide, loadModel, type EmbedOptions, type EmbedResult } from '../../lib/index.js';
import { failureOf } from '../runs/support.js';
import { tokenModel, wideModel } from '../support/models/small-graphs.js';
import { makeSharedTileSlide } from '../support/slides.js';

const sidePx = 64;
const width = 24;
const leading = 5;
const tokens = leading + 16;
let folder = '';
let slide = '';
let model = '';
let silent = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-embed-tokens-'));
  slide = join(folder, 'a.tif');
  model = join(folder, 'vit.onnx');
  silent = join(folder, 'silent.onnx');
  await makeSharedTileSlide(slide, { width: 640, height: 512, seed: 3, tissueShare: 0.6 });
  await writeFile(model, tokenModel({ side: sidePx, width, leading }));
  await writeFile(silent, tokenModel({ side: sidePx, width, leading, shape: null }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;

async function features(
  options: Partial<EmbedOptions>,
  columns = width,
): Promise<{ readonly result: EmbedResult; readonly values: Float32Array; readonly bytes: Buffer }> {
  const output = join(folder, `${files++}.h5`);
  const result = await embedSlide(slide, { model, level: 0, output, ...options });
  const bytes = await readFile(output);
  const count = result.tiles * columns;
  return { result, bytes, values: Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(512 + 4 * i)) };
}

it('pools what it writes whole', async () => {
  const whole = await features({ pool: 'none' }, tokens * width);
  expect(whole.result).toMatchObject({ columns: width, tokens, modelOutput: 'tokens' });
  expect(whole.result.tiles).toBeGreaterThan(20);
  const cls = await features({ pool: 'cls' });
  expect(cls.result).toMatchObject({ columns: width, tokens: 1 });
  const mean = await features({ pool: 'mean', poolSkip: leading });
  for (let tile = 0; tile < whole.result.tiles; ++tile) {
    const row = whole.values.subarray(tile * tokens * width, (tile + 1) * tokens * width);
    expect(cls.values.subarray(tile * width, (tile + 1) * width)).toEqual(row.slice(0, width));
    for (let column = 0; column < width; ++column) {
      let sum = 0;
      for (let token = leading; token < tokens; ++token) sum += row[token * width + column] as number;
      expect(mean.values[tile * width + column]).toBe(Math.fround(sum / (tokens - leading)));
    }
  }
  // Not all tiles look alike to it.
  expect(new Set(cls.values).size).toBeGreaterThan(cls.values.length / 2);
});

it('gives the same bytes for any threads and batches, also of a graph that does not say its tokens', async () => {
  for (const options of [{ pool: 'mean', poolSkip: leading }, { pool: 'cls' }, { pool: 'none' }] as const) {
    const { bytes } = await features(options);
    for (const threads of options.pool === 'mean' ? [1, 2, 4] : [2])
      expect((await features({ ...options, threads, batchSize: 3 * threads })).bytes.equals(bytes)).toBe(true);
    const unsaid = await features({ ...options, model: silent, input: { size: sidePx } });
    const start = 512 + 4 * unsaid.result.tiles * unsaid.result.columns * unsaid.result.tokens;
    expect(unsaid.bytes.subarray(512, start)).toEqual(bytes.subarray(512, start));
  }
});

it('asks how tokens are pooled, and does not pool what has none', async () => {
  const output = join(folder, 'refused.h5');
  const refusal = async (options: Partial<EmbedOptions>): Promise<readonly string[]> => {
    const { code, message } = await failureOf(embedSlide(slide, { model, level: 0, output, ...options }));
    return [code, message];
  };
  const missing = ['INVALID_OPTION', expect.stringContaining('pool is missing')];
  expect(await refusal({})).toEqual(missing);
  expect(await refusal({ model: silent, input: { size: sidePx } })).toEqual(missing);
  expect(await refusal({ pool: 'cls', poolSkip: 2 })).toEqual([
    'INVALID_OPTION',
    expect.stringContaining("poolSkip is for pool 'mean'"),
  ]);
  expect((await refusal({ pool: 'mean', poolSkip: tokens }))[0]).toBe('OUTPUT_SHAPE');
  const wide = join(folder, 'wide.onnx');
  await writeFile(wide, wideModel(7, sidePx));
  expect(await refusal({ model: wide, pool: 'mean' })).toEqual([
    'INVALID_OPTION',
    expect.stringContaining('not a list of tokens'),
  ]);
  expect((await failureOf(loadModel(model))).code).toBe('MODEL_MISMATCH');
  expect((await readdir(folder)).filter((name) => name.startsWith('refused'))).toEqual([]);
});

it('warns of a mean over tokens that are no square', async () => {
  expect((await features({ pool: 'mean', poolSkip: leading })).result.warnings.join()).not.toContain('square');
  expect((await features({ pool: 'mean' })).result.warnings.join()).toContain('no square number');
});

it('does not go on with files that were pooled in another way', async () => {
  const output = join(folder, 'run');
  await embedDirectory([slide], { model, level: 0, output, pool: 'cls' }).done;
  const other = { model, level: 0, output, pool: 'mean', poolSkip: 1, resume: true } as const;
  const { code, message } = await failureOf(embedDirectory([slide], other).done);
  expect([code, message]).toEqual(['RESUME_REFUSED', expect.stringContaining('pool was "cls" and is "mean after 1"')]);
});
