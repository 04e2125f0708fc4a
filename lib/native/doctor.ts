/** Opens everything that scoring needs and reports on it, for `microtome doctor`. Never rejects. */

import { dirname } from 'node:path';

import { pathOf } from '../core/file-url.js';
import { packageFile } from '../core/package-root.js';
import { addonPath, findOpenslideFor, loadAddon, nameOnnxRuntime, nameOpenslide, openslideNamed } from './addon.js';
import type { NativeDoctor } from './contract.js';
import { deviceProbe } from './gpu/driver-probe.js';
import { gpuDoctor, type GpuDoctorReport } from './gpu/gpu-report.js';
import { foldersOf } from './gpu/places.js';
import { findOpenslide, type OpenslideSearch } from './openslide.js';
import { platform, platformFault } from './platform.js';
import type { Platform } from './platform.js';
import { findJpeg, findOnnxRuntime, findVips } from './runtimes.js';
import type { RuntimeSearch, Search } from './runtimes.js';

/** What works here and what does not. */
export interface DoctorReport {
  readonly platform: Platform;
  /** Empty when the platform can run the addon. */
  readonly platformFault: string;
  readonly addon: { readonly path: string; readonly error: string };
  /** Where each library was looked for; `path` is empty when it was not found. */
  readonly searches: {
    readonly jpeg: Search;
    readonly vips: Search;
    readonly onnxRuntime: RuntimeSearch;
    readonly openslide: OpenslideSearch;
  };
  /** The file with the licences of what the package carries: ONNX Runtime, libjpeg-turbo, the codecs. */
  readonly notices: string;
  /** GPUs, their driver and the libraries that use them; null when the addon does not load. */
  readonly gpu: GpuDoctorReport | null;
  /** What the libraries say of themselves; null when the addon does not load. */
  readonly libraries: NativeDoctor | null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Loaded {
  readonly report: NativeDoctor | null;
  readonly gpu: GpuDoctorReport | null;
  readonly error: string;
}

async function librariesOf(
  onnxRuntimePath: string | null,
  openslidePath: string | null,
  folders: string | undefined,
): Promise<Loaded> {
  try {
    const addon = await loadAddon();
    try {
      nameOnnxRuntime(addon, onnxRuntimePath);
    } catch {
      // The search below says what was tried; the other libraries are still worth a report.
    }
    try {
      if (openslidePath === null) findOpenslideFor(addon, openslideNamed());
      else nameOpenslide(addon, openslidePath);
    } catch {
      // The search says what was tried of OpenSlide too.
    }
    const libraries = folders === undefined ? null : foldersOf(folders);
    // Before the GPUs, whose driver may not answer for a while.
    const report = await addon.doctor();
    const gpu = await gpuDoctor(libraries, onnxRuntimePath, deviceProbe(addon, true));
    return { report, gpu, error: '' };
  } catch (error) {
    return { report: null, gpu: null, error: messageOf(error) };
  }
}

/** An address that is no path is reported as a path that is not there. */
function namedPath(given: string | URL | undefined): string | null {
  if (given === undefined) return null;
  try {
    return pathOf(given);
  } catch {
    return String(given);
  }
}

/**
 * Looks for every library that scoring needs, opens it and reports on it. Never rejects.
 *
 * @example
 * ```ts
 * const { libraries } = await doctor();
 * console.log(libraries?.onnxRuntime.version);
 * ```
 */
export async function doctor(
  options: {
    readonly onnxRuntimePath?: string | URL;
    readonly openslidePath?: string | URL;
    readonly gpu?: { readonly libraries?: string };
  } = {},
): Promise<DoctorReport> {
  const found = platform();
  const option = namedPath(options.onnxRuntimePath);
  const openslide = namedPath(options.openslidePath);
  let path = '';
  try {
    path = addonPath();
  } catch {
    // loadAddon() below fails with the same error and its help.
  }
  const { report, gpu, error } = await librariesOf(option, openslide, options.gpu?.libraries);
  const addonFolder = path === '' ? '' : dirname(path);
  return {
    platform: found,
    platformFault: platformFault(found) ?? '',
    addon: { path, error },
    searches: {
      jpeg: findJpeg(addonFolder),
      vips: findVips(),
      onnxRuntime: findOnnxRuntime(option, addonFolder),
      openslide: findOpenslide(openslide),
    },
    notices: packageFile('THIRD-PARTY-NOTICES.md'),
    gpu,
    libraries: report,
  };
}
