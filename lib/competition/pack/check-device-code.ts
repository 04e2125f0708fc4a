/** Checks that the libraries of a GPU stack have code for one kind of GPU. */
import { MicrotomeError } from '../../core/errors.js';
import { readDeviceCode, runsOn, type Modules } from '../../core/elf/device-code.js';
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

/** The libraries of a GPU stack that carry device code, and what could not be found out. */
export interface CheckedDeviceCode {
  readonly libraries: readonly DeviceLibrary[];
  readonly warnings: readonly string[];
}

/** `name` is `sm_37` and the like. `asked`: the caller named it, so that a stack without any device code is refused. */
export interface WantedArchitecture {
  readonly name: string;
  readonly asked: boolean;
}

/** Throws DEVICE_UNAVAILABLE where a library has code for other GPUs only, or where none has code and `wanted` was asked for. */
export async function checkDeviceCode(
  files: readonly HashedFile[],
  wanted: WantedArchitecture,
): Promise<CheckedDeviceCode> {
  const libraries: DeviceLibrary[] = [];
  const unknown: string[] = [];
  for (const { name, part, content } of files) {
    if (part !== 'runtime' || !('path' in content)) continue;
    const found = await readDeviceCode(content.path, name);
    if (found === 'unknown') unknown.push(name);
    else if (found !== 'none') libraries.push(libraryOf(name, found, Number(wanted.name.slice('sm_'.length))));
  }
  requireCode(libraries, wanted.name);
  if (libraries.length === 0 && wanted.asked)
    throw refused(
      `no library of [[runtime]] carries code for a GPU that can be found, so none has it for ${wanted.name}`,
    );
  const none = libraries.length === 0 ? ['no library of [[runtime]] carries code for a GPU that can be found'] : [];
  return { libraries, warnings: [...none, ...unknown.map(unknownText)] };
}

function unknownText(name: string): string {
  return `${name} has no table of sections: whether it carries code for a GPU is not known, and was not checked`;
}

function requireCode(libraries: readonly DeviceLibrary[], architecture: string): void {
  const bad = libraries.filter(({ machineCode, assemblyOnly }) => machineCode + assemblyOnly === 0);
  if (bad.length === 0) return;
  const list = bad.map(({ name, architectures }) => `${name} (${architectures.join(', ') || 'none at all'})`);
  throw refused(
    `these libraries have no code for ${architecture}, only for the architectures in parentheses: ${list.join('; ')}`,
  );
}

function refused(found: string): MicrotomeError {
  return new MicrotomeError('DEVICE_UNAVAILABLE', 'options', found, {
    advice: 'take builds that have code for it, or name the architecture of your GPU',
  });
}

function libraryOf(name: string, modules: Modules, wanted: number): DeviceLibrary {
  const usable = modules.map((codes) => codes.filter((code) => runsOn(code, wanted)));
  const machineCode = usable.filter((codes) => codes.some(({ kind }) => kind === 'machine')).length;
  const assemblyOnly = usable.filter((codes) => codes.length > 0).length - machineCode;
  const all = [...new Set(modules.flat().map(({ architecture }) => architecture))].sort((a, b) => a - b);
  return { name, modules: modules.length, machineCode, assemblyOnly, architectures: all.map((one) => `sm_${one}`) };
}
