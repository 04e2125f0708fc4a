/**
 * One way to run models on the GPUs of this machine: an ONNX Runtime, its provider, the CUDA libraries that the provider
 * names. Everything is read from the files; nothing is opened, so that the search works without a GPU too.
 */

import { join } from 'node:path';

import { foundBy } from '../../core/errors.js';
import { readElfFacts } from '../../core/elf/elf-facts.js';
import { onnxRuntimeFile } from '../runtimes.js';
import { findLibrary, listedBeside, needsOf, needsOfNames, type Needs } from './needs.js';
import type { Place, PlaceOrigin } from './places.js';

/** What of ONNX Runtime runs models on NVIDIA GPUs. */
export type GpuProvider = 'cuda' | 'tensorrt';

const providerFile = (provider: GpuProvider): string => `libonnxruntime_providers_${provider}.so`;
const sharedFile = 'libonnxruntime_providers_shared.so';

/** Where a provider lies, what goes with it, and why it cannot be used. */
export interface GpuStack {
  readonly provider: GpuProvider;
  /** Who named the folder of the provider. */
  readonly origin: PlaceOrigin;
  /** Path of the provider. */
  readonly path: string;
  /** Path of the ONNX Runtime that goes with it; empty: none was found. */
  readonly runtime: string;
  /** `1.29.0`; empty where the file does not say it. */
  readonly runtimeVersion: string;
  /** The provider, the bridge, and for TensorRT the provider of CUDA too. */
  readonly providerFiles: readonly string[];
  /** What is opened before the provider, in this order. */
  readonly preload: readonly string[];
  /** The CUDA version that its libraries are of, such as 13; 0 where they do not say it. */
  readonly cudaMajor: number;
  /** Why it cannot be used; empty where nothing speaks against it. */
  readonly reason: string;
  /** What may go wrong with it. */
  readonly notes: readonly string[];
}

/** cuDNN is opened by the provider when a graph needs it; nvrtc by cuDNN. */
const cudnnFiles = ['libcudnn.so.9', 'libcudnn.so.8'];

/** Every provider of a kind, in the order of the places. `driverCuda` is 11040 for a driver of CUDA 11.4; 0: not known. */
export async function findStacks(
  provider: GpuProvider,
  places: readonly Place[],
  driverCuda: number,
): Promise<readonly GpuStack[]> {
  const stacks: GpuStack[] = [];
  for (const place of places.filter(({ files }) => files.has(providerFile(provider))))
    stacks.push(await stackAt(place, provider, places, driverCuda));
  return stacks;
}

async function stackAt(
  place: Place,
  provider: GpuProvider,
  places: readonly Place[],
  driverCuda: number,
): Promise<GpuStack> {
  // What lies beside the provider is of its own version, so it comes before what lies elsewhere.
  const nearest = [place, ...places.filter((other) => other !== place)];
  const path = join(place.folder, providerFile(provider));
  const files = [path, ...(provider === 'tensorrt' ? [findLibrary(providerFile('cuda'), nearest)] : [])];
  const shared = findLibrary(sharedFile, nearest);
  const runtime = runtimeIn(nearest);
  const known = [...files, shared].filter((file) => file !== null);
  const stack = {
    provider,
    origin: place.origin,
    path,
    runtime: runtime?.path ?? '',
    runtimeVersion: '',
    providerFiles: known,
    preload: [] as readonly string[],
    cudaMajor: 0,
    notes: [] as readonly string[],
  };
  const absent = [
    ...(files.includes(null) ? [providerFile('cuda')] : []),
    ...(shared === null ? [sharedFile] : []),
    ...(runtime === null ? ['libonnxruntime.so'] : []),
  ];
  if (runtime === null || absent.length > 0)
    return { ...stack, reason: `${absent.join(', ')} is not beside it or in another place` };
  try {
    const runtimeVersion = await versionOf(runtime.path);
    const needs = await allNeeds(known, place, provider, nearest);
    const cudaMajor = majorOf(needs.order, 'libcudart') || majorOf(needs.order, 'libcublasLt');
    const extra = await optionalLibraries(needs.order, cudaMajor, nearest);
    const notes = [...extra.notes, ...(runtime.place === place ? [] : [apart(runtime.path, runtimeVersion)])];
    const preload = [...needs.order, ...extra.order];
    const reason = missingText(needs.missing, nearest) || driverText(cudaMajor, driverCuda);
    return { ...stack, runtimeVersion, preload, cudaMajor, notes, reason };
  } catch (error) {
    return { ...stack, reason: foundBy(error) };
  }
}

async function allNeeds(
  files: readonly string[],
  { folder }: Place,
  provider: GpuProvider,
  places: readonly Place[],
): Promise<Needs> {
  const named = await needsOf(files, places);
  const listed = await needsOfNames(listedBeside(folder, provider), providerFile(provider), places);
  return { order: [...new Set([...named.order, ...listed.order])], missing: [...named.missing, ...listed.missing] };
}

function runtimeIn(places: readonly Place[]): { readonly path: string; readonly place: Place } | null {
  for (const place of places) {
    const file = [...place.files].find((name) => onnxRuntimeFile.test(name));
    if (file !== undefined) return { path: join(place.folder, file), place };
  }
  return null;
}

/** The symbols of ONNX Runtime carry its version. */
async function versionOf(path: string): Promise<string> {
  const facts = await readElfFacts(path, path.slice(path.lastIndexOf('/') + 1));
  const found = facts?.versions
    .map((version) => /^VERS_(\d+\.\d+\.\d+)$/.exec(version)?.[1])
    .find((v) => v !== undefined);
  return found ?? /\.so\.(\d+\.\d+\.\d+)$/.exec(path)?.[1] ?? '';
}

/** `libcudart.so.13` and `libcudart.so.11.0` say which CUDA they are of. */
function majorOf(paths: readonly string[], library: string): number {
  for (const path of paths) {
    const found = new RegExp(`/${library}\\.so\\.(\\d+)`).exec(path)?.[1];
    if (found !== undefined) return Number(found);
  }
  return 0;
}

/** What is opened later, by name, so that no file says that it is needed. Without cuDNN most networks cannot run. */
async function optionalLibraries(
  order: readonly string[],
  cudaMajor: number,
  places: readonly Place[],
): Promise<{ readonly order: readonly string[]; readonly notes: readonly string[] }> {
  const isThere = (name: string): boolean => order.some((path) => path.endsWith(`/${name}`));
  const found: string[] = [];
  const notes: string[] = [];
  const nvrtc = findLibrary(`libnvrtc.so.${cudaMajor === 11 ? '11.2' : cudaMajor}`, places);
  if (nvrtc !== null) found.push(nvrtc);
  if (!cudnnFiles.some(isThere)) {
    const cudnn = cudnnFiles.map((name) => findLibrary(name, places)).find((path) => path !== null) ?? null;
    if (cudnn === null) notes.push('cuDNN was not found: a network with convolutions may be refused');
    else found.push(...(await needsOf([cudnn], places)).order, cudnn);
  }
  const added = [...new Set(found)].filter((path) => !order.includes(path));
  return { order: added, notes };
}

function apart(runtime: string, version: string): string {
  const called = version === '' ? 'ONNX Runtime' : `ONNX Runtime ${version}`;
  return `${called} lies elsewhere (${runtime}); the provider must be of the same version`;
}

function missingText(
  missing: readonly { readonly name: string; readonly neededBy: string }[],
  places: readonly Place[],
): string {
  if (missing.length === 0) return '';
  const names = missing.map(({ name, neededBy }) => `${name} (for ${neededBy})`).join(', ');
  return `${names} ${missing.length === 1 ? 'is' : 'are'} in none of ${places.length} folders`;
}

/** Libraries of one major version run on every driver of that version and later ones. */
function driverText(cudaMajor: number, driverCuda: number): string {
  if (driverCuda === 0 || cudaMajor === 0 || cudaMajor <= Math.floor(driverCuda / 1000)) return '';
  return `its libraries are of CUDA ${cudaMajor}, and the driver knows CUDA ${cudaText(driverCuda)} and earlier`;
}

/** 11040 is 11.4. */
export function cudaText(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

/** nvJPEG of the newest CUDA that the driver knows; empty: none. It carries its own runtime, so that any version may stand beside another. */
export function findNvjpeg(places: readonly Place[], driverCuda: number): string {
  const newest = driverCuda === 0 ? Number.POSITIVE_INFINITY : Math.floor(driverCuda / 1000);
  const majors = [13, 12, 11].filter((major) => major <= newest);
  return majors.map((major) => findLibrary(`libnvjpeg.so.${major}`, places)).find((path) => path !== null) ?? '';
}
