/**
 * Installs a package with npm into a folder. The only place of the library that starts another program: it runs when
 * somebody packs a submission, and never while slides are scored. npm knows its registry, its cache and how a package is
 * checked, so we open no connection ourselves.
 */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { MicrotomeError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { noSpace } from './temporary.js';

const run = promisify(execFile);
const maxOutputBytes = 2 ** 24;
const maxReasonLength = 300;

/** Runs a program to its end and gives what it printed. */
export async function outputOf(file: string, args: readonly string[], signal: AbortSignal | null): Promise<string> {
  const { stdout } = await run(file, args, { maxBuffer: maxOutputBytes, ...(signal === null ? {} : { signal }) });
  return stdout;
}

/** Installs `name` of exactly `version`; gives its folder. No script of it runs. Throws RUNTIME_MISSING, NETWORK, DISK_FULL. */
export async function npmInstall(
  name: string,
  version: string,
  folder: string,
  signal: AbortSignal | null,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  // Settings of a surrounding npm must not turn this into an installation elsewhere, or into none.
  const place = ['--global=false', '--location=project', '--workspaces=false'];
  const whole = ['--dry-run=false', '--package-lock-only=false'];
  const plain = [...place, ...whole, '--ignore-scripts', '--no-save', '--no-package-lock'];
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  try {
    await outputOf('npm', ['install', ...plain, ...quiet, '--prefix', folder, `${name}@${version}`], signal);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw npmFailure(`${name}@${version}`, folder, error);
  }
  return join(folder, 'node_modules', name);
}

function npmFailure(what: string, folder: string, error: unknown): MicrotomeError {
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
  const other = 'pass [[node]], the path of a Node.js for Linux x64';
  if (code === 'ENOENT')
    return new MicrotomeError('RUNTIME_MISSING', 'options', `npm, which fetches ${what}, was not found`, {
      cause: error,
      advice: `install npm, or ${other}`,
    });
  const lines = stderr.split('\n').filter((line) => !line.includes('A complete log of this run'));
  const reason = printable(lines.join(' ').trim()).slice(0, maxReasonLength) || `exit code ${String(code)}`;
  if (/\b(?:ENOSPC|EDQUOT)\b/.test(stderr)) return noSpace(folder, `npm could not write ${what}: ${reason}`, error);
  return new MicrotomeError('NETWORK', 'options', `npm could not fetch ${what}: ${reason}`, {
    cause: error,
    advice: `check the connection and the settings of npm, or ${other}`,
  });
}
