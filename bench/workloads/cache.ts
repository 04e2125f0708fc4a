/** Files made by code, once: named after what they were made from, so that a change of the options makes another file. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../paths.js';

/** Part of every name: raised when a generator draws something else from the same options. */
const GENERATION = 4;

/**
 * Path of the file that `make` writes to the path it is given. Made under another name and renamed, so that an interrupted
 * run leaves nothing that looks complete.
 */
export async function cached(
  kind: string,
  extension: string,
  recipe: unknown,
  make: (path: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([GENERATION, kind, recipe]))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheDir, 'data');
  const path = join(folder, `${kind}-${key}.${extension}`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `unfinished-${process.pid}-${kind}.${extension}`);
  try {
    await make(unfinished);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}
