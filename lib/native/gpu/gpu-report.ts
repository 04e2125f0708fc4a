/** What is known of the GPUs of this machine, for `doctor`: what is there, what is not, and why. Opens the driver alone. */

import { foundBy } from '../../core/errors.js';
import { readDeviceCode, runsOn, type Modules } from '../../core/elf/device-code.js';
import type { NativeGpu, NativeGpuReport } from '../device-request.js';
import { noProvider, type DeviceProbe } from './candidates.js';
import { findLibrary } from './needs.js';
import { gpuPlaces, namedPlaces, type PlaceOrigin } from './places.js';
import { cudaText, findNvjpeg, findStacks, type GpuProvider, type GpuStack } from './stack.js';

/** The architectures that a library has code for. */
export interface DeviceCodeReport {
  readonly path: string;
  /** Of machine code, such as `sm_75`. */
  readonly machineCode: readonly string[];
  /** Of assembly (PTX), which the driver compiles for the same and later GPUs. */
  readonly assembly: readonly string[];
  /** Why it is not known; empty where it is. */
  readonly reason: string;
}

/** A way to run models on the GPUs, and why it cannot be taken. */
export interface GpuStackReport extends GpuStack {
  readonly code: DeviceCodeReport;
}

/** What a look for GPUs found: the driver, GPUs, and sets of libraries. */
export interface GpuDoctorReport {
  /** The newest CUDA that the driver knows, such as `11.4`; empty where there is no driver. */
  readonly driverCuda: string;
  readonly driver: NativeGpuReport;
  /** Why no GPU can be used; empty where one may. */
  readonly reason: string;
  /** The folders that were searched, in their order. */
  readonly places: readonly { readonly folder: string; readonly origin: PlaceOrigin }[];
  readonly stacks: readonly GpuStackReport[];
  /** Of each provider: why there is none; empty where one was found. */
  readonly providers: Readonly<Record<GpuProvider, string>>;
  /** Path of nvJPEG; empty where it was not found. */
  readonly nvjpeg: string;
}

const kNoCode = { machineCode: [], assembly: [] } as const;

/** `libraries` and `runtime` are options; null: not given. */
export async function gpuDoctor(
  libraries: readonly string[] | null,
  runtime: string | null,
  probe: DeviceProbe,
): Promise<GpuDoctorReport> {
  const named = namedPlaces(libraries, probe.machine);
  const driver = await probe.report(findLibrary('libcuda.so.1', named) ?? '');
  const places = gpuPlaces(libraries, runtime, probe.machine);
  const stacks: GpuStackReport[] = [];
  const providers = { cuda: '', tensorrt: '' };
  for (const provider of ['cuda', 'tensorrt'] as const) {
    const found = await findStacks(provider, places, driver.cudaVersion);
    if (found.length === 0) providers[provider] = noProvider(provider, places);
    for (const stack of found) stacks.push(await withCode(stack, driver.gpus));
  }
  const usable = stacks.some((stack) => stack.reason === '');
  const reason = driver.reason || (usable ? '' : (stacks[0]?.reason ?? providers.cuda));
  return {
    driverCuda: driver.cudaVersion === 0 ? '' : cudaText(driver.cudaVersion),
    driver,
    reason,
    places: places.map(({ folder, origin }) => ({ folder, origin })),
    stacks,
    providers,
    nvjpeg: findNvjpeg(places, driver.cudaVersion),
  };
}

/** The form of device code is not documented: what it says is a note, and never keeps a library from being tried. */
async function withCode(stack: GpuStack, gpus: readonly NativeGpu[]): Promise<GpuStackReport> {
  // The kernels of ONNX Runtime are in its provider for CUDA; TensorRT brings its own.
  const path = stack.providerFiles.find((file) => file.endsWith('_cuda.so')) ?? stack.path;
  const found = await codeOf(path);
  const lacking = found.modules === null ? [] : gpus.filter((gpu) => !hasCode(found.modules ?? [], gpu));
  const notes = lacking.map(({ name, computeCapability }) => {
    const has = [...found.report.machineCode, ...found.report.assembly.map((each) => `${each} (PTX)`)].join(', ');
    return `this build has no code for ${name} (${computeCapability.join('.')}); it has ${has || 'none'}`;
  });
  return { ...stack, notes: [...stack.notes, ...new Set(notes)], code: found.report };
}

async function codeOf(path: string): Promise<{ readonly report: DeviceCodeReport; readonly modules: Modules | null }> {
  try {
    const modules = await readDeviceCode(path, path.slice(path.lastIndexOf('/') + 1));
    if (modules === 'none')
      return { report: { path, ...kNoCode, reason: 'it carries no code for a GPU' }, modules: null };
    if (modules === 'unknown')
      return { report: { path, ...kNoCode, reason: 'it has no table of sections' }, modules: null };
    const of = (kind: 'machine' | 'assembly'): readonly string[] =>
      [
        ...new Set(
          modules
            .flat()
            .filter((code) => code.kind === kind)
            .map((code) => code.architecture),
        ),
      ]
        .sort((a, b) => a - b)
        .map((architecture) => `sm_${architecture}`);
    return { report: { path, machineCode: of('machine'), assembly: of('assembly'), reason: '' }, modules };
  } catch (error) {
    return { report: { path, ...kNoCode, reason: foundBy(error) }, modules: null };
  }
}

function hasCode(modules: Modules, { computeCapability: [major, minor] }: NativeGpu): boolean {
  return modules.some((codes) => codes.some((code) => runsOn(code, 10 * major + minor)));
}
