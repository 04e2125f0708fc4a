/** What doctor says of GPUs: each library that is not there with the reason, and the architectures that binaries hold. */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gpuRows } from '../../lib/cli/gpu-rows.js';
import { gpuDoctor } from '../../lib/native/gpu/gpu-report.js';
import type { NativeGpuReport } from '../../lib/native/device-request.js';
import { cudaOf, driverOf, h200, k80, Machine, noDriver, runtimeOf } from './support/fake-stack.js';

let machine: Machine;
let folders: readonly string[];
const codes = [75, 80, 86, 89, 90].map((sm) => ({ kind: 'cubin' as const, sm }));
beforeEach(() => {
  machine = new Machine();
  runtimeOf(machine, 'ort', 13, '1.29.0', [...codes, { kind: 'ptx', sm: 90 }]);
  cudaOf(machine, 'site', 13);
  folders = ['ort', ...['cublas', 'curand', 'cuda_runtime', 'cudnn'].map((part) => `site/nvidia/${part}/lib`)].map(
    (folder) => machine.folder(folder),
  );
});
afterEach(() => rmSync(machine.root, { recursive: true, force: true }));

async function rowsFor(report: NativeGpuReport, libraries: readonly string[] = folders): Promise<readonly string[]> {
  return gpuRows(await gpuDoctor(libraries, null, machine.probe(report))).map((row) => row.join(': '));
}

describe('doctor', () => {
  it('on a machine with a GPU and everything it needs', async () => {
    const rows = await rowsFor(driverOf(13000, { ...h200, freeMemoryBytes: 100 * 2 ** 30 }));
    expect(rows).toContain('GPU: 0: NVIDIA H200, compute capability 9.0, 139.0 GiB, 100.0 GiB free');
    expect(rows).toContain('GPU driver: knows CUDA 13.0 and earlier (libcuda.so.1)');
    expect(rows).toContain(`cuda: ${machine.folder('ort/libonnxruntime_providers_cuda.so')}`);
    expect(rows).toContain(': code for sm_75 sm_80 sm_86 sm_89 sm_90 sm_90 (PTX)');
    expect(rows).toContain('auto: cuda, where the model runs on it');
    expect(rows).toContain('nvJPEG: not found: tiles are decoded on the CPU');
    expect(rows.find((row) => row.startsWith('tensorrt'))).toMatch(
      /^tensorrt: none: libonnxruntime_providers_tensorrt\.so/,
    );
  });
  it('says that a build has no code for the GPU, and does not keep it from being tried for that', async () => {
    runtimeOf(machine, 'ort', 12, '1.22.0', codes);
    cudaOf(machine, 'site', 12);
    folders = [...folders, machine.folder('site/nvidia/cufft/lib')];
    const report = await gpuDoctor(folders, null, machine.probe(driverOf(12040, k80)));
    expect(report.reason).toBe('');
    expect(report.stacks[0]?.notes).toContain(
      'this build has no code for Tesla K80 (3.7); it has sm_75, sm_80, sm_86, sm_89, sm_90',
    );
  });
  it('on a machine without a GPU has two lines more, and libraries that are there all the same', async () => {
    expect(await rowsFor(noDriver, [machine.folder('site')])).toEqual([
      'GPU: none: no driver of NVIDIA is here',
      'auto: cpu: no driver of NVIDIA is here',
    ]);
    expect(await rowsFor(noDriver)).toContain(`cuda: ${machine.folder('ort/libonnxruntime_providers_cuda.so')}`);
  });
  it('names the folders where something is missing', async () => {
    const rows = await rowsFor(driverOf(13000, h200), [machine.folder('ort')]);
    expect(rows.find((row) => row.startsWith('cuda: '))).toContain('cannot be used: libcublasLt.so.13');
    expect(rows).toContain(`: looked in ${machine.folder('ort')} (option)`);
    expect(rows.at(-1)).toMatch(/^auto: cpu: libcublasLt\.so\.13/);
  });
  it('says where the code of a library cannot be told', async () => {
    machine.library('ort', 'libonnxruntime_providers_cuda.so', { needed: ['libcudart.so.13'] });
    expect(await rowsFor(driverOf(13000, h200))).toContain(': code for unknown GPUs: it carries no code for a GPU');
  });
});
