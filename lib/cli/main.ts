#!/usr/bin/env node
/** The program: joins the commands to this process's streams and signals. The only file here that knows the process. */
import { exitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import { library } from './library.js';
import { runCli } from './run.js';

/** An interrupted run has so long to stop its work; its journal is on disk already. */
const kGraceMs = 1800;

const interruption = new AbortController();
let stdoutClosed = false;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stdoutClosed = true;
  // A run that writes a file goes on without its reader; all else has nobody to work for.
  if (!io.writesFile) interruption.abort();
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(exitCode.interrupted);
    interruption.abort();
    setTimeout(() => process.exit(exitCode.interrupted), kGraceMs).unref();
  });
}

const io: CliIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
  stdoutClosed: () => stdoutClosed,
  library,
  writesFile: false,
};
// Set, not called: what is still on its way to the streams is written before the process ends.
void runCli(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
