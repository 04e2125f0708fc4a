/** Reads a GeoJSON file and has it parsed on a thread of its own: JSON.parse cannot be cut into turns. */
import { Worker } from 'node:worker_threads';

import { runJob, unlessAborted } from '../core/cancel.js';
import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import { packageFile } from '../core/package-root.js';
import { printable } from '../core/printable.js';
import { piecesOf } from '../core/regular-file.js';
import type { FileRules } from '../core/regular-file.js';
import type { FlatPolygons, GeoJsonAnswer } from './geojson-worker.js';

const maxFileBytes = 64 * 2 ** 20;
/**
 * Several times what JSON.parse makes of the largest file that the worker parses: a thread that comes to this limit may
 * take the process with it.
 */
const maxHeapMb = 4096;

function rulesOf(path: string, signal: AbortSignal | null): FileRules {
  const advice = {
    kind: 'pass the path of a GeoJSON file',
    size: 'simplify its polygons',
    changed: 'pass it when it is written',
  };
  return {
    maxBytes: maxFileBytes,
    signal,
    refuse: (found, why) =>
      new MicrotomeError(
        why === 'size' ? 'LIMIT_EXCEEDED' : 'FILE_UNREADABLE',
        'tissue',
        `the mask ${path} is ${found}`,
        { path, advice: advice[why] },
      ),
  };
}

/** The bytes of a mask file, in pieces. Throws FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED. */
export async function* maskFilePieces(
  path: string,
  signal: AbortSignal | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* piecesOf(path, rulesOf(path, signal));
  } catch (error) {
    signal?.throwIfAborted();
    throw fromFileSystem(error, 'tissue', path, 'the mask');
  }
}

function answerOf(worker: Worker): Promise<GeoJsonAnswer> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('messageerror', reject);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without an answer')));
  });
}

/** Nothing of the host's is handed to the thread, and nothing that it may print reaches the host's streams. */
function startWorker(pieces: readonly Uint8Array[]): Worker {
  return new Worker(packageFile('dist/slide/geojson-worker.js'), {
    name: 'microtome GeoJSON',
    workerData: pieces,
    transferList: pieces.map((piece) => piece.buffer as ArrayBuffer),
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
}

async function parse(pieces: readonly Uint8Array[], signal: AbortSignal | null): Promise<GeoJsonAnswer> {
  const worker = startWorker(pieces);
  try {
    return await runJob(signal, () => ({ result: answerOf(worker), cancel: () => void worker.terminate() }));
  } finally {
    await worker.terminate();
  }
}

let parsing: Promise<unknown> = Promise.resolve();

/** Files are parsed one at a time, because each may need gigabytes while it is. */
async function inTurn<T>(signal: AbortSignal | null, work: () => Promise<T>): Promise<T> {
  const before = parsing;
  let done = (): void => undefined;
  parsing = Promise.all([before, new Promise<void>((resolve) => (done = resolve))]);
  try {
    await unlessAborted(signal, before, () => undefined);
    return await work();
  } finally {
    done();
  }
}

const whatMaskFilesAre =
  'pass a GeoJSON file; the pixels of a mask image are passed to the API, as { data, width, height }';

/** Throws FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED, and INVALID_OPTION naming the place. */
export async function readGeoJson(path: string, signal: AbortSignal | null): Promise<FlatPolygons> {
  const answer = await inTurn(signal, async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of maskFilePieces(path, signal)) pieces.push(piece);
    return parse(pieces, signal);
  });
  if ('polygons' in answer) return answer.polygons;
  if ('tooMany' in answer) {
    throw new MicrotomeError(
      'LIMIT_EXCEEDED',
      'tissue',
      `the mask ${path} has more than ${answer.tooMany} lists and objects`,
      { path, advice: 'simplify its polygons' },
    );
  }
  const found =
    'notJson' in answer
      ? // What the parser says may quote line breaks and bytes of a picture.
        `The mask ${path} is not valid JSON (${printable(answer.notJson.slice(0, 200))})`
      : `The GeoJSON mask ${path} is not valid at ${answer.fault.at}: ${answer.fault.found}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { path, advice: whatMaskFilesAre });
}
