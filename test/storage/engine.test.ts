/** Slides at addresses through the engine: the scores of the files, few requests, few bytes, and errors with their names. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createScorer,
  embedDirectory,
  embedSlide,
  openSlide,
  planSlide,
  scoreDirectory,
  scoreSlide,
  type Scorer,
} from '../../lib/index.js';
import { writeBlockSlide } from '../../bench/workloads/block-slide.js';
import { cli } from '../cli/support.js';
import { dataDir, slideFile } from '../support/data.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';
import { RangeServer, status } from './range-server.js';
import { allOf, failureOf } from './support.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-http-slides-'));
const drawn = join(scratch, 'drawn.tif');
const large = join(scratch, 'large.tif');
const model = join(scratch, 'mean.onnx');
const options = { model, input: { level: 0 }, activation: 'sigmoid', threads: 2 } as const;
const real = [
  'CMU-1-Small-Region.svs',
  'derived_cmu_pyr_jpeg75_t256.tif',
  'derived_cmu_pyr_lzw_pred_t240.tif',
  'cogeo.tif',
];
let server: RangeServer;
let scorer: Scorer;

beforeAll(async () => {
  await writeSlide(drawn, { width: 3000, height: 2000, seed: 31, tissueShare: 0.4 });
  await writeSlide(large, { width: 7000, height: 5000, seed: 32, tissueShare: 0.5 });
  writeFileSync(model, meanColourModel());
  const objects: Record<string, Buffer> = { '/drawn.tif': readFileSync(drawn), '/large.tif': readFileSync(large) };
  if (dataDir !== null) for (const name of real) objects[`/${name}`] = readFileSync(slideFile(name));
  server = await RangeServer.start(objects);
  scorer = await createScorer(options);
});
afterAll(async () => {
  await scorer.close();
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => server.reset());

describe('opening', () => {
  it.each([['drawn.tif'], ...real.map((name) => [name])])('%s: at most 3 requests and 1 MB', async (name) => {
    if (!server.objects.has(`/${name}`)) return;
    const slide = await openSlide(server.url(`/${name}`));
    await slide.close();
    expect(server.seen.length).toBeLessThanOrEqual(3);
    expect(server.sentBytes).toBeLessThanOrEqual(1_000_000);
  });

  it('a slide of 5 MB whose tables lie behind the pixels of each level, too', async () => {
    const slide = await openSlide(server.url('/large.tif'));
    await slide.close();
    expect(slide.levels.length).toBeGreaterThan(4);
    expect(server.seen.length).toBeLessThanOrEqual(3);
    expect(server.sentBytes).toBeLessThanOrEqual(1_000_000);
  });
});

describe('scoring', () => {
  it('gives the score of the file, by text and by URL', async () => {
    const local = await scorer.score(drawn);
    for (const input of [server.url('/drawn.tif'), new URL(server.url('/drawn.tif'))]) {
      const remote = await scorer.score(input);
      expect([remote.score, remote.tileCount]).toEqual([local.score, local.tileCount]);
      expect(remote.path).toBe(server.url('/drawn.tif'));
    }
    const plan = await planSlide(server.url('/drawn.tif'), options);
    expect(plan.tiles).toBe(local.tileCount);
  });

  it.each([
    ['10 MB', { x: 30, y: 20, width: 42, height: 28 }, 12, 10_000_000],
    ['5 MB', { x: 30, y: 24, width: 24, height: 24 }, 6, 4_500_000],
  ])('reads hardly more than %s of stored tiles of the tissue', async (_, block, copies, least) => {
    const path = join(scratch, 'block.tif');
    await writeBlockSlide(path, { columns: 120, rows: 100, block, distinctTiles: 98, copies, seed: 5 });
    server.objects.set('/block.tif', readFileSync(path));
    const plan = await planSlide(path, options);
    expect(plan.bytesToRead).toBeGreaterThan(least);
    server.reset();
    const { score } = await scorer.score(server.url('/block.tif'));
    expect(score).toBe((await scorer.score(path)).score);
    expect(server.sentBytes).toBeGreaterThan(0.8 * plan.bytesToRead);
    expect(server.sentBytes).toBeLessThanOrEqual(1.1 * plan.bytesToRead);
  });

  it('reads a slide that needs its first levels whole once, and no byte of it twice', async () => {
    await scorer.score(server.url('/drawn.tif'));
    expect(server.sentBytes).toBeLessThanOrEqual(statSync(drawn).size);
  });

  it('a server that fails at last fails the slide, with its address and without its secret', async () => {
    const address = `${server.url('/large.tif')}?X-Amz-Signature=planted`;
    let seen = 0;
    server.faults.push((request, response, at) => ++seen > 6 && status(503)(request, response, at));
    const error = await failureOf(scorer.score(address, { storage: { retries: 0 } }));
    expect(error).toMatchObject({ code: 'NETWORK', stage: 'slide', path: server.url('/large.tif') });
    expect(error.message).toContain('the server answered 503');
    expect(allOf(error)).not.toContain('planted');
  });

  it('a slide that is replaced while it is scored fails by name', async () => {
    // Under an address of its own: requests of the job before may still come.
    const whole = server.objects.get('/large.tif') as Buffer;
    server.objects.set('/changing.tif', whole);
    let seen = 0;
    server.faults.push(({ path }) => {
      if (path === '/changing.tif' && ++seen === 8)
        server.objects.set('/changing.tif', Buffer.from(whole).fill(7, 100, 200));
      return false;
    });
    const error = await failureOf(scorer.score(server.url('/changing.tif')));
    expect(error).toMatchObject({ code: 'FILE_UNREADABLE', path: server.url('/changing.tif') });
    expect(error.message).toContain('was replaced while it was read');
  });

  it('files of a slide have the name of its address', async () => {
    const outputFolder = join(scratch, 'files');
    await scoreSlide(`${server.url('/drawn.tif')}?planted`, { ...options, outputFolder });
    const entries = readdirSync(outputFolder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(entries.some(({ name }) => name === 'drawn.csv')).toBe(true);
    for (const { parentPath, name } of entries)
      expect(readFileSync(join(parentPath, name)).includes('planted')).toBe(false);
  });
});

describe('a disk cache', () => {
  it('serves the second run; a damaged block is fetched again; a new version is not taken from it', async () => {
    const cacheFolder = join(scratch, 'cache');
    const url = server.url('/drawn.tif');
    const local = await scorer.score(drawn);
    await scorer.score(url, { storage: { cacheFolder } });
    const blocks = readdirSync(cacheFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.block'),
    );
    expect(blocks.length).toBeGreaterThan(0);
    server.reset();
    expect((await scorer.score(url, { storage: { cacheFolder } })).score).toBe(local.score);
    // The first request says which version there is.
    expect(server.seen.map(({ range }) => range)).toEqual(['bytes=0-65535']);
    for (const name of blocks) {
      const path = join(cacheFolder, name);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }
    server.reset();
    expect((await scorer.score(url, { storage: { cacheFolder } })).score).toBe(local.score);
    expect(server.seen.length).toBeGreaterThan(1);
    const before = server.objects.get('/drawn.tif') as Buffer;
    server.objects.set('/drawn.tif', readFileSync(large));
    expect((await scorer.score(url, { storage: { cacheFolder } })).score).not.toBe(local.score);
    server.objects.set('/drawn.tif', before);
  });

  it('keeps to its limit', async () => {
    const cacheFolder = join(scratch, 'small-cache');
    const cacheBytes = 1024 * 1024;
    const { score } = await scorer.score(server.url('/large.tif'), { storage: { cacheFolder, cacheBytes } });
    expect(score).toBe((await scorer.score(large)).score);
    const files = readdirSync(cacheFolder, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(cacheFolder, name),
    );
    const total = files.map((path) => statSync(path)).reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThanOrEqual(cacheBytes);
  });
});

describe('a list of addresses', () => {
  it('gives the table of the files; the record and the table hold no secret', async () => {
    const list = [`${server.url('/drawn.tif')}?sig=planted`, `${server.url('/large.tif')}?sig=planted`];
    const [output, runRecord] = [join(scratch, 'remote.csv'), join(scratch, 'record.json')];
    const run = scoreDirectory(list, { ...options, output, runRecord });
    const outcomes: unknown[] = [];
    for await (const outcome of run) outcomes.push(outcome);
    const summary = await run.done;
    expect(summary.rows.map(({ name }) => name)).toEqual(['drawn.tif', 'large.tif']);
    const local = join(scratch, 'local.csv');
    await scoreDirectory([drawn, large], { ...options, output: local }).done;
    expect(readFileSync(output, 'utf8')).toBe(readFileSync(local, 'utf8'));
    expect(readFileSync(runRecord, 'utf8') + JSON.stringify([outcomes, summary])).not.toContain('planted');
  });

  it('an address that is there twice, or that cannot be looked at', async () => {
    const url = server.url('/drawn.tif');
    expect((await failureOf(scoreDirectory([url, url], options).done)).code).toBe('INVALID_OPTION');
    const { rows } = await scoreDirectory([url, `${server.url('/none.tif')}?planted`], { ...options, onError: 'skip' })
      .done;
    expect(rows.map(({ error }) => error)).toEqual([null, 'FILE_NOT_FOUND']);
  });

  it('a folder behind HTTP cannot be listed, and other schemes are refused with advice', async () => {
    expect((await failureOf(scoreDirectory(server.url('/'), options).done)).code).toBe('INVALID_OPTION');
    for (const address of ['gs://bucket/a.tif', 'az://box/a.tif', 'ftp://host/a.tif']) {
      const error = await failureOf(openSlide(`${address}?planted`));
      expect(error).toMatchObject({ code: 'NETWORK', path: address });
      expect(error.advice).toContain('download it');
      expect(allOf(error)).not.toContain('planted');
      expect((await failureOf(scoreDirectory([address], options).done)).code).toBe('NETWORK');
    }
  });

  it('other files are not read from addresses', async () => {
    const address = `${server.url('/format.csv')}?planted`;
    for (const more of [
      { onnxRuntimePath: address },
      { model: address },
      { mask: address },
      { tilesCsv: 's3://b/c' },
    ]) {
      const error = await failureOf(scoreDirectory([server.url('/drawn.tif')], { ...options, ...more }).done);
      expect(error.code).toBe('INVALID_OPTION');
      expect(allOf(error)).not.toContain('planted');
    }
  });
});

it('features of a slide at an address are those of the file', async () => {
  const [a, b] = [join(scratch, 'a.h5'), join(scratch, 'b.h5')];
  const given = { model, input: { level: 0 }, threads: 1 } as const;
  const local = await embedSlide(drawn, { ...given, output: a });
  const remote = await embedSlide(server.url('/drawn.tif'), { ...given, output: b });
  expect([remote.tiles, remote.columns]).toEqual([local.tiles, local.columns]);
  expect(existsSync(b)).toBe(true);
  const output = join(scratch, 'features');
  const run = await embedDirectory([`${server.url('/drawn.tif')}?planted`], { ...given, output }).done;
  expect(run.counts.embedded).toBe(1);
  expect(readdirSync(output).join()).not.toContain('planted');
  expect((await failureOf(embedSlide(drawn, { ...given, output: 's3://b/a.h5' }))).code).toBe('INVALID_OPTION');
});

it('the command line shows and scores an address, without what is secret in it', async () => {
  const address = `${server.url('/drawn.tif')}?X-Amz-Signature=planted`;
  for (const argv of [
    ['info', address],
    ['info', '--json', address],
    ['score', address, '--model', model, '--input-level', '0', '--activation', 'sigmoid', '--json'],
    ['info', `${server.url('/none.tif')}?planted`],
    ['score', `${server.url('/none.tif')}?planted`, '--model', model, '--input-level', '0'],
  ]) {
    const { code, stdout, stderr } = await cli(argv, { library: { openSlide, scoreDirectory } });
    expect(code === 0, stderr).toBe(argv.join().includes('drawn'));
    expect(stdout + stderr).not.toContain('planted');
  }
});
