/** Temporary folders, a file system with faults, and a scorer that needs no model: shared by the tests of this folder. */
import { createHash } from 'node:crypto';
import * as fsp from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach } from 'vitest';
import { MicrotomeError, type ErrorCode, type Stage } from '../../lib/core/errors.js';
import { withJson } from '../../lib/core/plain-json.js';
import type { Model, ModelAssumptions, TileInput } from '../../lib/model/model.js';
import type { SlideScoreOptions } from '../../lib/options/types.js';
import { defaultClip, type ClipRange, type ReadPolicy, type SlideResult } from '../../lib/scoring/result.js';
import { isClipped } from '../../lib/scoring/score-range.js';
import type { FileSystem } from '../../lib/runs/file-system.js';
import type { RowScorer } from '../../lib/runs/score-rows.js';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await fsp.rm(folder, { recursive: true, force: true });
});

export async function temporaryFolder(): Promise<string> {
  const folder = await fsp.realpath(await fsp.mkdtemp(join(tmpdir(), 'microtome-test-')));
  folders.push(folder);
  return folder;
}

/** Writes a file into a fresh folder and returns its path. */
export async function fileWith(content: string | Uint8Array, name = 'file.csv'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await fsp.writeFile(path, content);
  return path;
}

/** The error of a promise that must reject with ours; fails the test otherwise. */
export async function failureOf(promise: Promise<unknown>): Promise<MicrotomeError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MicrotomeError) return error;
    throw error;
  }
  throw new Error('the promise resolved; it was to reject');
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

export type Operation = 'open' | 'write' | 'sync' | 'datasync' | 'close' | 'link' | 'rename' | 'unlink';

/**
 * The real file system, with `before` called ahead of each operation; what it throws is what the operation throws. For
 * operations on an open file, `path` is the path it was opened with; for a rename or a link it is the new name.
 */
export function faultyFileSystem(before: (operation: Operation, path: string, flags?: string) => void): FileSystem {
  return gatedFileSystem(async (operation, path, flags) => before(operation, path, flags));
}

/** The same, where `before` may also wait: each operation stands still until it has resolved. */
export function gatedFileSystem(
  before: (operation: Operation, path: string, flags?: string) => Promise<void>,
): FileSystem {
  const open: typeof fsp.open = async (path, flags, mode) => {
    await before('open', String(path), String(flags));
    const handle = await fsp.open(path, flags, mode);
    return new Proxy(handle, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        const call = (...args: unknown[]): unknown => (value as (...a: unknown[]) => unknown).apply(target, args);
        if (key !== 'write' && key !== 'sync' && key !== 'datasync' && key !== 'close') return call;
        return async (...args: unknown[]) => {
          await before(key, String(path), String(flags));
          return await call(...args);
        };
      },
    });
  };
  return {
    ...fsp,
    open,
    link: async (from, to) => {
      await before('link', String(to));
      await fsp.link(from, to);
    },
    rename: async (from, to) => {
      await before('rename', String(to));
      await fsp.rename(from, to);
    },
    unlink: async (path) => {
      await before('unlink', String(path));
      await fsp.unlink(path);
    },
  };
}

export interface FakeScorerSettings {
  readonly fallback?: number | null;
  /** Declared, where it is given. */
  readonly clip?: ClipRange | null;
  readonly assumed?: ModelAssumptions;
  /** Of the metadata, that the model reads. */
  readonly columns?: readonly string[];
  /** Of the metadata, that the fallback depends on. */
  readonly fallbackBy?: string;
  readonly sha256?: string;
  /** By file name: the code a slide fails with. */
  readonly failing?: Readonly<Record<string, ErrorCode>>;
  readonly delayMs?: (name: string) => number;
  readonly score?: (name: string) => number;
  /** By file name: what else a result has than resultOf() gives. */
  readonly result?: (name: string, options: SlideScoreOptions) => Partial<SlideResult>;
  /** Of the failures; 'decode' unless told. */
  readonly failingStage?: Stage;
}

export interface FakeScorer extends RowScorer {
  readonly calls: { readonly path: string; readonly options: SlideScoreOptions }[];
  closed: boolean;
  inFlight: number;
  maxInFlight: number;
}

/** A score that depends on the name alone, with all its 53 bits used. */
export function scoreOfName(name: string): number {
  const digest = createHash('sha256').update(name).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

export function fakeModel(settings: FakeScorerSettings = {}): Model {
  const input: TileInput = {
    name: 'input',
    sizePx: 8,
    stridePx: 8,
    mpp: 1,
    level: null,
    edge: 'pad',
    layout: 'NCHW',
    channels: 'RGB',
    type: 'float32',
    scale: 1,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };
  return {
    name: 'fake',
    kind: 'bundle',
    path: '/nowhere',
    sha256: settings.sha256 ?? 'a'.repeat(64),
    card: null,
    intendedUse: 'tests',
    inputs: [input],
    images: [],
    clinical: [],
    columns: settings.columns ?? [],
    graphs: [],
    input,
    outputs: [
      {
        name: 'relapse',
        clip: settings.clip === undefined ? defaultClip : settings.clip,
        clipDeclared: settings.clip !== undefined,
        fallback: settings.fallback === undefined ? 0.25 : settings.fallback,
        fallbackBy: settings.fallbackBy ?? null,
      },
    ],
    graph: { path: '/nowhere/model.onnx', inputs: [], outputs: [] },
    warnings: [],
    assumed: settings.assumed ?? null,
  } as Model;
}

/** Of a result that has one. */
export function readOf(result: SlideResult): ReadPolicy {
  if (result.read === null) throw new Error('the result has read no tiles');
  return result.read;
}

export function resultOf(path: string, score: number): SlideResult {
  return withJson({
    path,
    score,
    unclipped: score,
    clipped: false,
    outputs: { relapse: Float64Array.of(score) },
    clip: defaultClip,
    read: { level: 0, mpp: 1, policy: 'mpp-exact' as const, scale: 1, jpegReduction: 1, sampled: null },
    reads: {},
    selection: [],
    colour: null,
    tileCount: 4,
    stopping: null,
    decodedTiles: 4,
    badTiles: 0,
    missingTiles: 0,
    tissueFraction: 0.5,
    timings: { elapsedMs: 1, stages: [] },
    warnings: [],
    model: { name: 'fake', sha256: 'a'.repeat(64), intendedUse: 'tests' },
    assumed: null,
    device: { id: 'cpu', name: 'A processor', precision: 'float32' },
    reproducible: true,
  });
}

export function fakeScorer(settings: FakeScorerSettings = {}): FakeScorer {
  const scorer: FakeScorer = {
    model: fakeModel(settings),
    calls: [],
    closed: false,
    inFlight: 0,
    maxInFlight: 0,
    async score(path, options) {
      const name = basename(path);
      scorer.calls.push({ path, options });
      scorer.maxInFlight = Math.max(scorer.maxInFlight, ++scorer.inFlight);
      try {
        await interruptible(settings.delayMs?.(name) ?? 0, options.signal);
        const code = settings.failing?.[name];
        const stage = settings.failingStage ?? 'decode';
        if (code !== undefined) throw new MicrotomeError(code, stage, `made to fail: ${name}`, { path });
        options.onProgress?.({
          stage: 'infer',
          slides: { done: 0, total: 1 },
          tiles: { done: 4, total: 4 },
          tilesPerSecond: 1,
          elapsedMs: 1,
          timeLeftMs: 0,
        });
        const more = settings.result?.(name, options) ?? {};
        const score = (settings.score ?? scoreOfName)(name);
        const { clip } = settings;
        const held = clip === undefined ? {} : { clip, clipped: isClipped(score, { clip, clipDeclared: true }) };
        return { ...resultOf(path, score), ...held, ...more };
      } finally {
        --scorer.inFlight;
      }
    },
    async close() {
      scorer.closed = true;
    },
  };
  return scorer;
}

function interruptible(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
    return undefined;
  });
}

export interface Area {
  readonly folder: string;
  readonly slides: string;
  readonly format: string;
  readonly metadata: string;
  readonly output: string;
  readonly names: readonly string[];
}

/** A folder like the competition's: slides (any bytes will do), the format in another order, and metadata. */
export async function competitionArea(count = 5): Promise<Area> {
  const folder = await temporaryFolder();
  const slides = join(folder, 'data');
  await fsp.mkdir(slides);
  const names = Array.from({ length: count }, (_, i) => `${String((i * 7) % count)}abcdef${i}.tif`);
  for (const name of names) await fsp.writeFile(join(slides, name), `slide ${name}`);
  const format = join(slides, 'submission_format.csv');
  const metadata = join(slides, 'test_metadata.csv');
  await fsp.writeFile(format, `filename,relapse\n${names.map((n) => `${n},0.5\n`).join('')}`);
  const rows = names.map((n, i) => `${n},[${30 + 2 * i}:${32 + 2 * i}[,1,${i % 2 ? 'trunc' : 'trunk'},,0.2${i}\n`);
  await fsp.writeFile(metadata, `filename,age,sex,body_site,melanoma_history,resolution\n${rows.join('')}`);
  return { folder, slides, format, metadata, output: join(folder, 'submission.csv'), names };
}
