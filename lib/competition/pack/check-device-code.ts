/** Checks that the libraries of a GPU stack have code for one kind of GPU. */
import { MicrotomeError } from '../../core/errors.js';
import { readDeviceCode, runsOn, type DeviceCode } from './elf/device-code.js';
import type { HashedFile } from './packed-file.js';

/** A library of a GPU stack that carries device code. */
export interface DeviceLibrary {
  /** Its path in the zip. */
  readonly name: string;
  /** Modules of device code in it. */
  readonly modules: number;
  /** Modules with machine code that the GPU runs as it is. */
  readonly machineCode: number;
  /** Modules that have assembly (PTX) only. The driver compiles it when the program starts, if it knows that version of PTX. */
  readonly assemblyOnly: number;
  /** The architectures of all its code, such as `sm_35`. */
  readonly architectures: readonly string[];
}

/** `architecture` is `sm_37` and the like. Throws DEVICE_UNAVAILABLE where a library has code for other GPUs only. */
export async function checkDeviceCode(
  files: readonly HashedFile[],
  architecture: string,
): Promise<readonly DeviceLibrary[]> {
  const wanted = Number(architecture.slice('sm_'.length));
  const libraries: DeviceLibrary[] = [];
  for (const { name, part, content } of files) {
    if (part !== 'runtime' || !('path' in content)) continue;
    const modules = await readDeviceCode(content.path, name);
    if (modules !== null) libraries.push(libraryOf(name, modules, wanted));
  }
  const bad = libraries.filter(({ machineCode, assemblyOnly }) => machineCode + assemblyOnly === 0);
  if (bad.length === 0) return libraries;
  const list = bad.map(({ name, architectures }) => `${name} (${architectures.join(', ') || 'none at all'})`);
  throw new MicrotomeError(
    'DEVICE_UNAVAILABLE',
    'options',
    `these libraries have no code for ${architecture}, only for the architectures in parentheses: ${list.join('; ')}`,
    { advice: 'take builds that have code for it, or name the architecture of your GPU' },
  );
}

function libraryOf(name: string, modules: readonly (readonly DeviceCode[])[], wanted: number): DeviceLibrary {
  const usable = modules.map((codes) => codes.filter((code) => runsOn(code, wanted)));
  const machineCode = usable.filter((codes) => codes.some(({ kind }) => kind === 'machine')).length;
  const assemblyOnly = usable.filter((codes) => codes.length > 0).length - machineCode;
  const all = [...new Set(modules.flat().map(({ architecture }) => architecture))].sort((a, b) => a - b);
  return { name, modules: modules.length, machineCode, assemblyOnly, architectures: all.map((one) => `sm_${one}`) };
}
