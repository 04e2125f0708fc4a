/** embedSlide and embedDirectory: the rows of scoreSlide, in files that a later run goes on with. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  embedDirectory,
  embedSlide,
  type MicrotomeError,
  scoreSlide,
  type EmbedOutcome,
  type EmbedSummary,
} from '../../lib/index.js';
import type { EmbedDirectoryOptions } from '../../lib/index.js';
import { readIdentity } from '../../lib/outputs/features/read-identity.js';
import { failureOf } from '../runs/support.js';
import { tokenModel, wideModel } from '../support/models/small-graphs.js';
import { makeSharedTileSlide } from '../support/slides.js';

const columns = 24;
const sidePx = 32;
let folder = '';
let model = '';
let slides = '';
let options: Pick<EmbedDirectoryOptions, 'model' | 'level' | 'tile'>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-embed-'));
  slides = join(folder, 'slides');
  model = join(folder, 'encoder.onnx');
  await mkdir(slides);
  await writeFile(model, wideModel(columns, sidePx));
  for (const [i, name] of ['a', 'b', 'c'].entries()) {
    await makeSharedTileSlide(join(slides, `${name}.tif`), { width: 2048, height: 1024, seed: i, tissueShare: 0.5 });
    await utimes(join(slides, `${name}.tif`), 1_000_000, 1_000_000 + i);
  }
  options = { model, level: 0, tile: { size: sidePx } };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(
  given: EmbedDirectoryOptions,
  dir = slides,
): Promise<{ readonly outcomes: readonly EmbedOutcome[]; readonly summary: EmbedSummary }> {
  const run = embedDirectory(dir, given);
  const outcomes: EmbedOutcome[] = [];
  for await (const outcome of run) outcomes.push(outcome);
  return { outcomes, summary: await run.done };
}

async function contents(dir: string, given?: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const names = given ?? (await readdir(dir)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(dir, name))).toString('base64')] as const)),
  );
}

/** The features of a file, by the layout that features-file.test.ts and test/peers/features.test.ts hold to. */
async function features(path: string, count: number): Promise<Float32Array> {
  const bytes = await readFile(path);
  return Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(512 + 4 * i));
}

it('writes the rows that scoreSlide keeps', async () => {
  const slide = join(slides, 'a.tif');
  const output = join(folder, 'one.h5');
  const result = await embedSlide(slide, { ...options, output });
  const { tiles } = await scoreSlide(slide, { ...options, column: 0, clip: null, tiles: true });
  expect(tiles?.count).toBeGreaterThan(100);
  expect(result).toMatchObject({ path: slide, output, tiles: tiles?.count, columns, modelOutput: 'features' });
  const expected = Float32Array.from(tiles?.outputs['features']?.values ?? []);
  expect(await features(output, result.tiles * columns)).toEqual(expected);
  const again = await failureOf(embedSlide(slide, { ...options, output }));
  expect(again.code).toBe('OUTPUT_EXISTS');
  await embedSlide(slide, { ...options, output, overwrite: true, featureType: 'float16', batchSize: 3, threads: 1 });
  expect((await readFile(output)).readUInt16LE(512)).not.toBe(0);
});

it('writes the same bytes again, whatever the batch and the threads, and those of embedSlide', async () => {
  const [one, two] = [join(folder, 'again-1'), join(folder, 'again-2')];
  const first = await all({ ...options, output: one });
  expect(first.outcomes.map((outcome) => outcome.ok)).toEqual([true, true, true]);
  expect(first.summary.counts).toEqual({ embedded: 3, resumed: 0, failed: 0 });
  await all({ ...options, output: two, batchSize: 5, threads: 2, slidesInFlight: 1 });
  const written = await contents(one);
  expect(Object.keys(written)).toEqual(['a.h5', 'b.h5', 'c.h5']);
  expect(await contents(two)).toEqual(written);
  await embedSlide(join(slides, 'a.tif'), { ...options, output: join(folder, 'a.h5') });
  expect((await readFile(join(folder, 'a.h5'))).toString('base64')).toBe(written['a.h5']);
});

it('goes on where a run was stopped, to the same bytes', async () => {
  const [whole, stopped] = [join(folder, 'whole'), join(folder, 'stopped')];
  await all({ ...options, output: whole });
  for await (const outcome of embedDirectory(slides, { ...options, output: stopped, slidesInFlight: 1 })) {
    expect(outcome.ok).toBe(true);
    break;
  }
  const before = (await readdir(stopped)).length;
  expect(before).toBeLessThan(3);
  await writeFile(join(stopped, 'c.h5.01234567-0123-4123-8123-0123456789ab.tmp'), 'of a run that was killed');
  const { outcomes, summary } = await all({ ...options, output: stopped, resume: true });
  expect([outcomes.length, summary.counts.resumed]).toEqual([3 - before, before]);
  expect(await contents(stopped)).toEqual(await contents(whole));
});

it('refuses to go on with another model, other options, another slide or a file that is none', async () => {
  const output = join(folder, 'resume');
  const own = join(folder, 'own');
  await mkdir(own);
  await copyFile(join(slides, 'a.tif'), join(own, 'a.tif'));
  await all({ ...options, output }, own);
  const refusal = async (change: Partial<EmbedDirectoryOptions>): Promise<string> => {
    const { code, message } = await failureOf(all({ ...options, output, resume: true, ...change }, own));
    expect(code).toBe('RESUME_REFUSED');
    return message;
  };
  const other = join(folder, 'other.onnx');
  await writeFile(other, wideModel(columns + 1, sidePx));
  expect(await refusal({ model: other })).toContain('model.sha256 was');
  expect(await refusal({ featureType: 'float16' })).toContain('featureType was "float32" and is "float16"');
  expect(await refusal({ tile: { size: sidePx, stride: 16 } })).toContain(
    'options.tile.stride was not given and is 16',
  );
  expect(await refusal({ input: { mean: [0.5, 0.5, 0.5] } })).toContain('options.input.mean');
  expect(await refusal({ onBadTile: 'fill' })).toContain('options.onBadTile was "error" and is "fill"');
  expect(await refusal({ seed: 7 })).toContain('options.seed was not given and is 7');
  expect(await refusal({ limits: { tableBytes: 2 ** 20 } })).toContain('options.limits.tableBytes was');
  await utimes(join(own, 'a.tif'), 5, 5);
  expect(await refusal({})).toContain('slide.mtimeNs');
  const file = join(output, 'a.h5');
  const bytes = await readFile(file);
  for (const broken of [Buffer.alloc(0), Buffer.from('text'), bytes.subarray(0, bytes.length - 1)]) {
    await writeFile(file, broken);
    expect(await refusal({})).toContain('no whole file of features');
  }
  await all({ ...options, output, overwrite: true }, own);
  expect((await failureOf(all({ ...options, output }, own))).code).toBe('OUTPUT_EXISTS');
});

it('never takes an identity from a file of which a byte of its headers was changed', async () => {
  const output = join(folder, 'bytes.h5');
  await embedSlide(join(slides, 'a.tif'), { ...options, output });
  const bytes = await readFile(output);
  const identity = await readIdentity(output);
  expect(identity).toContain('"featureType":"float32"');
  const root = Number(bytes.readBigUInt64LE(36));
  for (const at of [...Array(48).keys(), ...Array.from({ length: bytes.length - root }, (_, i) => root + i)]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 0x55;
    await writeFile(output, changed);
    expect(await readIdentity(output)).toBeNull();
  }
});

it('fails a slide alone, and ends as onError says', async () => {
  const dir = join(folder, 'bad');
  await mkdir(dir);
  await writeFile(join(dir, 'bad.tif'), 'no slide');
  await copyFile(join(slides, 'b.tif'), join(dir, 'good.tif'));
  const output = join(folder, 'bad-out');
  const { outcomes, summary } = await all({ ...options, output }, dir);
  expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code))).toEqual(['NOT_A_SLIDE', 'ok']);
  expect(summary.counts).toEqual({ embedded: 1, resumed: 0, failed: 1 });
  expect(await readdir(output)).toEqual(['good.h5']);
  const error = await failureOf(embedDirectory(dir, { ...options, output, resume: true, onError: 'error' }).done);
  expect(error.code).toBe('NOT_A_SLIDE');
});

it('refuses two slides for one file, a second run, and options that are for scores', async () => {
  const dir = join(folder, 'twice');
  await mkdir(dir);
  for (const name of ['a.tif', 'a.tiff']) await copyFile(join(slides, 'a.tif'), join(dir, name));
  const output = join(folder, 'twice-out');
  expect((await failureOf(embedDirectory(dir, { ...options, output }).done)).code).toBe('ROWS_MISMATCH');
  const two = [1, 2].map(() => embedDirectory(slides, { ...options, output, resume: true }).done);
  const ended = await Promise.allSettled(two);
  const lost = ended.filter((each) => each.status === 'rejected').map(({ reason }) => (reason as MicrotomeError).code);
  expect(lost).toEqual(['OUTPUT_LOCKED']);
  const scored = { ...options, output, deadline: 1000 } as unknown as EmbedDirectoryOptions;
  const refused = await failureOf(embedDirectory(slides, scored).done);
  expect([refused.code, refused.message]).toEqual(['INVALID_OPTION', expect.stringContaining('deadline')]);
  await rm(output, { recursive: true });
});

it.each([false, true])('applies the activation once to what it writes (tokens: %s)', async (isTokens) => {
  const path = join(folder, `activated-${isTokens}.onnx`);
  const width = isTokens ? 6 : columns;
  await writeFile(path, isTokens ? tokenModel({ side: sidePx * 2, width, leading: 1 }) : wideModel(columns, sidePx));
  const written = async (activation: 'none' | 'sigmoid') => {
    const output = join(folder, `activated-${isTokens}-${activation}.h5`);
    const given = {
      model: path,
      level: 0,
      activation,
      output,
      ...(isTokens ? { pool: 'none' as const } : { tile: { size: sidePx } }),
    };
    const { tiles, tokens } = await embedSlide(join(slides, 'a.tif'), given);
    return { tokens, values: await features(output, tiles * tokens * width) };
  };
  const plain = await written('none');
  const sigmoid = Float32Array.from(plain.values, (value) => 1 / (1 + Math.exp(-value)));
  expect(sigmoid.length).toBeGreaterThan(100);
  const whole = await written('sigmoid');
  expect(greatestDifference(whole.values, sigmoid)).toBeLessThan(1e-6);
});

/** Infinite where the lengths differ. */
function greatestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

it('says that a file is no folder', async () => {
  const output = join(folder, 'a-file');
  await writeFile(output, 'of somebody');
  for (const place of [output, join(output, 'below')]) {
    const { code, message } = await failureOf(embedDirectory(slides, { ...options, output: place }).done);
    expect([code, message]).toEqual(['INVALID_OPTION', expect.stringContaining('is not a folder')]);
  }
  expect(await readFile(output, 'utf8')).toBe('of somebody');
});

it('leaves no file where features do not fit into float16', async () => {
  const output = join(folder, 'wide.h5');
  const big = { ...options, input: { scale: 1e8 }, output, featureType: 'float16' as const };
  const { code } = await failureOf(embedSlide(join(slides, 'a.tif'), big));
  expect(code).toBe('OUTPUT_OUT_OF_RANGE');
  expect((await readdir(folder)).filter((name) => name.startsWith('wide.h5'))).toEqual([]);
});

it('writes where the tiles are beside the features, in their order, and writes them again where they are missing', async () => {
  const output = join(folder, 'placed');
  const [tilesCsv, geojson, maskPng] = ['csv', 'geojson', 'mask'].map((name) => join(output, name)) as [
    string,
    string,
    string,
  ];
  const placed = { ...options, output, tilesCsv, geojson, maskPng };
  await all(placed);
  const written = await contents(output, ['a.h5', 'csv/a.csv', 'geojson/a.geojson', 'mask/a.mask.png']);
  const lines = (await readFile(join(tilesCsv, 'a.csv'), 'utf8')).trimEnd().split('\n');
  const { tiles } = await scoreSlide(join(slides, 'a.tif'), { ...options, column: 0, clip: null, tiles: true });
  const places = [...(tiles?.level0X ?? [])].map((x, i) => `${x},${tiles?.level0Y[i]},${sidePx},${sidePx}`);
  expect(lines).toEqual(['minx,miny,width,height', ...places]);
  const { features } = JSON.parse(await readFile(join(geojson, 'a.geojson'), 'utf8'));
  expect(features.length).toBe(places.length);
  await rm(join(tilesCsv, 'b.csv'));
  const { summary } = await all({ ...placed, resume: true });
  expect(summary.slides.map(({ status }) => status)).toEqual(['resumed', 'embedded', 'resumed']);
  expect((await readdir(tilesCsv)).sort()).toEqual(['a.csv', 'b.csv', 'c.csv']);
  const one = join(folder, 'placed-one');
  const slide = join(slides, 'a.tif');
  const single = { tilesCsv: join(one, 'csv'), geojson: join(one, 'geojson'), maskPng: join(one, 'mask') };
  await mkdir(one);
  await embedSlide(slide, { ...options, ...single, output: join(one, 'a.h5') });
  expect(await contents(one, Object.keys(written))).toEqual(written);
  await rm(join(one, 'a.h5'));
  expect((await failureOf(embedSlide(slide, { ...options, ...single, output: join(one, 'a.h5') }))).code).toBe(
    'OUTPUT_EXISTS',
  );
  const heat = { ...options, output, heatmap: join(output, 'heat') } as unknown as EmbedDirectoryOptions;
  expect((await failureOf(embedDirectory(slides, heat).done)).code).toBe('INVALID_OPTION');
});

it('stops at an abort in the middle of the rows, and leaves no file', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const output = join(folder, 'aborted.h5');
  const onProgress = ({ tiles }: { readonly tiles: { readonly done: number } }): void => {
    if (tiles.done > 0) stop.abort(reason);
  };
  const slide = join(folder, 'long.tif');
  await makeSharedTileSlide(slide, { width: 8192, height: 8192, seed: 1, tissueShare: 0.5 });
  const run = embedSlide(slide, { ...options, keep: 'all', output, signal: stop.signal, onProgress });
  await expect(run).rejects.toBe(reason);
  expect((await readdir(folder)).filter((name) => name.startsWith('aborted'))).toEqual([]);
});
