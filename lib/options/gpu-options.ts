/** Options of a GPU as parsed, and which of them go with which device. */
import { optionMark } from '../core/option-names.js';
import type { DeviceChoice } from '../native/devices.js';
import { foldersOf } from '../native/gpu/places.js';
import { contradiction } from './check.js';
import { defaults } from './defaults.js';
import type { Parsed } from './parse.js';
import type { GpuDecode, GpuOptions } from './types.js';

export interface ParsedGpuOptions {
  readonly tf32: boolean;
  readonly fp16: boolean;
  readonly graphs: boolean;
  readonly decode: GpuDecode;
  /** 0: none. */
  readonly memoryLimitBytes: number;
  readonly cache: string | null;
  /** Folders; null: not given. */
  readonly libraries: readonly string[] | null;
  readonly plugin: string | null;
}

/** Throws INVALID_OPTION. */
export function parseGpu(given: GpuOptions | null, device: DeviceChoice): ParsedGpuOptions {
  const o = (given ?? {}) as Partial<Parsed<GpuOptions>>;
  const plugin = o.plugin ?? null;
  const isPlugin = device.startsWith('plugin:');
  if (isPlugin && plugin === null)
    throw contradiction(
      `${optionMark('device')} is '${device}', which needs ${optionMark('gpu.plugin')}, the path of the library that has it`,
    );
  if (!isPlugin && plugin !== null)
    throw contradiction(
      `${optionMark('gpu.plugin')} was given, which is for a device 'plugin:<name>', but ${optionMark('device')} is '${device}'`,
    );
  requireKind(o, device);
  return Object.freeze({
    tf32: o.tf32 ?? defaults.gpu.tf32,
    fp16: o.fp16 ?? defaults.gpu.fp16,
    graphs: o.graphs ?? defaults.gpu.graphs,
    decode: o.decode ?? defaults.gpu.decode,
    memoryLimitBytes: o.memoryLimit ?? 0,
    cache: o.cache ?? null,
    libraries: o.libraries === undefined || o.libraries === null ? null : foldersOf(o.libraries),
    plugin,
  });
}

/** Throws INVALID_OPTION: pixels of nvJPEG are not those that `reproducible` promises. */
export function requireDecode({ decode }: ParsedGpuOptions, reproducible: boolean): void {
  if (decode !== 'nvjpeg' || !reproducible) return;
  throw contradiction(
    `${optionMark('gpu.decode', 'nvjpeg')} needs ${optionMark('reproducible', 'false')}: it decodes to other pixels than the CPU`,
  );
}

/** An option that would have no effect is refused. Throws INVALID_OPTION. */
function requireKind(o: Partial<Parsed<GpuOptions>>, device: DeviceChoice): void {
  const refuse = (name: string, devices: string): never => {
    throw contradiction(`${optionMark(name)} is for ${devices}, but ${optionMark('device')} is '${device}'`);
  };
  if (!device.startsWith('tensorrt')) {
    if (o.fp16 === true) refuse('gpu.fp16', "'tensorrt'");
    if ((o.cache ?? null) !== null) refuse('gpu.cache', "'tensorrt'");
  }
  if (device !== 'cpu' && !device.startsWith('plugin:')) return;
  if (o.tf32 === true) refuse('gpu.tf32', 'a GPU');
  if (o.graphs === true) refuse('gpu.graphs', 'a GPU');
  if ((o.memoryLimit ?? null) !== null) refuse('gpu.memoryLimit', 'a GPU');
  if ((o.decode ?? 'auto') !== 'auto') refuse('gpu.decode', 'a GPU');
}
