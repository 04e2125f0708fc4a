/** Where a model can run. */

import { totalmem } from 'node:os';

import { loadAddon } from './addon.js';
import type { NativeGpu, NativeGpuReport } from './device-request.js';
import { findGpus, type DeviceProbe } from './gpu/candidates.js';
import { deviceProbe } from './gpu/driver-probe.js';
import { foldersOf } from './gpu/places.js';
import { cudaText, findStacks, type GpuProvider } from './gpu/stack.js';
import { processorName } from './processor.js';

export type { DeviceChoice, DeviceId, DeviceUse } from './device-types.js';

/** The processor. */
export interface CpuDevice {
  /** What to pass as `device`. */
  readonly id: 'cpu';
  readonly kind: 'cpu';
  /** The processor's own name, for people. */
  readonly name: string;
  /** Cores that this process may use: the affinity mask, and no more than a container's limit. As many score by default. */
  readonly cores: number;
  /** Memory of the machine, in bytes. */
  readonly memoryBytes: number;
}

/** A GPU, by one of the two ways to use it. */
export interface GpuDevice {
  /** What to pass as `device`. */
  readonly id: `cuda:${number}` | `tensorrt:${number}`;
  readonly kind: GpuProvider;
  readonly name: string;
  /** `3.7` of a Tesla K80. */
  readonly computeCapability: string;
  /** Memory of the GPU, in bytes. */
  readonly memoryBytes: number;
  /** Memory that nobody uses at this moment, in bytes; null where the driver does not say it. */
  readonly freeMemoryBytes: number | null;
  /** What names this GPU on every machine, also to CUDA_VISIBLE_DEVICES. */
  readonly uuid: string;
  /** The newest CUDA that the driver knows, such as `11.4`. */
  readonly driverCuda: string;
}

/** Where {@link devices} looks. */
export interface DevicesOptions {
  /** `libraries` as of {@link GpuOptions}. */
  readonly gpu?: { readonly libraries?: string };
}

/** A device that `device` can name. */
export type Device = CpuDevice | GpuDevice;

/**
 * The devices that this machine has and whose libraries were found: the CPU first, then each GPU by CUDA, then by TensorRT. Opens the
 * driver, and looks for the rest without opening it: that a device is here does not say that a model runs on it. What is not
 * here, and why, is in {@link doctor}.
 *
 * @throws {@link MicrotomeError} UNSUPPORTED_PLATFORM, RUNTIME_MISSING when the addon does not load.
 */
export async function devices(options: DevicesOptions = {}): Promise<readonly Device[]> {
  const addon = await loadAddon();
  const cpu: CpuDevice = {
    id: 'cpu',
    kind: 'cpu',
    name: processorName(),
    cores: addon.cores(),
    memoryBytes: totalmem(),
  };
  const libraries = options.gpu?.libraries;
  const gpus = await gpuDevices(deviceProbe(addon, true), libraries === undefined ? null : foldersOf(libraries));
  return Object.freeze([cpu, ...gpus].map((device) => Object.freeze(device)));
}

/** Each GPU by each provider that may be used. */
export async function gpuDevices(
  probe: DeviceProbe,
  libraries: readonly string[] | null = null,
): Promise<readonly GpuDevice[]> {
  const wish = { onnxRuntimePath: null, gpu: { libraries } };
  const { report, places } = await findGpus(wish, probe);
  if (report.reason !== '') return [];
  const found: GpuDevice[] = [];
  for (const provider of ['cuda', 'tensorrt'] as const) {
    const stacks = await findStacks(provider, places, report.cudaVersion);
    if (stacks.some(({ reason }) => reason === ''))
      found.push(...report.gpus.map((gpu) => deviceOf(gpu, provider, report)));
  }
  return found;
}

function deviceOf(gpu: NativeGpu, kind: GpuProvider, { cudaVersion }: NativeGpuReport): GpuDevice {
  const { ordinal, name, memoryBytes, freeMemoryBytes, uuid } = gpu;
  const id: GpuDevice['id'] = `${kind}:${ordinal}`;
  const computeCapability = gpu.computeCapability.join('.');
  return { id, kind, name, computeCapability, memoryBytes, freeMemoryBytes, uuid, driverCuda: cudaText(cudaVersion) };
}
