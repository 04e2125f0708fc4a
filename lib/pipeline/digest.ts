/** Digests of files and folders by their content. */
import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fromFileSystem, MicrotomeError } from '../core/errors.js';
import { piecesOf } from '../core/regular-file.js';

const mostFiles = 100_000;

/**
 * SHA-256 of files, and of the files in folders: of their names below what was named, and of their bytes. Neither times
 * nor rights count. Links and special files are refused. Rejects with FILE_NOT_FOUND, FILE_UNREADABLE, INVALID_OPTION.
 */
export async function digestOf(paths: readonly string[], signal: AbortSignal | null = null): Promise<string> {
  const whole = createHash('sha256');
  let count = 0;
  for (const path of paths)
    for (const [name, file] of await filesOf(path)) {
      count += 1;
      if (count > mostFiles) throw refused(path, `more than ${mostFiles} files`);
      whole.update(`${JSON.stringify(name)} ${await digestOfFile(file, signal)}\n`);
    }
  return whole.digest('hex');
}

function refused(path: string, found: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', `${path} is ${found}`, { path });
}

async function digestOfFile(path: string, signal: AbortSignal | null): Promise<string> {
  const hash = createHash('sha256');
  const rules = {
    maxBytes: Number.MAX_SAFE_INTEGER,
    refuse: (found: string) => refused(path, found),
    followLinks: false,
    signal,
  };
  try {
    for await (const piece of piecesOf(path, rules)) hash.update(piece);
  } catch (error) {
    throw signal?.aborted === true ? error : fromFileSystem(error, 'options', path, 'the file');
  }
  return hash.digest('hex');
}

/** Names and paths of the files of a folder, in the order of the names; of a file, itself. */
async function filesOf(path: string): Promise<readonly (readonly [string, string])[]> {
  try {
    if (!(await lstat(path)).isDirectory()) return [[basename(path), path]];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    return files.map((file) => [file.slice(path.length + 1), file] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  } catch (error) {
    throw fromFileSystem(error, 'options', path, 'the file');
  }
}
