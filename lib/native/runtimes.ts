/**
 * Where the shared libraries are that the addon opens: libjpeg-turbo beside the addon, libvips in its own package, ONNX
 * Runtime in onnxruntime-node. Looks from this package first, then from the working directory. Opens nothing; what was
 * tried is kept for the help that goes with RUNTIME_MISSING.
 */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { packageFile } from '../core/package-root.js';

/** Where a library was looked for. */
export interface Search {
  /** Absolute; empty when nothing was found. */
  readonly path: string;
  readonly tried: readonly string[];
}

export const onnxRuntimeVariable = 'MICROTOME_ONNXRUNTIME';
const onnxRuntimeFile = /^libonnxruntime\.so(\.\d+)*$/;
const vipsFile = /^libvips-cpp\.so(\.\d+)*$/;

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The library in a folder, or undefined. */
function libraryIn(folder: string, name: RegExp): string | undefined {
  const file = filesOf(folder).find((f) => name.test(f));
  return file === undefined ? undefined : join(folder, file);
}

/** Where lookups start: this package, then the working directory. */
function origins(): readonly NodeJS.Require[] {
  return [packageFile('package.json'), join(process.cwd(), 'package.json')].map((from) => createRequire(from));
}

/** Folders where a package would be installed, nearest first: flat, nested and linked (pnpm) layouts. */
function installFolders(name: string): readonly string[] {
  const folders = origins().flatMap((require) => require.resolve.paths(name) ?? []);
  return [...new Set(folders)].map((folder) => join(folder, name));
}

/** Where the resolver itself says that a package is: for layouts without folders of packages (Plug'n'Play). */
function resolvedFolders(name: string): readonly string[] {
  return origins().flatMap((require) => {
    for (const entry of ['package.json', 'package']) {
      try {
        return [dirname(require.resolve(`${name}/${entry}`))];
      } catch {
        // Not installed, or not exported under this name.
      }
    }
    return [];
  });
}

function searchPackage(name: string, library: RegExp, placesIn: (folder: string) => readonly string[]): Search {
  const tried: string[] = [];
  for (const folders of [installFolders, resolvedFolders]) {
    for (const folder of folders(name)) {
      const path = placesIn(folder)
        .map((place) => libraryIn(place, library))
        .find((found) => found !== undefined);
      if (path !== undefined) return { path, tried };
      tried.push(folder);
    }
  }
  return { path: '', tried };
}

/** `addonFolder`: where the addon itself was found, empty when unknown. */
export function findJpeg(addonFolder: string): Search {
  const file = 'libturbojpeg.so.0';
  const beside = [addonFolder, packageFile('prebuilds/linux-x64'), packageFile('build/Release')].filter(
    (f) => f !== '',
  );
  const tried = [...new Set(beside)].map((folder) => join(folder, file));
  const path = tried.find((p) => existsSync(p));
  if (path !== undefined) return { path, tried };
  // In a checkout the library is in the package that the build copies it from.
  const inPackage = searchPackage('@julusian/jpeg-turbo', /^libturbojpeg\.so\.0$/, (folder) => [
    join(folder, 'prebuilds/jpeg-turbo-linux-x64'),
  ]);
  return { path: inPackage.path, tried: [...tried, ...inPackage.tried] };
}

export function findVips(): Search {
  return searchPackage('microtome-libvips-linux-x64', vipsFile, (folder) => [join(folder, 'lib')]);
}

/** bin/napi-v<n>/linux/x64, highest n first, then the places a platform package would use. */
function onnxRuntimePlaces(folder: string): readonly string[] {
  const version = (name: string): number => Number(/^napi-v(\d+)$/.exec(name)?.[1] ?? 0);
  const byVersion = filesOf(join(folder, 'bin'))
    .filter((f) => version(f) > 0)
    .sort((a, b) => version(b) - version(a));
  return [
    ...byVersion.map((v) => join(folder, 'bin', v, 'linux/x64')),
    join(folder, 'bin'),
    join(folder, 'lib'),
    folder,
  ];
}

/** A path that the user gave: the library, or the folder it is in. Nothing else is tried when it is wrong. */
function named(path: string, by: string): Search {
  const absolute = resolve(path);
  try {
    const found = statSync(absolute).isDirectory() ? libraryIn(absolute, onnxRuntimeFile) : absolute;
    return { path: found ?? '', tried: [`${absolute} (${by})`] };
  } catch {
    return { path: '', tried: [`${absolute} (${by})`] };
  }
}

/** The option, else the environment variable MICROTOME_ONNXRUNTIME, else an installed package. */
export function findOnnxRuntime(option: string | null): Search {
  if (option !== null) return named(option, optionMark('onnxRuntimePath'));
  const variable = process.env[onnxRuntimeVariable];
  if (variable !== undefined && variable !== '')
    return named(variable, `the environment variable ${onnxRuntimeVariable}`);
  const tried: string[] = [];
  for (const name of ['onnxruntime-node', 'onnxruntime-node-linux-x64']) {
    const search = searchPackage(name, onnxRuntimeFile, onnxRuntimePlaces);
    if (search.path !== '') return search;
    tried.push(...search.tried);
  }
  return { path: '', tried };
}

/** The help that goes with a missing ONNX Runtime. */
export function onnxRuntimeMissing(search: Search): MicrotomeError {
  const tried = search.tried.map((p) => `  ${p}`).join('\n');
  return new MicrotomeError('RUNTIME_MISSING', 'infer', `ONNX Runtime was not found. Tried:\n${tried}`, {
    advice: `install it with: npm install onnxruntime-node@1.30.0 --ignore-scripts, or pass ${optionMark('onnxRuntimePath')}, or set ${onnxRuntimeVariable} to its libonnxruntime.so`,
  });
}
