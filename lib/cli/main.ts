#!/usr/bin/env node
/** The program: joins the commands to this process's streams and signals. The only file here that knows the process. */
import { exitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import { library } from './library.js';
import { runCli } from './run.js';
import { printable } from './text.js';

/** An interrupted run has so long to stop its work; its journal is on disk already. */
const kGraceMs = 1800;

const interruption = new AbortController();
let stdoutClosed = false;
/** What was written to stdout did not get there, and somebody wanted it. */
let stdoutLost = false;
let endedWith: number | null = null;

/** Set, not called: what is still on its way to the streams is written before the process ends. */
function setExitCode(): void {
  if (endedWith !== null) process.exitCode = stdoutLost ? exitCode.internal : endedWith;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (stdoutClosed) return;
  stdoutClosed = true;
  if (error.code !== 'EPIPE') {
    stdoutLost = true;
    const reason = error.code ?? error.message;
    process.stderr.write(`microtome: cannot write to stdout (${printable(reason)}); check where it is redirected to\n`);
  }
  // A run that writes a file goes on without its reader; all else has nobody to work for.
  if (!io.writesFile) interruption.abort();
  setExitCode();
});
// Where nothing can be said any more the work goes on: its result is not on stderr.
process.stderr.on('error', () => {});

// A bug; whoever reports it is asked for the stack.
process.on('uncaughtException', (error: unknown) => {
  const found = error instanceof Error ? error : new Error(String(error));
  const stack = process.argv.includes('--verbose') ? `\n${found.stack ?? ''}` : '';
  process.stderr.write(`microtome: INTERNAL: ${printable(found.message)}; report this with --verbose${stack}\n`, () =>
    process.exit(exitCode.internal),
  );
});

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(exitCode.interrupted);
    interruption.abort();
    if (!io.finishesOnSignal) setTimeout(() => process.exit(exitCode.interrupted), kGraceMs).unref();
  });
}

const io: CliIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
  stdoutClosed: () => stdoutClosed,
  library,
  writesFile: false,
  finishesOnSignal: false,
};
void runCli(process.argv.slice(2), io).then((code) => {
  endedWith = code;
  setExitCode();
});
