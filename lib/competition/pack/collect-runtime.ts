/** The files of a GPU stack: a folder with CUDA, its libraries and an ONNX Runtime that uses them. */
import { realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';

import { MicrotomeError } from '../../core/errors.js';
import { readElfFacts } from './elf/elf-facts.js';
import { fileAt, filesBelow } from './files.js';
import { ioFailure } from './failures.js';
import type { PackedFile } from './packed-file.js';

/**
 * Every file once. Packages of Linux name a library several times, by links: libx.so, libx.so.1, libx.so.1.2.3. A zip has no
 * links that every unzip makes, so the file gets the one name that programs ask for, its SONAME. Throws FILE_NOT_FOUND,
 * INVALID_OPTION for a folder without files.
 */
export async function collectRuntime(folder: string): Promise<readonly PackedFile[]> {
  const namesOf = new Map<string, string[]>();
  for (const name of await filesBelow(folder)) {
    const path = join(folder, name);
    const real = await realpath(path).catch((error: unknown) => {
      throw ioFailure(error, 'read', path);
    });
    const names = namesOf.get(real);
    if (names === undefined) namesOf.set(real, [name]);
    else names.push(name);
  }
  if (namesOf.size === 0)
    throw new MicrotomeError('INVALID_OPTION', 'options', `the folder [[runtime]], ${folder}, holds no file`, {
      path: folder,
    });
  const files: PackedFile[] = [];
  for (const [path, names] of namesOf) {
    const name = await nameFor(path, names);
    files.push(fileAt('runtime', `microtome/runtime/${name}`, path));
  }
  return files;
}

/** The name that the file gets: its SONAME in the folder of the first of its names, else that name. */
async function nameFor(path: string, names: readonly string[]): Promise<string> {
  const [first = ''] = names;
  const soname = (await readElfFacts(path, first))?.soname ?? null;
  // A SONAME with a slash in it would lead elsewhere.
  if (soname === null || !/^[\w.+-]+$/.test(soname)) return first;
  return posix.join(posix.dirname(first), soname);
}
