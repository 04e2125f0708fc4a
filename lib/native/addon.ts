/**
 * Loads the addon, once for each JavaScript context, on first use: importing the package opens nothing. The only place
 * that does so.
 */

import { dirname } from 'node:path';

import { optionMark } from '../core/option-names.js';
import { fromNative, MicrotomeError } from '../core/errors.js';
import { packageFile, requireFrom } from '../core/package-root.js';
import type { NativeAddon } from './contract.js';
import { platform, requirePlatform } from './platform.js';
import { findOpenslide, openslideMissing, type OpenslideSearch } from './openslide.js';
import { findJpeg, findOnnxRuntime, findVips, onnxRuntimeMissing, reinstallAdvice } from './runtimes.js';

interface NodeGypBuild {
  (folder: string): unknown;
  resolve(folder: string): string;
}

let addon: Promise<NativeAddon> | undefined;
/** Where the addon was found; empty until it is loaded. */
let addonFolder = '';
let onnxRuntimeInUse: string | undefined;
let openslideInUse: string | undefined;

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The help that goes with an addon that is not there or does not load. */
function helpPage(found: string, cause: unknown): MicrotomeError {
  return new MicrotomeError('RUNTIME_MISSING', 'options', `${found}: ${reasonOf(cause).split('\n')[0] ?? ''}`, {
    cause,
    advice: reinstallAdvice('npm run build'),
    tried: [packageFile('build/Release'), packageFile('prebuilds')],
  });
}

/** From the package itself, also where this module is in a bundle. */
const ownRequire = (): NodeJS.Require => requireFrom(packageFile('package.json'));

/** Where the addon's file is. Throws RUNTIME_MISSING. */
export function addonPath(): string {
  try {
    const nodeGypBuild = ownRequire()('node-gyp-build') as NodeGypBuild;
    return nodeGypBuild.resolve(packageFile('.'));
  } catch (error) {
    throw helpPage('the native addon was not found', error);
  }
}

/** Each step takes milliseconds; other work of the caller runs between them. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function load(): Promise<NativeAddon> {
  requirePlatform(platform());
  await breathe();
  const path = addonPath();
  await breathe();
  let loaded: NativeAddon;
  try {
    loaded = ownRequire()(path) as NativeAddon;
  } catch (error) {
    throw helpPage(`the native addon ${path} does not load`, error);
  }
  // process.exit() runs the destructors of all libraries while threads may still be inside them.
  process.once('exit', () => loaded.halt());
  await breathe();
  addonFolder = dirname(path);
  // An empty path leaves a library unnamed; the first that is named wins for the process.
  loaded.setPaths({ jpeg: findJpeg(addonFolder).path, vips: findVips().path, onnxRuntime: '' });
  return loaded;
}

/** The addon, with the codec libraries named to it. Rejects with UNSUPPORTED_PLATFORM, RUNTIME_MISSING. */
export function loadAddon(): Promise<NativeAddon> {
  if (addon === undefined) {
    addon = load();
    // What was missing may be installed later.
    addon.catch(() => {
      addon = undefined;
    });
  }
  return addon;
}

/**
 * Names ONNX Runtime to the addon; `option` is the caller's path or null. Throws RUNTIME_MISSING with what was tried,
 * INVALID_OPTION when the process uses another one already.
 */
export function nameOnnxRuntime(to: NativeAddon, option: string | null): void {
  if (option === null && onnxRuntimeInUse !== undefined) return;
  const search = findOnnxRuntime(option, addonFolder);
  if (search.path === '') throw onnxRuntimeMissing(search);
  if (onnxRuntimeInUse !== undefined && onnxRuntimeInUse !== search.path) {
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      `${optionMark('onnxRuntimePath')} is ${search.path}, but this process uses ${onnxRuntimeInUse} already`,
    );
  }
  to.setPaths({ jpeg: '', vips: '', onnxRuntime: search.path });
  onnxRuntimeInUse = search.path;
}

/**
 * Names OpenSlide to the addon; `option` is the caller's path. Throws DRIVER_MISSING where no library is there,
 * INVALID_OPTION when the process uses another one already.
 */
export function nameOpenslide(to: NativeAddon, option: string): void {
  const search = findOpenslide(option);
  if (search.path === '') throw openslideMissing(search);
  use(to, search.path);
}

/** The OpenSlide that was named to the addon by this thread; undefined: none yet. */
export function openslideNamed(): string | undefined {
  return openslideInUse;
}

/**
 * For an opening that failed because OpenSlide is not there, and began when `before` was named: looks for it where nobody has
 * named one yet, and names it to the addon. False: the addon knows nothing new. Throws DRIVER_MISSING where the environment
 * names a path and no library is there.
 */
export function findOpenslideFor(to: NativeAddon, before: string | undefined): boolean {
  // Slides that are opened at one time fail together, and the first of them finds it for all.
  if (openslideInUse !== before) return true;
  if (openslideInUse !== undefined) return false;
  const search = findOpenslide(null);
  if (search.path === '' && search.origin === 'environment') throw openslideMissing(search);
  if (search.path === '') return false;
  use(to, search.path);
  return true;
}

/**
 * Where OpenSlide is, as far as can be said without opening it; of one that this thread uses already its path alone. `option` is
 * the caller's path. Throws DRIVER_MISSING where the option names a path and no library is there.
 */
export function searchOpenslide(option: string | null): Pick<OpenslideSearch, 'path' | 'origin' | 'tried'> {
  if (option === null && openslideInUse !== undefined) return { path: openslideInUse, origin: 'system', tried: [] };
  const search = findOpenslide(option);
  if (search.path === '' && search.origin === 'option') throw openslideMissing(search);
  return search;
}

function use(to: NativeAddon, openslide: string): void {
  try {
    to.setPaths({ jpeg: '', vips: '', onnxRuntime: '', openslide });
  } catch (error) {
    throw fromNative(error);
  }
  openslideInUse = openslide;
}
