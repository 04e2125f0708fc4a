/** A folder of the system for what is fetched, until the zip is written. */
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { MicrotomeError } from '../../core/errors.js';
import { ioFailure } from '../../core/io-failure.js';

const otherPlace = 'let the environment variable TMPDIR name a folder that is there, can be written and has space';

/** Calls `use` with a new folder, which is removed afterwards. Throws FILE_NOT_FOUND, FILE_UNREADABLE, DISK_FULL. */
export async function withTemporary<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'microtome-pack-')).catch((error: unknown) => {
    throw inTemporary(ioFailure(error, 'write', tmpdir()));
  });
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function inTemporary(error: unknown): unknown {
  if (!(error instanceof MicrotomeError)) return error;
  const { code, stage, path, cause } = error;
  const found = `a folder for temporary files cannot be made in ${path}`;
  return new MicrotomeError(code, stage, found, { path, cause, advice: otherPlace });
}

/** Throws DISK_FULL where less than `bytes` are free: `what` would not be whole, and npm does not always say so. */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(folder).catch((error: unknown) => {
    throw inTemporary(ioFailure(error, 'read', folder));
  });
  // Some file systems do not say how large they are.
  if (blocks === 0 || bavail * bsize >= bytes) return;
  throw noSpace(folder, `${what} takes ${inMib(bytes)}, and ${folder} has ${inMib(bavail * bsize)} free`);
}

function inMib(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}

/** The error where `folder`, a temporary one, is full. */
export function noSpace(folder: string, found: string, cause?: unknown): MicrotomeError {
  return new MicrotomeError('DISK_FULL', 'options', found, {
    path: folder,
    cause,
    advice: 'free some space there, or let the environment variable TMPDIR name another folder',
  });
}
