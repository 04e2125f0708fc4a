/** Which device a scorer takes: what `auto` chooses and why, and that a device that was named never becomes another one. */
import { appendFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foundBy, MicrotomeError, type ErrorCode } from '../../lib/core/errors.js';
import type { NativeDeviceRequest, NativeGpu } from '../../lib/native/device-request.js';
import { gpuDevices } from '../../lib/native/devices.js';
import { candidatesOf, type DeviceWish } from '../../lib/native/gpu/candidates.js';
import { gpuNames } from '../../lib/native/gpu/gpu-kinds.js';
import { onDevice } from '../../lib/scoring/engine-device.js';
import { cudaOf, driverOf, h200, k80, Machine, noDriver, runtimeOf, wish } from './support/fake-stack.js';

let machine: Machine;
let folders: readonly string[];
beforeEach(() => {
  machine = new Machine();
  runtimeOf(machine, 'ort', 13, '1.29.0');
  cudaOf(machine, 'site', 13);
  folders = ['ort', ...['cublas', 'curand', 'cuda_runtime', 'cudnn'].map((part) => `site/nvidia/${part}/lib`)].map(
    (folder) => machine.folder(folder),
  );
});
afterEach(() => rmSync(machine.root, { recursive: true, force: true }));

const error = (code: ErrorCode, message: string) => new MicrotomeError(code, 'infer', message);
/** A folder of the test's machine, or one that is whole already. */
const inMachine = (folder: string) => (folder.startsWith('/') ? folder : machine.folder(folder));
const two = driverOf(13000, h200, h200);
const asked = (device: DeviceWish['device'], gpu: Partial<DeviceWish['gpu']> = {}) =>
  wish(device, {}, { libraries: folders, ...gpu });

/** Makes what `make` does not refuse, and says with which requests it was called. */
async function taken(
  wanted: DeviceWish,
  report = two,
  refuse: (request: NativeDeviceRequest) => Error | null = () => null,
) {
  const requests: NativeDeviceRequest[] = [];
  const found = await onDevice(wanted, machine.probe(report), async (request) => {
    requests.push(request);
    const refused = refuse(request);
    if (refused !== null) throw refused;
    return request.kind;
  });
  return { ...found, requests };
}

describe('auto', () => {
  it('takes all GPUs by CUDA where that works, and hands over every path', async () => {
    const { made, use, requests } = await taken(asked('auto', { tf32: true, graphs: true, memoryLimitBytes: 2 ** 30 }));
    expect(made).toBe('cuda');
    expect(use).toEqual({
      id: 'cuda',
      kind: 'cuda',
      name: '2 × NVIDIA H200',
      precision: 'tf32',
      reproducible: false,
      identity: expect.stringMatching(
        /^cuda on NVIDIA H200 9\.0, driver of CUDA 13\.0, ONNX Runtime 1\.29\.0, tf32: libcublas\.so\.13, \d+ bytes; /,
      ),
      gpus: 2,
      gpusSeen: 2,
      asked: 'auto',
      reasons: [],
      notes: [],
    });
    const [request] = requests;
    expect(request).toMatchObject({
      kind: 'cuda',
      ordinals: [0, 1],
      reproducible: true,
      tf32: true,
      fp16: false,
      cudaGraph: true,
      decode: 'auto',
      memoryLimitBytes: 2 ** 30,
      engineCache: '',
      driver: '',
      nvjpeg: '',
      runtime: machine.folder('ort/libonnxruntime.so.1.29.0'),
    });
    expect(request?.preload).toContain(machine.folder('site/nvidia/cublas/lib/libcublasLt.so.13'));
  });
  it('takes the CPU where there is no driver, says why, and does not search', async () => {
    const { made, use } = await taken(asked('auto'), noDriver);
    expect([made, use.id, use.identity, use.asked]).toEqual(['cpu', 'cpu', 'cpu', 'auto']);
    expect(use.reasons).toEqual(['no driver of NVIDIA is here']);
  });
  it('takes the CPU where no provider was found, or none that fits, and says why', async () => {
    const none = await taken(wish('auto', {}, { libraries: [machine.folder('site')] }));
    expect(none.use.id).toBe('cpu');
    expect(none.use.reasons).toEqual([
      expect.stringMatching(/^libonnxruntime_providers_cuda\.so, .* in none of 1 folders$/),
    ]);
    const old = await taken(asked('auto'), driverOf(11040, k80));
    expect(old.use.id).toBe('cpu');
    expect(old.use.reasons).toEqual([
      `${machine.folder('ort/libonnxruntime_providers_cuda.so')}: its libraries are of CUDA 13, and the driver knows CUDA 11.4 and earlier`,
    ]);
  });
  it('goes on with the CPU whatever the GPU refuses the model with, and says what it said', async () => {
    for (const code of [
      'DEVICE_UNAVAILABLE',
      'OUT_OF_MEMORY',
      'MODEL_INVALID',
      'MODEL_MISMATCH',
      'INTERNAL',
    ] as const) {
      const refused = error(code, 'no kernel image');
      const { use, requests } = await taken(asked('auto'), two, ({ kind }) => (kind === 'cuda' ? refused : null));
      expect(requests.map(({ kind }) => kind)).toEqual(['cuda', 'cpu']);
      expect(use).toMatchObject({ id: 'cpu', reasons: [`cuda: ${foundBy(refused)}`] });
    }
  });
  it("does not hide what is wrong with the model: the CPU's error is told", async () => {
    const call = taken(asked('auto'), two, ({ kind }) => error('MODEL_INVALID', `no graph on the ${kind}`));
    await expect(call).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('no graph on the cpu'),
    });
  });
  it('tries nothing else once it was cancelled or aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const ends = [
      [null, error('CANCELLED', 'closed')],
      [stop.signal, reason],
    ] as const;
    for (const [signal, ending] of ends) {
      const tried: string[] = [];
      const make = async ({ kind }: NativeDeviceRequest): Promise<never> => {
        tried.push(kind);
        stop.abort(reason);
        throw ending;
      };
      await expect(onDevice(asked('auto'), machine.probe(two), make, { signal })).rejects.toBe(ending);
      expect(tried).toEqual(['cuda']);
    }
  });
});

describe('a device that is named', () => {
  it('is that GPU alone', async () => {
    const { use, requests } = await taken(asked('cuda:1'));
    expect([use.id, use.name, requests[0]?.ordinals]).toEqual(['cuda:1', 'NVIDIA H200', [1]]);
  });
  it.each([
    ['cuda', noDriver, 'the device cuda cannot be used: no driver of NVIDIA is here'],
    ['cuda:2', two, 'the driver shows 2 GPUs, numbered from 0, and cuda:2 is not among them'],
    ['cuda:1', driverOf(13000, h200), 'the driver shows 1 GPU, numbered from 0, and cuda:1 is not among them'],
    ['tensorrt', two, 'libonnxruntime_providers_tensorrt.so, which runs models on the GPU, is in none of'],
    ['cuda', driverOf(11040, k80), 'its libraries are of CUDA 13, and the driver knows CUDA 11.4'],
  ] as const)('%s is refused where it is not there, and never becomes the CPU', async (device, report, message) => {
    const call = taken(asked(device), report);
    await expect(call).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE', message: expect.stringContaining(message) });
  });
  it('fails with the error of the device itself', async () => {
    const requests: string[] = [];
    const call = taken(asked('cuda'), two, ({ kind }) => {
      requests.push(kind);
      return error('OUT_OF_MEMORY', 'the GPU is full');
    });
    await expect(call).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/^the GPU is full; /),
    });
    expect(requests).toEqual(['cuda']);
  });
  it('tries each stack that fits, in the order of the places', async () => {
    runtimeOf(machine, 'second', 13, '1.28.0');
    const wanted = wish('cuda', {}, { libraries: [...folders, machine.folder('second')] });
    const { use, requests } = await taken(wanted, two, ({ runtime }) =>
      runtime.includes('/second/') ? null : error('DEVICE_UNAVAILABLE', 'no kernel image'),
    );
    expect(requests).toHaveLength(2);
    expect(use.identity).toContain('ONNX Runtime 1.28.0');
    expect(use.reasons).toEqual(['cuda: no kernel image']);
  });
  it('cpu asks no driver', async () => {
    const probe = machine.probe(two);
    expect((await candidatesOf(asked('cpu'), probe)).candidates.map(({ use }) => use.id)).toEqual(['cpu']);
    expect(probe.asked).toEqual([]);
  });
  it('plugin: hands over the name and the path', async () => {
    const plugin = machine.library('plugin', 'libep.so', { needed: ['libopenvino.so.1'] });
    machine.library('vino', 'libopenvino.so.1');
    const wanted = wish(
      'plugin:openvino',
      { onnxRuntimePath: machine.folder('ort') },
      { plugin, libraries: [machine.folder('vino')] },
    );
    const { use, requests } = await taken(wanted);
    expect(requests).toEqual([
      expect.objectContaining({
        kind: 'plugin',
        ordinals: [],
        pluginName: 'openvino',
        pluginPath: plugin,
        runtime: machine.folder('ort/libonnxruntime.so.1.29.0'),
        preload: [machine.folder('vino/libopenvino.so.1')],
      }),
    ]);
    expect(use).toMatchObject({ id: 'plugin:openvino', kind: 'plugin', name: 'openvino' });
  });
});

it('a driver in a named folder comes before that of the system', async () => {
  const driver = machine.library('ort', 'libcuda.so.1');
  const probe = machine.probe(two);
  const { candidates } = await candidatesOf(asked('cuda'), probe);
  expect(probe.asked).toEqual([driver]);
  expect(candidates[0]?.request.driver).toBe(driver);
});

describe('GPUs of several kinds', () => {
  const a100: NativeGpu = { ...k80, name: 'NVIDIA A100', computeCapability: [8, 0], memoryBytes: 80 * 2 ** 30 };
  const small: NativeGpu = { ...h200, name: 'NVIDIA H100', memoryBytes: 80 * 2 ** 30 };

  it.each(['auto', 'cuda'] as const)(
    '%s takes those of the best kind, and says which it leaves out',
    async (device) => {
      const { use, requests } = await taken(asked(device), driverOf(13000, a100, h200, small, h200));
      expect(requests[0]?.ordinals).toEqual([1, 3]);
      expect(use.name).toBe('2 × NVIDIA H200');
      expect(use.reasons).toEqual([
        'cuda:0 (NVIDIA A100 8.0) is left out: it is of another kind than 2 × NVIDIA H200',
        'cuda:2 (NVIDIA H100 9.0) is left out: it is of another kind than 2 × NVIDIA H200',
      ]);
    },
  );
  it('one that is named is used, and nothing is said of the others', async () => {
    const { use, requests } = await taken(asked('cuda:0'), driverOf(13000, a100, h200));
    expect([requests[0]?.ordinals, use.name, use.reasons]).toEqual([[0], 'NVIDIA A100', []]);
  });
  it('how many of a kind share the work is no part of what a score depends on; their kind is', async () => {
    const one = await taken(asked('cuda'), driverOf(13000, h200));
    const both = await taken(asked('cuda'));
    const other = await taken(asked('cuda'), driverOf(13000, a100));
    expect(one.use.identity).toBe(both.use.identity);
    expect(other.use.identity).not.toBe(both.use.identity);
    expect(gpuNames([h200, k80, h200])).toBe('2 × NVIDIA H200, Tesla K80');
  });
});

describe('whether scores are the same again', () => {
  it('on CUDA as it was asked, and the GPU is told', async () => {
    for (const reproducible of [true, false]) {
      const { use, requests } = await taken({ ...asked('cuda'), reproducible });
      expect([use.reproducible, requests[0]?.reproducible]).toEqual([reproducible, reproducible]);
    }
  });
  it('on the CPU, but not with a plug-in or TensorRT', async () => {
    expect((await taken(asked('cpu'))).use.reproducible).toBe(true);
    const plugin = machine.library('plugin', 'libep.so');
    const more = { onnxRuntimePath: machine.folder('ort') };
    expect((await taken(wish('plugin:a', more, { plugin, libraries: [] }))).use.reproducible).toBe(false);
    machine.library('ort', 'libonnxruntime_providers_tensorrt.so', { needed: ['libnvinfer.so.10'] });
    machine.library('ort', 'libnvinfer.so.10');
    expect((await taken(asked('tensorrt'))).use.reproducible).toBe(false);
  });
  it('not where the runtime cannot switch TF32 off on a GPU that has it', async () => {
    runtimeOf(machine, 'old', 13, '1.17.3');
    const old = { ...asked('cuda'), gpu: { ...asked('cuda').gpu, libraries: ['old', ...folders].map(inMachine) } };
    expect((await taken(old)).use.reproducible).toBe(false);
    expect((await taken(old, driverOf(13000, k80))).use.reproducible).toBe(true);
  });
});

describe('what a score depends on', () => {
  it('has the libraries by name and size', async () => {
    const before = (await taken(asked('cuda'))).use.identity;
    expect(before).toMatch(/libcudnn\.so\.9, \d+ bytes/);
    expect(before).toMatch(/libonnxruntime_providers_cuda\.so, \d+ bytes/);
    expect(before).toMatch(/libonnxruntime\.so\.1\.29\.0, \d+ bytes/);
    expect((await taken(asked('cuda'))).use.identity).toBe(before);
    appendFileSync(machine.folder('site/nvidia/cudnn/lib/libcudnn.so.9'), 'more');
    expect((await taken(asked('cuda'))).use.identity).not.toBe(before);
  });
  it('has nvJPEG only where it may decode', async () => {
    machine.library('ort', 'libnvjpeg.so.13');
    const identity = async (reproducible: boolean, decode: 'auto' | 'cpu') =>
      (await taken({ ...asked('cuda', { decode }), reproducible })).use.identity;
    expect(await identity(true, 'auto')).not.toContain('nvjpeg');
    expect(await identity(false, 'cpu')).not.toContain('nvjpeg');
    expect(await identity(false, 'auto')).toMatch(/libnvjpeg\.so\.13, \d+ bytes/);
  });
  it('has the plug-in', async () => {
    const plugin = machine.library('plugin', 'libep.so');
    const more = { onnxRuntimePath: machine.folder('ort') };
    const identity = async () => (await taken(wish('plugin:a', more, { plugin, libraries: [] }))).use.identity;
    const before = await identity();
    appendFileSync(plugin, 'more');
    expect(before).toMatch(/libep\.so, \d+ bytes/);
    expect(await identity()).not.toBe(before);
  });
});

describe('devices', () => {
  it('are the GPUs by each provider that may be used', async () => {
    machine.environment = { MICROTOME_GPU_LIBRARIES: folders.join(':') };
    expect(await gpuDevices(machine.probe(two))).toMatchObject([
      { id: 'cuda:0', kind: 'cuda', name: 'NVIDIA H200', computeCapability: '9.0', driverCuda: '13.0' },
      { id: 'cuda:1', kind: 'cuda' },
    ]);
    machine.library('ort', 'libonnxruntime_providers_tensorrt.so', { needed: ['libnvinfer.so.10'] });
    machine.library('ort', 'libnvinfer.so.10');
    expect((await gpuDevices(machine.probe(two))).map(({ id }) => id)).toEqual([
      'cuda:0',
      'cuda:1',
      'tensorrt:0',
      'tensorrt:1',
    ]);
  });
  it('are none without a driver, and none without libraries', async () => {
    machine.environment = { MICROTOME_GPU_LIBRARIES: folders.join(':') };
    expect(await gpuDevices(machine.probe(noDriver))).toEqual([]);
    machine.environment = { MICROTOME_GPU_LIBRARIES: machine.folder('ort') };
    expect(await gpuDevices(machine.probe(two))).toEqual([]);
  });
});
