/** The zip must not be one of the files that it is made of, now or when it is made again. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';

import { MicrotomeError } from '../../core/errors.js';
import type { PackedFile } from './packed-file.js';

function refused(output: string, found: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', found, {
    path: output,
    advice: 'choose a place outside the folders that are packed for [[output]]',
  });
}

/** Throws INVALID_OPTION where the zip would lie in a folder of which every file is packed. */
export async function requireOutside(output: string, folder: string): Promise<void> {
  const [place, packed] = [await realPlace(output), await realpath(folder).catch(() => null)];
  if (place !== null && packed !== null && place.startsWith(packed === sep ? sep : `${packed}${sep}`))
    throw refused(output, `${output} lies in the folder [[runtime]]: the zip would pack itself`);
}

/** The path without links; null: its folder is not there, which is reported by whoever uses it. */
async function realPlace(path: string): Promise<string | null> {
  const folder = await realpath(dirname(path)).catch(() => null);
  return folder === null ? null : join(folder, basename(path));
}

/** Throws INVALID_OPTION where an older zip that would be replaced is among the files. */
export async function requireNotPacked(output: string, files: readonly PackedFile[]): Promise<void> {
  const old = await stat(output, { bigint: true }).catch(() => null);
  if (old === null) return;
  for (const { name, content } of files) {
    if (!('path' in content)) continue;
    const { ino, dev } = await stat(content.path, { bigint: true }).catch(() => ({ ino: null, dev: null }));
    if (ino === old.ino && dev === old.dev) throw refused(output, `${output} would be packed as ${name}`);
  }
}
