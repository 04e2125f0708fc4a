/** The files of a GPU stack: a folder with CUDA, its libraries and an ONNX Runtime that uses them. */
import { realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';

import { MicrotomeError } from '../../core/errors.js';
import { driverLibraries } from './box.js';
import { readElfFacts, type ElfFacts } from '../../core/elf/elf-facts.js';
import { fileAt, filesBelow } from './files.js';
import { ioFailure } from '../../core/io-failure.js';
import type { PackedFile } from './packed-file.js';

/** The files of a GPU stack, and what was left out of it. */
export interface RuntimeFiles {
  readonly files: readonly PackedFile[];
  readonly warnings: readonly string[];
}

interface StackFile {
  readonly path: string;
  /** Its names below the folder; links give it several. The first one in the order of the alphabet comes first. */
  readonly names: readonly [string, ...string[]];
  /** Null: it is no binary. */
  readonly facts: ElfFacts | null;
}

/**
 * Every file once. Packages of Linux name a library several times, by links: libx.so, libx.so.1, libx.so.1.2.3. A zip has no
 * links that every unzip makes, so the file gets the one name that programs ask for, its SONAME. Libraries of the driver are left
 * out: those of a toolkit are stubs without code. Throws FILE_NOT_FOUND, INVALID_OPTION for a folder without files.
 */
export async function collectRuntime(folder: string): Promise<RuntimeFiles> {
  const found = await filesOf(folder);
  const ofDriver = found.filter(isOfDriver);
  const taken = found.filter((file) => !isOfDriver(file));
  if (taken.length === 0)
    throw new MicrotomeError('INVALID_OPTION', 'options', `the folder [[runtime]], ${folder}, holds no file to pack`, {
      path: folder,
    });
  const needed = new Set(taken.flatMap(({ facts }) => facts?.needed ?? []));
  return {
    files: taken.map((file) => fileAt('runtime', `microtome/runtime/${nameFor(file, needed)}`, file.path)),
    warnings: ofDriver.map(
      ({ names: [name] }) => `${name} of [[runtime]] is left out: the driver of the GPU brings this library`,
    ),
  };
}

async function filesOf(folder: string): Promise<readonly StackFile[]> {
  const namesOf = new Map<string, [string, ...string[]]>();
  for (const name of await filesBelow(folder)) {
    const path = join(folder, name);
    const real = await realpath(path).catch((error: unknown) => {
      throw ioFailure(error, 'read', path);
    });
    const names = namesOf.get(real);
    if (names === undefined) namesOf.set(real, [name]);
    else names.push(name);
  }
  const files: StackFile[] = [];
  for (const [path, names] of namesOf) files.push({ path, names, facts: await readElfFacts(path, names[0]) });
  return files;
}

function isOfDriver({ names, facts }: StackFile): boolean {
  return [...names.map((name) => posix.basename(name)), facts?.soname ?? ''].some((name) => driverLibraries.has(name));
}

/** The name that the file gets: its SONAME where the folder or a binary calls it so, else the first of its names. */
function nameFor({ names, facts }: StackFile, needed: ReadonlySet<string>): string {
  const [first] = names;
  const soname = facts?.soname ?? null;
  if (soname === '.' || soname === '..')
    throw new MicrotomeError('INVALID_OPTION', 'options', `the SONAME of ${first} is ${soname}, which names a folder`, {
      advice: 'remove the file, or take another build of it',
    });
  if (soname === null) return first;
  const own = names.find((name) => posix.basename(name) === soname);
  if (own !== undefined) return own;
  // A SONAME with a slash in it would lead elsewhere.
  return needed.has(soname) && /^[\w.+-]+$/.test(soname) ? posix.join(posix.dirname(first), soname) : first;
}
