/**
 * Every code of the table, reached through the public API with the real addon and real files. Four states cannot be made
 * on a machine that runs tests: another platform is feigned in a process of its own, a full disk by the file system that
 * the run is given, a GPU that fails by what the addon says then, and a bug of the addon by an exception of no known kind.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createScorer,
  loadModel,
  mergeShards,
  MicrotomeError,
  openImages,
  openSlide,
  scoreDirectory,
  scoreShard,
  scoreSlide,
} from '../../lib/index.js';
import type { ErrorCode, Stage } from '../../lib/index.js';
import { connectCluster, waitFor } from '../../lib/kube/index.js';
import { errorAdvice, native, stages } from '../../lib/core/errors.js';
import { startRun } from '../../lib/runs/directory-run.js';
import { compilePipeline, runPipelineLocally } from '../../lib/pipeline/index.js';
import { lockOutput } from '../../lib/runs/lock.js';
import { outlineOf } from '../api/support/full-bundle.js';
import { localImages, pipelineOf, stepOf } from '../pipeline/local-support.js';
import { faultyFileSystem, systemError } from '../runs/support.js';
import {
  attentionModel,
  constantModel,
  meanColourModel,
  nanModel,
  wrongShapeModel,
} from '../support/models/small-graphs.js';
import { levelSizes, pageTags, TagId, TiffWriter, TileEncoder, writeSlide } from '../support/slides.js';
import type { Tag } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-codes-'));
const at = (name: string): string => join(scratch, name);
const mean = at('mean.onnx');
const slide = at('slide.tif');

/** A one-page TIFF of one 256-pixel grey tile; `change` bends its tags. */
function writeTiff(name: string, change: (tags: Tag[]) => Tag[]): string {
  const encoder = new TileEncoder(256, 80);
  const writer = new TiffWriter(at(name), {});
  const tile = encoder.encode(new Uint8Array(256 * 256 * 3).fill(120));
  const offset = writer.append(tile);
  const [size] = levelSizes(256, 256, 256);
  if (!size) throw new Error('no level');
  const page = { size, tileSizePx: 256, jpegTables: encoder.tables, offsets: [offset], byteCounts: [tile.length] };
  writer.addPage(change(pageTags({ ...page, reduced: false }, writer)));
  writer.close();
  return at(name);
}

const replace =
  (id: number, ...values: number[]) =>
  (tags: Tag[]): Tag[] =>
    tags.map((tag) => (tag.id === id ? { ...tag, values } : tag));

beforeAll(async () => {
  writeFileSync(mean, meanColourModel());
  await writeSlide(slide, { width: 1200, height: 1200, seed: 2, tissueShare: 0.4 });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Writes a file and gives its path. */
function put(name: string, bytes: Uint8Array | string): string {
  writeFileSync(at(name), bytes);
  return at(name);
}

const score = (path: string, more: object = {}) => scoreSlide(path, { model: mean, input: { level: 0 }, ...more });

/** A folder with the slide as a.tif, a format file, and the options of a run over them. */
function area(rows = 'filename,relapse\na.tif,0.5\n') {
  const folder = mkdtempSync(at('run-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'a.tif'), readFileSync(slide));
  const format = join(folder, 'format.csv');
  writeFileSync(format, rows);
  const output = join(folder, 'out.csv');
  // The model gives no probability: without a range its score would be the first fault of every run.
  return { data, output, options: { model: mean, input: { level: 0 }, clip: null, format, output } };
}

async function directory(rows?: string, more: object = {}): Promise<unknown> {
  const { data, options } = area(rows);
  return scoreDirectory(data, { ...options, ...more }).done;
}

async function lockedOutput(): Promise<unknown> {
  const { data, output, options } = area();
  const lock = await lockOutput(output);
  try {
    return await scoreDirectory(data, options).done;
  } finally {
    await lock.release();
  }
}

/** A run that ends at a row without a score leaves its journal; it is then continued at another level. */
async function resumedOtherwise(): Promise<unknown> {
  const { data, output, options } = area('filename,relapse\na.tif,0.5\nb.tif,0.5\n');
  writeFileSync(join(data, 'b.tif'), 'hello, this is no slide');
  await expect(scoreDirectory(data, options).done).rejects.toMatchObject({ code: 'NOT_A_SLIDE' });
  expect(existsSync(`${output}.journal`)).toBe(true);
  return scoreDirectory(data, { ...options, input: { level: 1 }, resume: true }).done;
}

/** Two shards, of which the second has another grid than the first. */
async function otherShard(): Promise<unknown> {
  const { data, output, options } = area();
  const parts = `${output}.parts`;
  const shard = (index: number, more: object) =>
    scoreShard(data, { ...options, ...more, output: parts, shard: { index, count: 2 } }).done;
  await shard(0, {});
  return shard(1, { input: { level: 1 } });
}

async function missingShard(): Promise<unknown> {
  const { data, output, options } = area();
  const parts = `${output}.parts`;
  await scoreShard(data, { ...options, output: parts, shard: { index: 0, count: 2 } }).done;
  return mergeShards(parts, { output });
}

/** Scores with a bundle whose score is made of two clinical values. */
function clinically(clinical: Readonly<Record<string, string>>): Promise<unknown> {
  const folder = mkdtempSync(at('clinical-'));
  const files = {
    'tiles.onnx': meanColourModel(),
    'head.onnx': outlineOf({ clinical: [1, 3] }, { p: [1, 3] }),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const categories = { type: 'category', parse: { categories: ['arm', 'leg'] } };
  const bundle = {
    formatVersion: 1,
    name: 'clinical',
    inputs: {
      tiles: [{ name: 'tiles', size: 224, level: 0 }],
      clinical: [
        { name: 'age', column: 'age', type: 'number', missing: { rule: 'error' } },
        { name: 'site', column: 'site', ...categories, missing: { rule: 'value', value: 0 } },
      ],
    },
    encoders: [
      { name: 'net', graph: 'tiles.onnx', input: { from: 'tiles' }, outputs: [{ name: 'logit', columns: 1 }] },
    ],
    heads: [
      {
        name: 'head',
        method: 'onnx',
        graph: 'head.onnx',
        inputs: [{ from: 'clinical' }],
        outputs: [{ name: 'p', columns: 3 }],
      },
    ],
    outputs: [{ name: 'score', of: 'head', clip: null }],
    files: Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
    ),
    card: { licence: 'Apache-2.0', intendedUse: 'tests' },
  };
  writeFileSync(join(folder, 'microtome.json'), JSON.stringify(bundle));
  return scoreSlide(slide, { model: folder, clinical });
}

async function fullDisk(): Promise<unknown> {
  const { data, options } = area();
  const fs = faultyFileSystem((operation) => {
    if (operation === 'write') throw systemError('ENOSPC');
  });
  return startRun({ kind: 'folder', dir: data }, options, { createScorer, fs }).done;
}

/** In a process that says it runs on another system: the addon of this one is loaded already. */
async function elsewhere(): Promise<never> {
  const script = `
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    const { openSlide } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)});
    await openSlide(${JSON.stringify(slide)}).catch(({ code, stage, message, advice }) =>
      process.stdout.write(JSON.stringify({ code, stage, message, advice })));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const { code, stage, message, advice } = JSON.parse(stdout) as Record<'message' | 'advice', string> & {
    readonly code: ErrorCode;
    readonly stage: Stage;
  };
  throw new MicrotomeError(code, stage, message.slice(0, -advice.length - 2), { advice });
}

/** What the addon says of a slide whose files are not as they were, or not all there. */
const saysOfSlide = (code: 'DRIVER_MISSING' | 'SLIDE_INCOMPLETE' | 'SLIDE_CHANGED') => () =>
  native(() => Promise.reject(Object.assign(new Error('a file'), { code, stage: 'slide', advice: errorAdvice[code] })));

const cases: readonly (readonly [ErrorCode, string, () => Promise<unknown>])[] = [
  ['FILE_NOT_FOUND', 'a path that is not there', () => score(at('none.tif'))],
  [
    'FILE_UNREADABLE',
    'a link to itself',
    () => {
      symlinkSync(at('loop.tif'), at('loop.tif'));
      return openSlide(at('loop.tif'));
    },
  ],
  ['NOT_A_SLIDE', 'a text file', () => score(put('text.tif', 'hello, this is no slide'))],
  ['NOT_A_SLIDE', 'a folder', () => openSlide(scratch)],
  ['DRIVER_MISSING', 'a slide of a scanner without OpenSlide, as the addon says it', saysOfSlide('DRIVER_MISSING')],
  ['SLIDE_INCOMPLETE', 'a data file that is not there, as the addon says it', saysOfSlide('SLIDE_INCOMPLETE')],
  ['SLIDE_CHANGED', 'a file that is written while it is open, as the addon says it', saysOfSlide('SLIDE_CHANGED')],
  ['UNSUPPORTED_COMPRESSION', 'fax', () => openSlide(writeTiff('fax.tif', replace(TagId.compression, 4)))],
  [
    'UNSUPPORTED_PIXELS',
    'signed samples',
    () => openSlide(writeTiff('signed.tif', replace(TagId.sampleFormat, 2, 2, 2))),
  ],
  [
    'TRUNCATED',
    'half a file',
    () => {
      const bytes = readFileSync(slide);
      writeFileSync(at('half.tif'), bytes.subarray(0, bytes.length / 2));
      return score(at('half.tif'));
    },
  ],
  [
    'CORRUPT_TILE',
    'a tile of zeros',
    async () => {
      const path = writeTiff('zeros.tif', (tags) => tags);
      const bytes = readFileSync(path);
      bytes.fill(0, 8, 400);
      writeFileSync(path, bytes);
      await (await openSlide(path)).readRegion({ level: 0, x: 0, y: 0, width: 9, height: 9 });
    },
  ],
  [
    'LIMIT_EXCEEDED',
    'a region above the limit',
    async () => {
      const opened = await openSlide(slide, { limits: { requestBytes: 1000 } });
      await opened.readRegion({ level: 0, x: 0, y: 0, width: 100, height: 100 });
    },
  ],
  ['LEVEL_OUT_OF_RANGE', 'a level that is not there', () => score(slide, { level: 40 })],
  ['MPP_UNKNOWN', 'a target resolution for a slide without one', () => score(slide, { input: {}, mpp: 0.5 })],
  [
    'NO_TISSUE',
    'a mask of nothing',
    () =>
      score(slide, {
        mask: { data: new Uint8Array(4), width: 2, height: 2, level0PerPxX: 600, level0PerPxY: 600, badTiles: 0 },
      }),
  ],
  ['MODEL_INVALID', 'bytes that are no graph', () => loadModel(put('no.onnx', Buffer.alloc(99, 7)))],
  ['MODEL_MISMATCH', 'another tile size than the graph has', () => score(slide, { tile: { size: 100 } })],
  ['OUTPUT_NOT_FINITE', 'a model that gives NaN', () => score(slide, { model: put('nan.onnx', nanModel()) })],
  [
    'OUTPUT_OUT_OF_RANGE',
    'a score that is no probability, of a model that declares no range',
    () => directory(undefined, { model: put('logit.onnx', constantModel([2.29])), clip: undefined }),
  ],
  [
    'OUTPUT_SHAPE',
    'a model that gives one number for a batch',
    () => score(slide, { model: put('one.onnx', wrongShapeModel()) }),
  ],
  ['CLINICAL_MISSING', 'no age', () => clinically({ age: '', site: 'arm' })],
  ['CLINICAL_INVALID', 'an age in words', () => clinically({ age: 'old', site: 'arm' })],
  ['CLINICAL_UNKNOWN', 'a site that is none of the categories', () => clinically({ age: '60', site: 'elbow' })],
  ['RUNTIME_MISSING', 'no library at the path given', () => score(slide, { onnxRuntimePath: at('none.so') })],
  ['IMAGES_INVALID', 'a slide where an HDF5 file is expected', () => openImages(slide)],
  ['DEVICE_UNAVAILABLE', 'a GPU', () => score(slide, { device: 'cuda' })],
  [
    'DEVICE_LOST',
    'a GPU that fails at work, as the addon says it',
    () =>
      native(() =>
        Promise.reject(
          Object.assign(new Error('GPU 0 could not finish its work'), {
            code: 'DEVICE_LOST',
            stage: 'infer',
            advice: errorAdvice.DEVICE_LOST,
          }),
        ),
      ),
  ],
  [
    'OUT_OF_MEMORY',
    'a region larger than the address space',
    async () => {
      const opened = await openSlide(slide, { limits: { requestBytes: 2 ** 50 } });
      await opened.readRegion({ level: 0, x: 0, y: 0, width: 2 ** 24, height: 2 ** 24 });
    },
  ],
  ['UNSUPPORTED_PLATFORM', 'another system', elsewhere],
  ['INVALID_OPTION', 'a misspelt option', () => score(slide, { batchsize: 4 })],
  ['CSV_INVALID', 'a format file of another kind', () => directory('name;score\na.tif;1\n')],
  ['ROWS_MISMATCH', 'a slide that is not there', () => directory('filename,relapse\na.tif,0.5\nb.tif,0.5\n')],
  ['OUTPUT_EXISTS', 'an output that is there', () => directory(undefined, { output: mean })],
  ['OUTPUT_LOCKED', 'an output that another run writes', lockedOutput],
  ['RESUME_REFUSED', 'a journal of another run', resumedOtherwise],
  ['SHARD_CONFLICT', 'a shard with another grid', otherShard],
  ['SHARD_MISSING', 'a part that is not there', missingShard],
  ['DISK_FULL', 'a disk without room', fullDisk],
  ['DEADLINE', 'no time, and no fallback', () => directory(undefined, { deadline: 1 })],
  ['PIPELINE_INVALID', 'parameters of a pipeline without images', async () => compilePipeline({ name: 'p' })],
  [
    'STEP_FAILED',
    'a step of a local pipeline that ends with 1',
    () =>
      runPipelineLocally({
        pipeline: pipelineOf([stepOf('bad', 'process.exit(1)', [])]),
        images: localImages(scratch),
        folder: at('pipeline'),
      }),
  ],
  ['NETWORK', 'an address', () => openSlide(new URL('ftp://example.org/slide.tif'))],
  ['CLUSTER_REFUSED', 'a cluster that does not know this user', () => inCluster(401, {})],
  ['JOB_FAILED', 'a job that has failed', () => inCluster(200, failedJob)],
  [
    'CANCELLED',
    'a closed slide',
    async () => {
      const opened = await openSlide(slide);
      await opened.close();
      await opened.thumbnail(100);
    },
  ],
  [
    'CANCELLED',
    'a closed scorer',
    async () => {
      const scorer = await createScorer({ model: mean, input: { level: 0 } });
      const job = scorer.score(slide);
      job.catch(() => undefined);
      await scorer.close();
      await scorer.score(slide);
    },
  ],
  ['INTERNAL', 'an exception of no known kind', () => native(() => Promise.reject(new Error('a bug')))],
];

const failedJob = {
  metadata: { name: 'j' },
  kind: 'Job',
  spec: {},
  status: { conditions: [{ type: 'Failed', status: 'True' }] },
};

/** Waits for a job at a server that gives one answer to everything. */
async function inCluster(status: number, body: object): Promise<void> {
  const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const contexts = [{ name: 'c', context: { cluster: 'c', user: 'u' } }];
  const clusters = [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }];
  writeFileSync(
    at('kubeconfig'),
    JSON.stringify({ 'current-context': 'c', contexts, clusters, users: [{ name: 'u' }] }),
  );
  try {
    const cluster = await connectCluster({ kubeconfig: at('kubeconfig') });
    await waitFor(cluster, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' } });
  } finally {
    server.close();
  }
}

describe('each code, with its stage and its advice', () => {
  it.each(cases)('%s: %s', async (code, _, provoke) => {
    const error = await provoke().then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(MicrotomeError);
    const { code: raised, stage, advice, message } = error as MicrotomeError;
    expect([raised, message]).toEqual([code, expect.any(String)]);
    expect(stages).toContain(stage);
    expect(advice).not.toBe('');
    expect(message.endsWith(`; ${advice}`)).toBe(true);
    expect(message.length).toBeGreaterThan(advice.length + 2);
  });

  it('no code of the table is left out', () => {
    expect([...new Set(cases.map(([code]) => code))].sort()).toEqual(Object.keys(errorAdvice).sort());
  });

  it('clinical values that are understood make a score', async () => {
    expect(await clinically({ age: '60', site: 'leg' })).toMatchObject({ score: 60 });
  });

  it('attention keeps its place: a model that works is not refused', async () => {
    writeFileSync(at('attention.onnx'), attentionModel());
    expect(Number.isFinite((await score(slide, { model: at('attention.onnx') })).score)).toBe(true);
  });
});
