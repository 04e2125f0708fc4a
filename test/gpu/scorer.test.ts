/** A scorer on a GPU, with an addon that plays one: which engine is kept, and what a result promises. */
import { readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NativeEngineOptions } from '../../lib/native/contract.js';
import { createScorer } from '../../lib/scoring/scorer.js';
import { halvedNote } from '../../lib/scoring/slide-result.js';
import type { ScorerOptions } from '../../lib/options/types.js';
import { failure, writeBundle } from '../api/support/bundle.js';
import { classifierGraph, FakeAddon, FakeEngine, scoreResult } from '../api/support/fake-addon.js';
import { cudaOf, driverOf, h200, Machine, runtimeOf } from './support/fake-stack.js';

/** Has an engine for each kind of device. */
class TwoEngines extends FakeAddon {
  onGpu = new FakeEngine(classifierGraph);
  override createEngine(options: NativeEngineOptions) {
    this.engineOptions.push(options);
    const result = Promise.resolve(options.device.kind === 'cpu' ? this.engine : this.onGpu);
    return { result, cancel: () => undefined };
  }
}

let addon: TwoEngines;
vi.mock('../../lib/native/addon.js', () => ({
  loadAddon: async () => addon,
  nameOnnxRuntime: () => undefined,
  openslideNamed: () => undefined,
}));
const bundle = writeBundle();
/** The runtime of this device sees an input of another size. */
const otherGraph = {
  ...classifierGraph,
  inputs: [{ name: 'tiles', type: 'float32' as const, shape: [-1, 3, 96, 96] }],
};

let machine: Machine;
let libraries: string;
beforeEach(() => {
  addon = new TwoEngines();
  addon.gpus = driverOf(13000, h200);
  machine = new Machine();
  runtimeOf(machine, 'ort', 13, '1.29.0');
  cudaOf(machine, 'site', 13);
  libraries = ['ort', ...['cublas', 'curand', 'cuda_runtime', 'cudnn'].map((part) => `site/nvidia/${part}/lib`)]
    .map((folder) => machine.folder(folder))
    .join(':');
});
afterEach(() => rmSync(machine.root, { recursive: true, force: true }));

const make = (options: Partial<ScorerOptions> = {}) =>
  createScorer({ model: bundle, ...options, gpu: { libraries, ...options.gpu } });

describe('a graph that the runtime of the GPU sees in another way', () => {
  it('is scored on the CPU by auto, and the engine of the GPU is closed', async () => {
    addon.onGpu = new FakeEngine(otherGraph);
    const scorer = await make();
    expect(scorer.device).toBe('cpu');
    expect(scorer.deviceUse.reasons).toEqual([expect.stringMatching(/^cuda: .*96/)]);
    expect([addon.onGpu.closed, addon.engine.closed]).toEqual([1, 0]);
  });
  it('is an error on a GPU that was named, and on the CPU', async () => {
    addon.onGpu = new FakeEngine(otherGraph);
    await failure(() => make({ device: 'cuda' }), 'MODEL_MISMATCH');
    addon.engine = new FakeEngine(otherGraph);
    await failure(() => make(), 'MODEL_MISMATCH');
    expect(addon.engine.closed).toBe(1);
  });
});

describe('a result', () => {
  it('is reproducible where the engine was made for it', async () => {
    const scorer = await make();
    expect(addon.engineOptions.at(-1)?.device).toMatchObject({ kind: 'cuda', reproducible: true });
    expect((await scorer.score('/a.tif')).reproducible).toBe(true);
    const fast = await make({ reproducible: false });
    expect(addon.engineOptions.at(-1)?.device).toMatchObject({ kind: 'cuda', reproducible: false });
    expect((await fast.score('/a.tif')).reproducible).toBe(false);
    // The convolutions of this engine were chosen by trial.
    expect((await fast.score('/a.tif', { reproducible: true })).reproducible).toBe(false);
  });
  it('is not reproducible with other arithmetic, or after batches were halved', async () => {
    expect((await (await make({ gpu: { tf32: true } })).score('/a.tif')).reproducible).toBe(false);
    const scorer = await make();
    const note = `the GPU ${halvedNote} 256 tiles: it went on with 128`;
    addon.onGpu.result = { ...scoreResult, warnings: [note] };
    expect((await scorer.score('/a.tif')).reproducible).toBe(false);
    expect(readFileSync('native/engine/device_runner_rows.cc', 'utf8')).toContain(halvedNote);
  });
});
