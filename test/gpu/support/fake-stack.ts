/** Folders with libraries of a GPU, made byte by byte, and drivers that say what a test wants. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DeviceProbe, DeviceWish } from '../../../lib/native/gpu/candidates.js';
import type { NativeGpu, NativeGpuReport } from '../../../lib/native/device-request.js';
import type { SearchedMachine } from '../../../lib/native/gpu/places.js';
import { deviceCode, elfFile, type Code, type ElfParts } from '../../competition/support/elf-file.js';

/** A folder of its own for a test. */
export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'microtome-gpu-'));
  environment: Record<string, string> = {};
  packages: Record<string, string[]> = {};

  /** A library in a folder below the root; its path. */
  library(folder: string, name: string, parts: ElfParts = {}): string {
    const path = join(this.root, folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, elfFile({ soname: name, ...parts }));
    return path;
  }

  folder(path: string): string {
    return join(this.root, path);
  }

  get searched(): SearchedMachine {
    return {
      environment: this.environment,
      root: this.root,
      packageFolders: (name) => (this.packages[name] ?? []).map((folder) => join(this.root, folder)),
    };
  }

  probe(report: NativeGpuReport): DeviceProbe & { readonly asked: string[] } {
    const asked: string[] = [];
    return {
      asked,
      machine: this.searched,
      report: async (driver) => {
        asked.push(driver);
        return report;
      },
    };
  }
}

export const k80: NativeGpu = {
  ordinal: 0,
  name: 'Tesla K80',
  computeCapability: [3, 7],
  memoryBytes: 11 * 2 ** 30,
  freeMemoryBytes: null,
  uuid: 'GPU-00000000-0000-0000-0000-000000000001',
};
export const h200: NativeGpu = { ...k80, name: 'NVIDIA H200', computeCapability: [9, 0], memoryBytes: 139 * 2 ** 30 };

export const noDriver: NativeGpuReport = {
  path: 'libcuda.so.1',
  cudaVersion: 0,
  gpus: [],
  reason: 'no driver of NVIDIA is here',
};

/** `cudaVersion` as the driver says it: 13000 is 13.0. */
export function driverOf(cudaVersion: number, ...gpus: readonly NativeGpu[]): NativeGpuReport {
  return { path: 'libcuda.so.1', cudaVersion, gpus: gpus.map((gpu, ordinal) => ({ ...gpu, ordinal })), reason: '' };
}

export function wish(
  device: DeviceWish['device'],
  more: Partial<DeviceWish> = {},
  gpu: Partial<DeviceWish['gpu']> = {},
): DeviceWish {
  const plain = {
    tf32: false,
    fp16: false,
    graphs: false,
    decode: 'auto',
    memoryLimitBytes: 0,
    cache: null,
    libraries: null,
    plugin: null,
  } as const;
  return { device, onnxRuntimePath: null, reproducible: true, ...more, gpu: { ...plain, ...gpu } };
}

/** What the provider of a CUDA version names, as the builds do that were looked at. */
const needs: Readonly<Record<number, readonly string[]>> = {
  12: ['libcublasLt.so.12', 'libcublas.so.12', 'libcudnn.so.9', 'libcurand.so.10', 'libcufft.so.11', 'libcudart.so.12'],
  13: ['libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10', 'libcudart.so.13', 'libcuda.so.1', 'libc.so.6'],
};

/** The runtime with its provider in one folder, as the package of Python has them. */
export function runtimeOf(
  machine: Machine,
  folder: string,
  cuda: 12 | 13,
  version: string,
  codes: readonly Code[] = [],
): string {
  machine.library(folder, `libonnxruntime.so.${version}`, { versions: [`VERS_${version}`] });
  machine.library(folder, 'libonnxruntime_providers_shared.so');
  const sections = codes.length === 0 ? {} : { '.nv_fatbin': deviceCode([codes]) };
  return machine.library(folder, 'libonnxruntime_providers_cuda.so', { needed: needs[cuda] ?? [], sections });
}

/** The libraries that the provider names, in folders as pip makes them. */
export function cudaOf(machine: Machine, packages: string, cuda: 12 | 13): void {
  const put = (part: string, name: string, needed: readonly string[] = []): string =>
    machine.library(`${packages}/nvidia/${part}/lib`, name, { needed });
  put('cublas', `libcublasLt.so.${cuda}`, ['libc.so.6']);
  put('cublas', `libcublas.so.${cuda}`, [`libcublasLt.so.${cuda}`]);
  put('curand', 'libcurand.so.10');
  put('cuda_runtime', `libcudart.so.${cuda}`);
  put('cudnn', 'libcudnn.so.9', [`libcublas.so.${cuda}`]);
  if (cuda === 12) put('cufft', 'libcufft.so.11');
}
