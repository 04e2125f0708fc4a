/** Which devices a caller's choice stands for, best first, and why others are not among them. Opens the driver, nothing else. */

import { cpuRequest, type NativeDeviceRequest, type NativeGpu, type NativeGpuReport } from '../device-request.js';
import type { DeviceChoice, DeviceId, DeviceUse } from '../device-types.js';
import { fileText } from '../file-text.js';
import { processorName } from '../processor.js';
import { findOnnxRuntime } from '../runtimes.js';
import { gpuNames, kindOf, ofBestKind, type ChosenGpus } from './gpu-kinds.js';
import { findLibrary, needsOf } from './needs.js';
import { gpuPlaces, namedPlaces, type Place, type SearchedMachine } from './places.js';
import { cudaText, findNvjpeg, findStacks, type GpuProvider, type GpuStack } from './stack.js';

/** What the search is asked for: options as parsed. */
export interface DeviceWish {
  readonly device: DeviceChoice;
  readonly onnxRuntimePath: string | null;
  /** Whether the same work is to give the same bits again. */
  readonly reproducible: boolean;
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
  readonly use: Omit<DeviceUse, 'gpusSeen' | 'asked' | 'reasons' | 'notes'>;
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
  use: {
    id: 'cpu',
    kind: 'cpu',
    name: processorName(),
    precision: 'float32',
    reproducible: true,
    identity: 'cpu',
    gpus: 0,
  },
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
  const identity = `${id} (${path}): ${await filesText([path, runtime, ...preload])}`;
  // What the plug-in computes in, and whether in the same way each time, is not known.
  const use = { id, kind: 'plugin', name, precision: 'float32', reproducible: false, identity, gpus: 0 } as const;
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
  const { gpus, reasons: others } = wantedGpus(device, provider, report.gpus);
  if (gpus.length === 0)
    return {
      gpusSeen,
      candidates: [],
      reasons: [`the driver shows ${countText(report.gpus.length)}, numbered from 0, and ${device} is not among them`],
    };
  const stacks = await findStacks(provider, places, report.cudaVersion);
  if (stacks.length === 0) return { gpusSeen, candidates: [], reasons: [...others, noProvider(provider, places)] };
  const request = { ...requestOf(wish, provider, gpus), driver, nvjpeg: findNvjpeg(places, report.cudaVersion) };
  const candidates: DeviceCandidate[] = [];
  for (const stack of stacks.filter(({ reason }) => reason === '')) {
    const asked = withStack(request, stack);
    candidates.push({ request: asked, use: await useOf(device, wish, gpus, report, stack, asked) });
  }
  const unfit = stacks.filter(({ reason }) => reason !== '').map((stack) => `${stack.path}: ${stack.reason}`);
  return { gpusSeen, candidates, reasons: [...others, ...unfit] };
}

/** The GPU that was named by number, else all of the best kind. */
function wantedGpus(device: DeviceChoice, provider: GpuProvider, gpus: readonly NativeGpu[]): ChosenGpus {
  const ordinal = /:(\d+)$/.exec(device)?.[1];
  if (ordinal === undefined) return ofBestKind(gpus, provider);
  return { gpus: gpus.filter((gpu) => gpu.ordinal === Number(ordinal)), reasons: [] };
}

const countText = (count: number): string => (count === 1 ? '1 GPU' : `${count} GPUs`);

export function noProvider(provider: GpuProvider, places: readonly Place[]): string {
  return `libonnxruntime_providers_${provider}.so, which runs models on the GPU, is in none of ${places.length} folders`;
}

function requestOf(
  { gpu, reproducible }: DeviceWish,
  kind: GpuProvider,
  gpus: readonly NativeGpu[],
): NativeDeviceRequest {
  const { tf32, fp16, graphs, decode, memoryLimitBytes, cache } = gpu;
  const ordinals = gpus.map(({ ordinal }) => ordinal);
  return {
    ...cpuRequest,
    kind,
    ordinals,
    reproducible,
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

async function useOf(
  device: DeviceChoice,
  { gpu, reproducible }: DeviceWish,
  gpus: readonly NativeGpu[],
  { cudaVersion }: NativeGpuReport,
  { provider, runtimeVersion }: GpuStack,
  { runtime, providerFiles, preload, nvjpeg }: NativeDeviceRequest,
): Promise<DeviceCandidate['use']> {
  const id: DeviceId = device === 'auto' ? provider : (device as DeviceId);
  const precision = gpu.fp16 ? 'float16' : gpu.tf32 ? 'tf32' : 'float32';
  const name = gpuNames(gpus);
  const kinds = [...new Set(gpus.map(kindOf))].sort().join(', ');
  // nvJPEG decodes nothing that is to be reproducible.
  const decoder = reproducible || gpu.decode === 'cpu' || nvjpeg === '' ? [] : [nvjpeg];
  const files = await filesText([runtime, ...providerFiles, ...preload, ...decoder]);
  // How many GPUs of a kind share the batches changes no score, so that a run may go on with another number of them.
  const identity = `${provider} on ${kinds}, driver of CUDA ${cudaText(cudaVersion)}, ONNX Runtime ${runtimeVersion}, ${precision}: ${files}`;
  const isFixed =
    provider === 'cuda' && precision === 'float32' && !gpus.some((each) => mayRound(each, runtimeVersion));
  return { id, kind: provider, name, precision, reproducible: reproducible && isFixed, identity, gpus: gpus.length };
}

/** Before 1.18 the CUDA provider leaves TF32 to the libraries, which use it from compute capability 8.0 on. */
function mayRound({ computeCapability: [major] }: NativeGpu, runtimeVersion: string): boolean {
  const [first = 0, second = 0] = runtimeVersion.split('.').map(Number);
  return major >= 8 && (first < 1 || (first === 1 && second < 18));
}

/** In an order that no search changes. */
async function filesText(paths: readonly string[]): Promise<string> {
  const known = paths.filter((path) => path !== '');
  const texts = await Promise.all(known.map(fileText));
  return [...new Set(texts)].sort().join('; ');
}
