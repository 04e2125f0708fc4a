/**
 * Where the shared libraries are that the addon opens: libjpeg-turbo and ONNX Runtime beside the addon, libvips in its own
 * package. In a checkout, ONNX Runtime is in onnxruntime-node. Packages are looked for from this package first, then from
 * the working directory. Opens nothing; what was tried is kept for the help that goes with RUNTIME_MISSING.
 */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { packageFile, requireFrom } from '../core/package-root.js';

/** Where a library was looked for. */
export interface Search {
  /** Absolute; empty when nothing was found. */
  readonly path: string;
  readonly tried: readonly string[];
}

/** Who chose the ONNX Runtime in use: the caller, the environment, or nobody: then it came with this package or another. */
export type RuntimeOrigin = 'option' | 'environment' | 'bundled' | 'installed';

/** Where ONNX Runtime was looked for. */
export interface RuntimeSearch extends Search {
  readonly origin: RuntimeOrigin;
}

export const onnxRuntimeVariable = 'MICROTOME_ONNXRUNTIME';
export const onnxRuntimeFile: RegExp = /^libonnxruntime\.so(\.\d+)*$/;
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
function starts(): readonly string[] {
  return [packageFile('.'), process.cwd()].map((folder) => resolve(folder));
}

function origins(): readonly NodeJS.Require[] {
  return starts().map((folder) => requireFrom(join(folder, 'package.json')));
}

/** What a search for a package went through, a line for each start: the folders of the way up would fill a page. */
function waysUp(name: string): readonly string[] {
  const [own = '', working = ''] = starts();
  const isOnTheWay = own === working || own.startsWith(`${working}/`);
  return (isOnTheWay ? [own] : [own, working]).map(
    (folder) => `${join(folder, 'node_modules', name)}, and so in every folder above`,
  );
}

/** Folders where a package would be installed, nearest first: flat, nested and linked (pnpm) layouts. */
export function installFolders(name: string): readonly string[] {
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
  const tried = waysUp(name);
  for (const folders of [installFolders, resolvedFolders]) {
    for (const folder of folders(name)) {
      const path = placesIn(folder)
        .map((place) => libraryIn(place, library))
        .find((found) => found !== undefined);
      if (path !== undefined) return { path, tried };
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
export function onnxRuntimePlaces(folder: string): readonly string[] {
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
function named(path: string, origin: RuntimeOrigin): RuntimeSearch {
  const absolute = resolve(path);
  try {
    const found = statSync(absolute).isDirectory() ? libraryIn(absolute, onnxRuntimeFile) : absolute;
    return { path: found ?? '', tried: [absolute], origin };
  } catch {
    return { path: '', tried: [absolute], origin };
  }
}

/**
 * The option, else the environment variable MICROTOME_ONNXRUNTIME, else the library beside the addon, else an installed
 * package. What lies beside the addon is what this version was tested with; a package that happens to be there for somebody
 * else is not.
 * @param addonFolder where the addon itself was found, empty when unknown
 */
export function findOnnxRuntime(option: string | null, addonFolder: string): RuntimeSearch {
  if (option !== null) return named(option, 'option');
  const variable = process.env[onnxRuntimeVariable];
  if (variable !== undefined && variable !== '') return named(variable, 'environment');
  const beside = addonFolder === '' ? packageFile('prebuilds/linux-x64') : addonFolder;
  const bundled = libraryIn(beside, onnxRuntimeFile);
  const tried = [join(beside, 'libonnxruntime.so.1')];
  if (bundled !== undefined) return { path: bundled, tried, origin: 'bundled' };
  for (const name of ['onnxruntime-node', 'onnxruntime-node-linux-x64']) {
    const { path } = searchPackage(name, onnxRuntimeFile, onnxRuntimePlaces);
    if (path !== '') return { path, tried, origin: 'installed' };
  }
  return { path: '', tried: [...tried, ...waysUp('onnxruntime-node')], origin: 'bundled' };
}

/** How to get back a file of the package. npm leaves a package alone whose folder is there, whatever is missing in it. */
export function reinstallAdvice(inCheckout: string): string {
  const own = resolve(packageFile('.'));
  if (!own.includes('/node_modules/')) return `this is a checkout of the source: run ${inCheckout}`;
  return `install the package again: remove ${own}, then run npm install`;
}

/** The help that goes with a missing ONNX Runtime: what to do, then where it was looked for. */
export function onnxRuntimeMissing({ tried, origin }: RuntimeSearch): MicrotomeError {
  if (origin === 'option' || origin === 'environment') {
    const who = origin === 'option' ? optionMark('onnxRuntimePath') : `the environment variable ${onnxRuntimeVariable}`;
    return new MicrotomeError('RUNTIME_MISSING', 'infer', `${who} is ${tried.join()}, and no ONNX Runtime is there`, {
      advice: 'give the path of libonnxruntime.so or of its folder, or none: then the one of this package is used',
    });
  }
  return new MicrotomeError('RUNTIME_MISSING', 'infer', 'ONNX Runtime, which runs the models, is not there', {
    advice: reinstallAdvice('npm ci'),
    tried,
  });
}
