/** The search for the libraries of a GPU, over folders that the tests make. */
import { join } from 'node:path';
import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needsOf } from '../../lib/native/gpu/needs.js';
import { gpuPlaces, npmProvider } from '../../lib/native/gpu/places.js';
import { findNvjpeg, findStacks } from '../../lib/native/gpu/stack.js';
import { cudaOf, Machine, runtimeOf } from './support/fake-stack.js';

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});
afterEach(() => rmSync(machine.root, { recursive: true, force: true }));

const places = (libraries: readonly string[] | null = null, runtime: string | null = null) =>
  gpuPlaces(libraries, runtime, machine.searched);
const site = 'venv/lib/python3.12/site-packages';

describe('the places', () => {
  it('come in the order: option, environment, runtime, npm, Python, system', () => {
    machine.environment = {
      MICROTOME_GPU_LIBRARIES: machine.folder('named'),
      VIRTUAL_ENV: machine.folder('venv'),
      LD_LIBRARY_PATH: `${machine.folder('loader')}:`,
      HOME: machine.folder('home'),
    };
    machine.packages = { 'onnxruntime-node': ['ort'], [npmProvider]: ['unity'] };
    for (const folder of [
      'given',
      'named',
      'asked',
      'ort/bin/napi-v6/linux/x64',
      'unity/Plugins/Linux/x64',
      `${site}/onnxruntime/capi`,
      `${site}/nvidia/cu13/lib`,
      `${site}/nvidia/cudnn/lib`,
      'home/.local/lib/python3.11/site-packages/nvidia/cublas/lib',
      'usr/local/lib/python3.11/dist-packages/tensorrt_libs',
      'loader',
      'usr/local/cuda-12.4/lib64',
      'usr/local/cuda-13.0/lib64',
      'usr/lib/x86_64-linux-gnu',
    ])
      machine.library(folder, 'liba.so.1');
    const found = places(null, machine.folder('asked')).map(({ folder, origin }) => [
      origin,
      folder.slice(machine.root.length + 1),
    ]);
    expect(found).toEqual([
      ['environment', 'named'],
      ['runtime', 'asked'],
      ['npm', 'ort/bin/napi-v6/linux/x64'],
      ['npm', 'unity/Plugins/Linux/x64'],
      ['python', `${site}/onnxruntime/capi`],
      ['python', `${site}/nvidia/cudnn/lib`],
      ['python', `${site}/nvidia/cu13/lib`],
      ['python', 'home/.local/lib/python3.11/site-packages/nvidia/cublas/lib'],
      ['python', 'usr/local/lib/python3.11/dist-packages/tensorrt_libs'],
      ['system', 'loader'],
      ['system', 'usr/local/cuda-13.0/lib64'],
      ['system', 'usr/local/cuda-12.4/lib64'],
      ['system', 'usr/lib/x86_64-linux-gnu'],
    ]);
    const [first, second] = places([machine.folder('given')]);
    expect([first?.origin, second?.origin]).toEqual(['option', 'npm']);
  });
  it('keep a folder that was named and is empty, and no other empty one; a path of a library stands for its folder', () => {
    const library = machine.library('ort', 'libonnxruntime.so.1.29.0');
    expect(places([machine.folder('none')], library).map(({ origin, folder }) => [origin, folder])).toEqual([
      ['option', machine.folder('none')],
      ['runtime', machine.folder('ort')],
    ]);
  });
});

describe('what a library needs', () => {
  it('comes before it, each once; libraries of the system and of the driver are left out', async () => {
    machine.library('a', 'libtop.so', { needed: ['libleft.so.1', 'libright.so.1', 'libc.so.6', 'libcuda.so.1'] });
    machine.library('a', 'libleft.so.1', { needed: ['libbase.so.1', 'libstdc++.so.6'] });
    machine.library('b', 'libright.so.1', { needed: ['libbase.so.1', 'libleft.so.1'] });
    machine.library('b', 'libbase.so.1', { needed: ['libgone.so.2', 'libnvidia-ml.so.1'] });
    // A circle, as some libraries have.
    machine.library('b', 'libc.so.6', { needed: ['libwrong.so'] });
    const all = places([machine.folder('a'), machine.folder('b')]);
    const { order, missing } = await needsOf([join(machine.root, 'a/libtop.so')], all);
    expect(order.map((path) => path.slice(machine.root.length + 1))).toEqual([
      'b/libbase.so.1',
      'a/libleft.so.1',
      'b/libright.so.1',
    ]);
    expect(missing).toEqual([{ name: 'libgone.so.2', neededBy: 'libbase.so.1' }]);
  });
  it('ends where libraries need each other', async () => {
    machine.library('a', 'libone.so', { needed: ['libtwo.so'] });
    machine.library('a', 'libtwo.so', { needed: ['libone.so'] });
    const { order } = await needsOf([join(machine.root, 'a/libone.so')], places([machine.folder('a')]));
    expect(order).toEqual([join(machine.root, 'a/libtwo.so')]);
  });
});

describe('a stack', () => {
  it('of Python: the provider, its runtime beside it, and all that it names, in order', async () => {
    machine.environment = { VIRTUAL_ENV: machine.folder('venv') };
    const provider = runtimeOf(machine, `${site}/onnxruntime/capi`, 12, '1.22.0');
    cudaOf(machine, site, 12);
    const [stack, ...others] = await findStacks('cuda', places(), 12040);
    expect(others).toEqual([]);
    expect(stack).toMatchObject({
      provider: 'cuda',
      origin: 'python',
      path: provider,
      runtimeVersion: '1.22.0',
      cudaMajor: 12,
      reason: '',
      notes: [],
    });
    expect(stack?.runtime).toBe(join(machine.root, site, 'onnxruntime/capi/libonnxruntime.so.1.22.0'));
    expect(stack?.providerFiles.map((path) => path.split('/').at(-1))).toEqual([
      'libonnxruntime_providers_cuda.so',
      'libonnxruntime_providers_shared.so',
    ]);
    const names = stack?.preload.map((path) => path.split('/').at(-1)) ?? [];
    expect(new Set(names).size).toBe(names.length);
    expect(names.indexOf('libcublasLt.so.12')).toBeLessThan(names.indexOf('libcublas.so.12'));
    expect(names.indexOf('libcublas.so.12')).toBeLessThan(names.indexOf('libcudnn.so.9'));
    expect([...names].sort()).toEqual(
      [
        'libcublas.so.12',
        'libcublasLt.so.12',
        'libcudart.so.12',
        'libcudnn.so.9',
        'libcufft.so.11',
        'libcurand.so.10',
      ].sort(),
    );
  });
  it('of npm: provider and core lie apart, and that is said; cuDNN is opened though nothing names it', async () => {
    machine.packages = { 'onnxruntime-node': ['ort'], [npmProvider]: ['unity'] };
    machine.library('ort/bin/napi-v6/linux/x64', 'libonnxruntime.so.1', { versions: ['VERS_1.29.0'] });
    runtimeOf(machine, 'unity/Plugins/Linux/x64', 13, '1.29.0');
    rmSync(machine.folder('unity/Plugins/Linux/x64/libonnxruntime.so.1.29.0'));
    cudaOf(machine, 'site', 13);
    const folders = ['cublas', 'curand', 'cuda_runtime', 'cudnn'].map((part) =>
      machine.folder(`site/nvidia/${part}/lib`),
    );
    const [stack] = await findStacks('cuda', places(folders), 13000);
    expect(stack).toMatchObject({ origin: 'npm', runtimeVersion: '1.29.0', cudaMajor: 13, reason: '' });
    expect(stack?.notes).toEqual([
      expect.stringMatching(/^ONNX Runtime 1\.29\.0 lies elsewhere .*of the same version$/),
    ]);
    expect(stack?.preload.at(-1)).toBe(machine.folder('site/nvidia/cudnn/lib/libcudnn.so.9'));
  });
  it('says what is missing, and where it looked', async () => {
    runtimeOf(machine, 'ort', 13, '1.29.0');
    const [stack] = await findStacks('cuda', places([machine.folder('ort')]), 13000);
    expect(stack?.reason).toBe(
      'libcublasLt.so.13 (for libonnxruntime_providers_cuda.so), libcublas.so.13 (for libonnxruntime_providers_cuda.so), ' +
        'libcurand.so.10 (for libonnxruntime_providers_cuda.so), libcudart.so.13 (for libonnxruntime_providers_cuda.so) ' +
        'are in none of 1 folders',
    );
    rmSync(machine.folder('ort/libonnxruntime_providers_shared.so'));
    rmSync(machine.folder('ort/libonnxruntime.so.1.29.0'));
    const [bare] = await findStacks('cuda', places([machine.folder('ort')]), 13000);
    expect(bare?.reason).toBe(
      'libonnxruntime_providers_shared.so, libonnxruntime.so is not beside it or in another place',
    );
  });
  it('without cuDNN may be tried, and says so', async () => {
    runtimeOf(machine, 'all', 13, '1.29.0');
    cudaOf(machine, 'all', 13);
    rmSync(machine.folder('all/nvidia/cudnn'), { recursive: true });
    const folders = ['', 'nvidia/cublas/lib', 'nvidia/curand/lib', 'nvidia/cuda_runtime/lib'];
    const [stack] = await findStacks('cuda', places(folders.map((folder) => machine.folder(`all/${folder}`))), 13000);
    expect(stack).toMatchObject({
      reason: '',
      notes: ['cuDNN was not found: a network with convolutions may be refused'],
    });
  });
  it('of a CUDA that is newer than the driver is not tried; the next one is', async () => {
    runtimeOf(machine, 'new', 13, '1.29.0');
    runtimeOf(machine, 'old', 12, '1.22.0');
    cudaOf(machine, 'site', 13);
    cudaOf(machine, 'site', 12);
    const folders = [
      'new',
      'old',
      ...['cublas', 'curand', 'cuda_runtime', 'cudnn', 'cufft'].map((p) => `site/nvidia/${p}/lib`),
    ];
    const stacks = await findStacks('cuda', places(folders.map((folder) => machine.folder(folder))), 12040);
    expect(stacks.map(({ runtimeVersion, reason }) => [runtimeVersion, reason])).toEqual([
      ['1.29.0', 'its libraries are of CUDA 13, and the driver knows CUDA 12.4 and earlier'],
      ['1.22.0', ''],
    ]);
  });
  it('that holds a damaged or foreign file is refused by its name', async () => {
    runtimeOf(machine, 'ort', 13, '1.29.0');
    writeFileSync(machine.folder('ort/libonnxruntime_providers_cuda.so'), Buffer.from('\x7fELF\x02\x01'));
    const [stack] = await findStacks('cuda', places([machine.folder('ort')]), 13000);
    expect(stack?.reason).toContain('libonnxruntime_providers_cuda.so is a damaged binary');
  });
  it('of an old wheel, whose files name no CUDA library, has those of the list beside it', async () => {
    machine.library('capi', 'libonnxruntime_providers_cuda.so', { needed: ['libc.so.6'] });
    machine.library('capi', 'libonnxruntime_providers_shared.so');
    machine.library('capi', 'libonnxruntime.so.1.14.1');
    const lines = ['libcublas.so.11', 'libcudart.so.11.0', 'libnvinfer.so.8'].map(
      (name) => `_x = CDLL("${name}", mode=1)`,
    );
    writeFileSync(machine.folder('capi/_ld_preload.py'), ['from ctypes import CDLL', ...lines].join('\n'));
    machine.library('cuda', 'libcublas.so.11', { needed: ['libcublasLt.so.11'] });
    machine.library('cuda', 'libcublasLt.so.11');
    const folders = [machine.folder('capi'), machine.folder('cuda')];
    const [without] = await findStacks('cuda', places(folders), 11040);
    expect(without?.reason).toMatch(
      /^libcudart\.so\.11\.0 \(for libonnxruntime_providers_cuda\.so\) is in none of 2 folders$/,
    );
    machine.library('cuda', 'libcudart.so.11.0');
    const [stack] = await findStacks('cuda', places(folders), 11040);
    expect(stack).toMatchObject({ reason: '', cudaMajor: 11, runtimeVersion: '1.14.1' });
    expect(stack?.preload.map((path) => path.split('/').at(-1))).toEqual([
      'libcublasLt.so.11',
      'libcublas.so.11',
      'libcudart.so.11.0',
    ]);
  });
  it('of TensorRT needs the provider of CUDA too, before the CPU', async () => {
    machine.library('ort', 'libonnxruntime_providers_tensorrt.so', { needed: ['libnvinfer.so.10'] });
    const [lone] = await findStacks('tensorrt', places([machine.folder('ort')]), 13000);
    expect(lone?.reason).toContain('libonnxruntime_providers_cuda.so');
    runtimeOf(machine, 'ort', 13, '1.29.0');
    cudaOf(machine, 'site', 13);
    machine.library('trt', 'libnvinfer.so.10', { needed: ['libcudart.so.13'] });
    const folders = ['ort', 'trt', ...['cublas', 'curand', 'cuda_runtime', 'cudnn'].map((p) => `site/nvidia/${p}/lib`)];
    const [stack] = await findStacks('tensorrt', places(folders.map((folder) => machine.folder(folder))), 13000);
    expect(stack?.reason).toBe('');
    expect(stack?.providerFiles.map((path) => path.split('_').at(-1))).toEqual(['tensorrt.so', 'cuda.so', 'shared.so']);
    expect(stack?.preload).toContain(machine.folder('trt/libnvinfer.so.10'));
  });
});

it('nvJPEG: the newest that the driver knows', () => {
  machine.library('a', 'libnvjpeg.so.11');
  machine.library('b', 'libnvjpeg.so.13');
  const all = places([machine.folder('a'), machine.folder('b')]);
  expect(findNvjpeg(all, 13000)).toBe(machine.folder('b/libnvjpeg.so.13'));
  expect(findNvjpeg(all, 11040)).toBe(machine.folder('a/libnvjpeg.so.11'));
  expect(findNvjpeg(all, 0)).toBe(machine.folder('b/libnvjpeg.so.13'));
  expect(findNvjpeg(places(), 13000)).toBe('');
});
