/**
 * Where the libraries of a GPU may lie, in the order in which they are looked for: what the caller names, what the
 * environment names, the folder of the ONNX Runtime that was asked for, packages of npm, packages of Python, the system.
 * Opens no library.
 */

import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { installFolders, onnxRuntimePlaces, onnxRuntimeVariable } from '../runtimes.js';

/** Folders that are searched first where the option `gpu.libraries` is not given, separated by ':'. */
export const gpuLibrariesVariable = 'MICROTOME_GPU_LIBRARIES';

/** Who named a folder of libraries: the option, the environment, or where it was found. */
export type PlaceOrigin = 'option' | 'environment' | 'runtime' | 'npm' | 'python' | 'system';

/** A folder that may have libraries, and the names of the files in it. */
export interface Place {
  readonly folder: string;
  readonly origin: PlaceOrigin;
  readonly files: ReadonlySet<string>;
}

/** What the search reads of the process, so that a test can play another machine. */
export interface SearchedMachine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Begins every absolute folder of the system and of a home; empty outside tests. */
  readonly root: string;
  /** Folders of a package of npm, nearest first. */
  readonly packageFolders: (name: string) => readonly string[];
}

export const thisMachine = (): SearchedMachine => ({
  environment: process.env,
  root: '',
  packageFolders: installFolders,
});

/** A build of ONNX Runtime's provider for CUDA 13 that fits the core of onnxruntime-node 1.29. */
export const npmProvider = 'com.github.asus4.onnxruntime.linux-x64-gpu';

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The folders that match a path in which a part may be `*`, or begin or end with it. Later versions come first. */
function matching(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  let found: readonly string[] = ['/'];
  for (const part of parts) {
    if (!part.includes('*')) found = found.map((folder) => join(folder, part));
    else {
      const [before = '', after = ''] = part.split('*');
      const fits = (name: string): boolean => name.startsWith(before) && name.endsWith(after);
      const inOrder = (folder: string): readonly string[] => [...namesIn(folder)].filter(fits).sort(byVersion);
      found = found.flatMap((folder) => inOrder(folder).map((name) => join(folder, name)));
    }
  }
  return found.filter(isFolder);
}

function byVersion(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

/** Of Python: what pip puts the CUDA libraries, ONNX Runtime and TensorRT into. */
function inSitePackages(packages: string): readonly string[] {
  return [
    join(packages, 'onnxruntime/capi'),
    ...matching(join(packages, 'nvidia/*/lib')),
    join(packages, 'tensorrt_libs'),
  ];
}

/** Where Python keeps packages: of the environment that is active, of the user, of the system. */
export function sitePackages({ environment, root }: Pick<SearchedMachine, 'environment' | 'root'>): readonly string[] {
  const own = ['VIRTUAL_ENV', 'CONDA_PREFIX'].flatMap((name) => {
    const prefix = environment[name];
    return prefix === undefined || prefix === '' ? [] : matching(join(prefix, 'lib/python3*/site-packages'));
  });
  const home = environment['HOME'];
  const users = home === undefined || home === '' ? [] : matching(join(home, '.local/lib/python3*/site-packages'));
  const systems = ['site-packages', 'dist-packages'].flatMap((name) => [
    ...matching(join(root, '/usr/local/lib/python3*', name)),
    ...matching(join(root, '/usr/lib/python3*', name)),
  ]);
  return [...own, ...users, ...systems];
}

function pythonFolders(machine: SearchedMachine): readonly string[] {
  return sitePackages(machine).flatMap(inSitePackages);
}

function systemFolders({ environment, root }: SearchedMachine): readonly string[] {
  const conda = environment['CONDA_PREFIX'];
  return [
    ...foldersOf(environment['LD_LIBRARY_PATH']),
    ...(conda === undefined || conda === '' ? [] : [join(conda, 'lib')]),
    ...['/usr/local/cuda/lib64', '/usr/local/cuda-*/lib64', '/usr/local/nvidia/lib64', '/usr/local/lib'].flatMap(
      (folder) => matching(join(root, folder)),
    ),
    ...['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib/wsl/lib'].map((folder) => join(root, folder)),
  ];
}

function npmFolders({ packageFolders }: SearchedMachine): readonly string[] {
  return [
    ...packageFolders('onnxruntime-node').flatMap(onnxRuntimePlaces),
    ...packageFolders(npmProvider).flatMap((folder) => [
      ...matching(join(folder, 'Plugins/*/*')),
      ...matching(join(folder, 'Plugins/*')),
      folder,
    ]),
  ];
}

/** `a:b` is two folders. */
export function foldersOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(':').filter((folder) => folder !== '');
}

/** The folder of a path that names a library or its folder. */
function runtimeFolder(path: string): string {
  return isFolder(path) ? path : dirname(path);
}

/** The places that the option, or else the environment, names; `libraries` is null where the option is not given. */
export function namedPlaces(libraries: readonly string[] | null, { environment }: SearchedMachine): readonly Place[] {
  return libraries === null
    ? distinct([['environment', foldersOf(environment[gpuLibrariesVariable])]])
    : distinct([['option', libraries]]);
}

/** The places that there are, each once. `libraries` and `runtime` are options; null: not given. */
export function gpuPlaces(
  libraries: readonly string[] | null,
  runtime: string | null,
  machine: SearchedMachine = thisMachine(),
): readonly Place[] {
  const asked = runtime ?? machine.environment[onnxRuntimeVariable] ?? '';
  const others = distinct([
    ['runtime', asked === '' ? [] : [runtimeFolder(resolve(asked))]],
    ['npm', npmFolders(machine)],
    ['python', pythonFolders(machine)],
    ['system', systemFolders(machine)],
  ]);
  const named = namedPlaces(libraries, machine);
  return [...named, ...others.filter(({ folder }) => named.every((each) => each.folder !== folder))];
}

function distinct(all: readonly (readonly [PlaceOrigin, readonly string[]])[]): readonly Place[] {
  const places = new Map<string, Place>();
  for (const [origin, folders] of all) {
    for (const folder of folders.map((each) => resolve(each))) {
      if (places.has(folder)) continue;
      const files = new Set(namesIn(folder).filter((name) => name.includes('.so')));
      // What was named is kept, so that a message can say that nothing was in it.
      if (files.size > 0 || origin === 'option' || origin === 'environment')
        places.set(folder, { folder, origin, files });
    }
  }
  return [...places.values()];
}
