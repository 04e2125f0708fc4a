/** Which devices a caller's choice stands for, best first, and why others are not among them. Opens the driver, nothing else. */

import type { NativeAddon } from '../contract.js';
import { cpuRequest, type NativeDeviceRequest, type NativeGpu, type NativeGpuReport } from '../device-request.js';
import type { DeviceChoice, DeviceId, DeviceUse } from '../device-types.js';
import { processorName } from '../processor.js';
import { findOnnxRuntime } from '../runtimes.js';
import { findLibrary, needsOf } from './needs.js';
import { gpuPlaces, namedPlaces, thisMachine, type Place, type SearchedMachine } from './places.js';
import { cudaText, findNvjpeg, findStacks, type GpuProvider, type GpuStack } from './stack.js';

/** What the search is asked for: options as parsed. */
export interface DeviceWish {
  readonly device: DeviceChoice;
  readonly onnxRuntimePath: string | null;
  readonly gpu: {
    readonly tf32: boolean;
    readonly fp16: boolean;
    readonly graphs: boolean;
    readonly decode: 'auto' | 'cpu' | 'nvjpeg';
    readonly memoryLimitBytes: number;
    readonly cache: string | null;
    readonly libraries: readonly string[] | null;
    readonly plugin: string | null;
  };
}

/** A device that may be tried. */
export interface DeviceCandidate {
  readonly request: NativeDeviceRequest;
  readonly use: Omit<DeviceUse, 'gpusSeen' | 'asked' | 'reasons'>;
}

export interface Candidates {
  /** GPUs that the driver shows. */
  readonly gpusSeen: number;
  readonly candidates: readonly DeviceCandidate[];
  /** Why what was looked for is not among them. */
  readonly reasons: readonly string[];
}

export interface DeviceProbe {
  /** Asks the driver; `driver` is a path, or empty for the one that the loader finds. */
  readonly report: (driver: string) => Promise<NativeGpuReport>;
  readonly machine: SearchedMachine;
}

/** Everything that a look for GPUs found. */
export interface FoundGpus {
  readonly report: NativeGpuReport;
  /** Empty where there is no GPU. */
  readonly places: readonly Place[];
  readonly driver: string;
}

/** A driver in a folder that the caller names comes before the system's. */
export async function findGpus(
  wish: Pick<DeviceWish, 'onnxRuntimePath'> & { readonly gpu: Pick<DeviceWish['gpu'], 'libraries'> },
  probe: DeviceProbe,
): Promise<FoundGpus> {
  const driver = findLibrary('libcuda.so.1', namedPlaces(wish.gpu.libraries, probe.machine)) ?? '';
  const report = await probe.report(driver);
  const places = report.reason === '' ? gpuPlaces(wish.gpu.libraries, wish.onnxRuntimePath, probe.machine) : [];
  return { report, places, driver };
}

const cpuCandidate = (): DeviceCandidate => ({
  request: cpuRequest,
  use: { id: 'cpu', kind: 'cpu', name: processorName(), precision: 'float32', identity: 'cpu' },
});

/** The candidates of a choice. Of `auto` the last one is the CPU; of another choice there may be none. */
export async function candidatesOf(wish: DeviceWish, probe: DeviceProbe): Promise<Candidates> {
  const { device } = wish;
  if (device === 'cpu') return { gpusSeen: 0, candidates: [cpuCandidate()], reasons: [] };
  if (device.startsWith('plugin:')) return plugin(device.slice('plugin:'.length), wish, probe.machine);
  const provider: GpuProvider = device.startsWith('tensorrt') ? 'tensorrt' : 'cuda';
  const found = await gpuCandidates(provider, device, wish, await findGpus(wish, probe));
  return device === 'auto' ? { ...found, candidates: [...found.candidates, cpuCandidate()] } : found;
}

async function plugin(
  name: string,
  { onnxRuntimePath, gpu }: DeviceWish,
  machine: SearchedMachine,
): Promise<Candidates> {
  const path = gpu.plugin ?? '';
  const places = gpuPlaces(gpu.libraries, null, machine).filter(({ origin }) => origin === 'option');
  const preload = places.length === 0 ? [] : (await needsOf([path], places)).order;
  const runtime = findOnnxRuntime(onnxRuntimePath, '').path;
  const request = { ...cpuRequest, kind: 'plugin' as const, runtime, preload, pluginName: name, pluginPath: path };
  const id: DeviceId = `plugin:${name}`;
  const use = { id, kind: 'plugin', name, precision: 'float32', identity: `${id} (${path})` } as const;
  return { gpusSeen: 0, candidates: [{ request, use }], reasons: [] };
}

async function gpuCandidates(
  provider: GpuProvider,
  device: DeviceChoice,
  wish: DeviceWish,
  found: FoundGpus,
): Promise<Candidates> {
  const { report, places, driver } = found;
  const gpusSeen = report.gpus.length;
  if (report.reason !== '') return { gpusSeen, candidates: [], reasons: [report.reason] };
  const gpus = wantedGpus(device, report.gpus);
  if (gpus.length === 0)
    return {
      gpusSeen,
      candidates: [],
      reasons: [`the driver shows ${countText(report.gpus.length)}, numbered from 0, and ${device} is not among them`],
    };
  const stacks = await findStacks(provider, places, report.cudaVersion);
  if (stacks.length === 0) return { gpusSeen, candidates: [], reasons: [noProvider(provider, places)] };
  const request = { ...requestOf(wish, provider, gpus), driver, nvjpeg: findNvjpeg(places, report.cudaVersion) };
  const candidates = stacks
    .filter(({ reason }) => reason === '')
    .map(
      (stack): DeviceCandidate => ({
        request: withStack(request, stack),
        use: useOf(device, wish, gpus, report, stack),
      }),
    );
  return {
    gpusSeen,
    candidates,
    reasons: stacks.filter(({ reason }) => reason !== '').map((stack) => `${stack.path}: ${stack.reason}`),
  };
}

function wantedGpus(device: DeviceChoice, gpus: readonly NativeGpu[]): readonly NativeGpu[] {
  const ordinal = /:(\d+)$/.exec(device)?.[1];
  return ordinal === undefined ? gpus : gpus.filter((gpu) => gpu.ordinal === Number(ordinal));
}

const countText = (count: number): string => (count === 1 ? '1 GPU' : `${count} GPUs`);

export function noProvider(provider: GpuProvider, places: readonly Place[]): string {
  return `libonnxruntime_providers_${provider}.so, which runs models on the GPU, is in none of ${places.length} folders`;
}

function requestOf({ gpu }: DeviceWish, kind: GpuProvider, gpus: readonly NativeGpu[]): NativeDeviceRequest {
  const { tf32, fp16, graphs, decode, memoryLimitBytes, cache } = gpu;
  const ordinals = gpus.map(({ ordinal }) => ordinal);
  return {
    ...cpuRequest,
    kind,
    ordinals,
    tf32,
    fp16,
    cudaGraph: graphs,
    decode,
    memoryLimitBytes,
    engineCache: cache ?? '',
  };
}

function withStack(request: NativeDeviceRequest, stack: GpuStack): NativeDeviceRequest {
  const { runtime, providerFiles, preload } = stack;
  return { ...request, runtime, providerFiles, preload };
}

/** Equal names once, with how many there are. */
export function gpuNames(gpus: readonly Pick<NativeGpu, 'name'>[]): string {
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)).join(', ');
}

function useOf(
  device: DeviceChoice,
  { gpu }: DeviceWish,
  gpus: readonly NativeGpu[],
  { cudaVersion }: NativeGpuReport,
  { provider, runtimeVersion }: GpuStack,
): DeviceCandidate['use'] {
  const id: DeviceId = device === 'auto' ? provider : (device as DeviceId);
  const precision = gpu.fp16 ? 'float16' : gpu.tf32 ? 'tf32' : 'float32';
  const name = gpuNames(gpus);
  const kinds = [...new Set(gpus.map((each) => `${each.name} ${each.computeCapability.join('.')}`))].sort().join(', ');
  // How many GPUs of a kind share the batches changes no score, so that a run may go on with another number of them.
  const identity = `${provider} on ${kinds}, driver of CUDA ${cudaText(cudaVersion)}, ONNX Runtime ${runtimeVersion}, ${precision}`;
  return { id, kind: provider, name, precision, identity };
}

/** The machine that this process runs on. */
export function deviceProbe({ gpuReport }: Pick<NativeAddon, 'gpuReport'>, freeMemory = false): DeviceProbe {
  return { report: (driver) => gpuReport({ driver, freeMemory }), machine: thisMachine() };
}
