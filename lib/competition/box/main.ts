#!/usr/bin/env node
/**
 * The program of the box, started by competition/main.py with the folder that has the model: joins the run to the streams, the
 * signals and the environment of this process. The only file here that knows them.
 */
import { lstat, readdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { devices, loadModel, scoreDirectory } from '../../index.js';
import { boxExit, runBox } from './box-run.js';
import { BoxLog } from './log.js';
import { memoryLimitOf } from './machine-limits.js';

/** A run that is interrupted has so long to stop its work; a complete table is in place already. */
const kGraceMs = 5000;

/** The clock of time.monotonic() in main.py: a change of the machine's date does not move it. */
const nowMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** What main.py says of its own start, on that clock. Without it this process is its own beginning. */
const saidMs = Number(process.env['MICROTOME_BOX_STARTED'] ?? Number.NaN);
const isStarted = Number.isFinite(saidMs);
const startedMs = isStarted ? Math.min(saidMs, nowMs()) : nowMs();
const elapsedMs = (): number => nowMs() - startedMs;

// Where nobody reads, the work goes on: its result is a file.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
const log = new BoxLog((line) => process.stdout.write(line), elapsedMs);

// A bug. Its message may name a file, so the code is all that is told.
process.on('uncaughtException', () => {
  log.failed('INTERNAL');
  process.exit(boxExit.failed);
});

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    stop.abort(new Error(name));
    setTimeout(() => {
      log.failed('INTERRUPTED');
      process.exit(boxExit.interrupted);
    }, kGraceMs).unref();
  });
}

// main.py holds the other end and never writes. When it is killed the end closes, and this process dies as suddenly: a run
// that nobody watches would hold the lock against the next one.
if (isStarted) process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume();

/** What cannot be looked at counts as there. */
async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/** The runtime that was packed for devices other than the CPU. */
async function packedRuntime(folder: string): Promise<string | null> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.some((name) => name.startsWith('libonnxruntime.so')) ? folder : null;
}

const folder = resolve(process.argv[2] ?? '.');
const settings = {
  bundle: join(folder, 'model'),
  data: resolve('data'),
  output: resolve('submission.csv'),
  runtime: await packedRuntime(join(folder, 'runtime')),
  memoryLimit: memoryLimitOf(totalmem(), process.constrainedMemory() ?? 0),
  deadline: process.env['MICROTOME_BOX_DEADLINE'] ?? null,
  elapsedMs,
  isThere,
};
process.exit(await runBox(settings, { devices, loadModel, scoreDirectory }, log, stop));
