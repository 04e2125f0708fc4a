/**
 * Where OpenSlide is, which reads the slides that are no TIFF: where the caller says, where the environment says, in PyPI's
 * package openslide-bin, in the system. Opens no library.
 */

import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { foldersOf, sitePackages, thisMachine, type SearchedMachine } from './gpu/places.js';
import type { Search } from './runtimes.js';

/** The path of the library, or of its folder, where the option `openslidePath` is not given. */
export const openslideVariable = 'MICROTOME_OPENSLIDE';

/** Who named OpenSlide, or where it was found. */
export type OpenslideOrigin = 'option' | 'environment' | 'python' | 'system';

/** Where OpenSlide was looked for. */
export interface OpenslideSearch extends Search {
  readonly origin: OpenslideOrigin;
}

/** The name that version 4 and newer have. */
const openslideFile = 'libopenslide.so.1';
const otherNames = /^libopenslide[^/]*\.so(?:\.\d+)*$/;

function libraryIn(folder: string): string | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return undefined;
  }
  return names.includes(openslideFile) ? join(folder, openslideFile) : undefined;
}

/** A path that the user gave: the library, or the folder it is in. Nothing else is tried when it is wrong. */
function named(path: string, origin: OpenslideOrigin): OpenslideSearch {
  const absolute = resolve(path);
  const tried = [absolute];
  try {
    if (!statSync(absolute).isDirectory()) return { path: absolute, tried, origin };
    // Of a folder that was named a library of another name, or an older one, is taken: opening it says what it is.
    const other = readdirSync(absolute)
      .sort()
      .find((name) => otherNames.test(name));
    return { path: libraryIn(absolute) ?? (other === undefined ? '' : join(absolute, other)), tried, origin };
  } catch {
    return { path: '', tried, origin };
  }
}

function systemFolders({ environment, root }: SearchedMachine): readonly string[] {
  const conda = environment['CONDA_PREFIX'];
  return [
    ...foldersOf(environment['LD_LIBRARY_PATH']),
    ...(conda === undefined || conda === '' ? [] : [join(conda, 'lib')]),
    ...['/usr/local/lib', '/usr/local/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'].map(
      (folder) => join(root, folder),
    ),
  ];
}

/** The option, else the environment variable MICROTOME_OPENSLIDE, else openslide-bin, else the system. */
export function findOpenslide(option: string | null, machine: SearchedMachine = thisMachine()): OpenslideSearch {
  if (option !== null) return named(option, 'option');
  const variable = machine.environment[openslideVariable];
  if (variable !== undefined && variable !== '') return named(variable, 'environment');
  const packages = sitePackages(machine).map((folder) => join(folder, 'openslide_bin'));
  const places: readonly (readonly [OpenslideOrigin, readonly string[]])[] = [
    ['python', packages],
    ['system', systemFolders(machine)],
  ];
  for (const [origin, folders] of places) {
    for (const folder of folders) {
      const path = libraryIn(folder);
      if (path !== undefined) return { path, tried: [], origin };
    }
  }
  return { path: '', tried: places.flatMap(([, folders]) => folders), origin: 'system' };
}

/** Where a path was named and no library is there. */
export function openslideMissing({ tried, origin }: OpenslideSearch): MicrotomeError {
  const who = origin === 'option' ? optionMark('openslidePath') : `the environment variable ${openslideVariable}`;
  return new MicrotomeError('DRIVER_MISSING', 'slide', `${who} is ${tried.join()}, and no OpenSlide is there`, {
    advice: `give the path of ${openslideFile} or of its folder (pip install openslide-bin), or none: then it is looked for`,
  });
}
