import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { loadModel } from '../../lib/model/load-model.js';
import { planSlide } from '../../lib/scoring/plan-slide.js';
import type { ScoreProgress } from '../../lib/scoring/result.js';
import { scoreSlide } from '../../lib/outputs/score-slide.js';
import { cpuRequest } from '../../lib/native/device-request.js';
import { createScorer } from '../../lib/scoring/scorer.js';
import type { ScorerOptions } from '../../lib/options/types.js';
import type { NativeScoreResult, NativeSlideOutput } from '../../lib/native/contract.js';
import type { Json } from './support/bundle.js';
import { failure, sha256, writeBundle } from './support/bundle.js';
import { classifierGraph, FakeAddon, FakeEngine, Gate, nativeError, scoreResult } from './support/fake-addon.js';

let addon: FakeAddon;
let runtimePath: string | null | undefined;
vi.mock('../../lib/native/addon.js', () => ({
  openslideNamed: () => undefined,
  loadAddon: async () => addon,
  nameOnnxRuntime: (_: unknown, option: string | null) => {
    runtimePath = option;
  },
}));
const bundle = writeBundle();
beforeEach(() => {
  addon = new FakeAddon();
  runtimePath = undefined;
});

const make = (options: Partial<ScorerOptions> = {}) => createScorer({ model: bundle, ...options });
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const output = (edit: (o: Json) => void): string =>
  writeBundle({ edit: (j) => edit((j['outputs'] as Json[])[0] as Json) });

describe('a scorer', () => {
  it('makes one engine, from the checked graph', async () => {
    const scorer = await make({ threads: 3, memoryLimit: 2 ** 28, onnxRuntimePath: '/ort.so' });
    expect(addon.engineOptions).toEqual([
      {
        graphs: [
          {
            graph: { path: `${bundle}/model.onnx`, sha256: sha256(readFileSync(`${bundle}/model.onnx`)) },
            weights: [],
          },
        ],
        headGraphs: [],
        device: cpuRequest,
        threads: 3,
        memoryBytes: 2 ** 28,
      },
    ]);
    expect(runtimePath).toBe('/ort.so');
    expect(scorer).toMatchObject({ device: 'cpu', threads: 2, model: { name: 'test-model' } });
    await Promise.all([scorer.score('/a.tif'), scorer.score('/b.tif')]);
    expect(addon.engineOptions).toHaveLength(1);
    expect(addon.slides.map((s) => s.closed)).toEqual([1, 1]);
    await scorer.close();
  });
  it('gives the result of the slide in full', async () => {
    const scorer = await make();
    const result = await scorer.score('/a.tif');
    expect(result).toEqual({
      path: '/a.tif',
      score: 0.5,
      unclipped: 0.5,
      clipped: false,
      outputs: { score: Float64Array.of(0.5) },
      clip: [0.01, 0.99],
      read: { level: 1, mpp: 1, policy: 'mpp-reduce', scale: 2, jpegReduction: 1, sampled: null },
      reads: { tiles: { level: 1, mpp: 1, policy: 'mpp-reduce', scale: 2, jpegReduction: 1, sampled: null } },
      selection: [],
      colour: null,
      tileCount: 2,
      stopping: null,
      decodedTiles: 8,
      badTiles: 3,
      missingTiles: 3,
      tissueFraction: 0.25,
      timings: {
        elapsedMs: expect.any(Number),
        stages: [{ stage: 'decode', busyMs: 1, waitingMs: 2, items: 8, bytes: 100 }],
      },
      warnings: ['a warning of the slide', 'a warning of the job'],
      model: { name: 'test-model', sha256: scorer.model.sha256, intendedUse: 'Tests; not for clinical use.' },
      assumed: null,
      device: { id: 'cpu', name: expect.any(String), precision: 'float32' },
      reproducible: true,
    });
    expect('tiles' in result).toBe(false);
  });
  it('says of how many tiles it chose, and why; too little time is warned of and never reproducible', async () => {
    const scorer = await make({ tilesPerSlide: 2, seed: 5 });
    expect(scorer.tilesPerSlide).toBe(2);
    addon.engine.result = { ...scoreResult, tables: scoreResult.tables.map((table) => ({ ...table, keptTiles: 40 })) };
    const asked = await scorer.score('/a.tif');
    expect(asked.read?.sampled).toEqual({ tiles: 2, of: 40, reason: 'tilesPerSlide', seed: 5 });
    expect([asked.warnings.length, asked.reproducible]).toEqual([2, true]);
    const forced = await (await make({ seed: 5 })).score('/a.tif', { tileBudget: 2 });
    expect(addon.engine.asked.at(-1)?.tiles[0]).toMatchObject({ maxTiles: 2, seed: 5 });
    expect(forced.read?.sampled).toEqual({ tiles: 2, of: 40, reason: 'deadline', seed: 5 });
    expect(forced.warnings.at(-1)).toBe('scored from 2 of 40 tiles: there was no time for more');
    expect(forced.reproducible).toBe(false);
    addon.engine.result = scoreResult;
    const whole = await scorer.score('/a.tif', { tileBudget: 2 });
    expect([whole.read?.sampled, whole.reproducible]).toEqual([null, true]);
  });
  it('keeps the tiles when asked, under the names of the bundle', async () => {
    const { tiles } = await (await make()).score('/a.tif', { tiles: true });
    expect(tiles).toMatchObject({
      count: 2,
      level: 1,
      footprintPx: 448,
      level0PerPxX: 2.001,
      level0PerPxY: 1.998,
      outputs: { probability: { columns: 1, columnNames: null } },
    });
    expect([...(tiles?.outputs['probability']?.values ?? [])]).toEqual([0.25, 0.75]);
    expect(addon.engine.asked[0]?.keepTiles).toBe(true);
  });
  it('hands the resolution of the slide to the opening', async () => {
    await (await make()).score('/a.tif', { slideMpp: 0.2, limits: { directories: 4 } });
    expect(addon.opened[0]).toMatchObject(['/a.tif', { slideMpp: 0.2, limits: { directories: 4 } }]);
  });
  it('compares the graph that the runtime reports, and lets the engine go when it differs', async () => {
    addon.engine = new FakeEngine({
      ...classifierGraph,
      outputs: [{ name: 'logit', type: 'float32', shape: [-1, 9] }],
    });
    expect((await failure(() => make(), 'MODEL_MISMATCH')).message).toContain('gives 9 values');
    expect(addon.engine.closed).toBe(1);
  });
  it('refuses impossible options before it makes an engine', async () => {
    await failure(() => make({ tile: { size: 100 } }), 'MODEL_MISMATCH');
    await failure(() => make({ model: '/none' }), 'FILE_NOT_FOUND');
    expect(addon.engineOptions).toEqual([]);
  });
  it('closes the slide when the job fails, and names the slide', async () => {
    addon.engine.gate = new Gate<NativeScoreResult>();
    addon.engine.gate.reject(nativeError('NO_TISSUE', 'tissue', 'no tissue'));
    const scorer = await make();
    expect(await failure(() => scorer.score('/a.tif'), 'NO_TISSUE')).toMatchObject({ path: '/a.tif', stage: 'tissue' });
    expect(addon.slides[0]?.closed).toBe(1);
  });
  it('takes errors that the addon throws instead of rejecting', async () => {
    const scorer = await make();
    addon.engine.score = () => {
      throw nativeError('INVALID_OPTION', 'options', 'no');
    };
    await failure(() => scorer.score('/a.tif'), 'INVALID_OPTION');
  });
});

describe('what the addon is told of the score', () => {
  const told = async (model: string): Promise<readonly NativeSlideOutput[]> => {
    await scoreSlide('/a.tif', { model });
    return addon.engine.asked.at(-1)?.outputs ?? [];
  };
  it('the range that the bundle declares, and no other', async () => {
    expect((await told(bundle))[0]?.clip).toEqual([0.01, 0.99]);
    expect((await told(output((o) => (o['clip'] = null))))[0]?.clip).toBeNull();
    expect((await told(output((o) => delete o['clip'])))[0]?.clip).toBeNull();
  });
  it.each([
    [
      { method: 'logistic', slope: 2, intercept: -1 },
      { kind: 'logistic', slope: 2, intercept: -1 },
    ],
    [
      { method: 'logistic', slope: 1, intercept: 0, on: 'logit' },
      { kind: 'logisticOfLogit', slope: 1, intercept: 0 },
    ],
    [
      { method: 'isotonic', x: [0.2, 0.4], y: [0.1, 0.3] },
      { kind: 'isotonic', x: Float64Array.of(0.2, 0.4), y: Float64Array.of(0.1, 0.3) },
    ],
  ])('the calibration %j', async (calibration, expected) => {
    expect((await told(output((o) => Object.assign(o, { calibration }))))[0]?.calibration).toEqual(expected);
  });
  it('which heads make it, and their weights; and the result has what the addon made of them', async () => {
    const model = writeBundle({
      edit: (j) => {
        const [head] = j['heads'] as Json[];
        j['heads'] = [head, { name: 'mean', method: 'mean', of: { encoder: 'classifier', output: 'probability' } }];
        j['outputs'] = [
          { name: 'a', of: [{ head: 'top', weight: 3 }, { head: 'mean' }] },
          { name: 'b', of: 'mean' },
        ];
      },
    });
    expect((await told(model)).map(({ name, of }) => [name, of])).toEqual([
      [
        'a',
        [
          { head: 0, output: 0, column: 0, weight: 3 },
          { head: 1, output: 0, column: 0, weight: 1 },
        ],
      ],
      ['b', [{ head: 1, output: 0, column: 0, weight: 1 }]],
    ]);
    addon.engine.result = {
      ...scoreResult,
      outputs: [
        { name: 'a', value: 0.7, unclipped: 0.7 },
        { name: 'b', value: 0.4, unclipped: 0.4 },
      ],
    };
    const { score, outputs } = await scoreSlide('/a.tif', { model });
    expect(score).toBe(0.7);
    expect([...(outputs['b'] ?? [])]).toEqual([0.4]);
  });
});

describe('progress', () => {
  it('has the rate, the time left, and an end', async () => {
    const seen: ScoreProgress[] = [];
    addon.engine.gate = new Gate<NativeScoreResult>();
    const scorer = await make();
    const running = scorer.score('/a.tif', {
      onProgress: (p) => {
        seen.push(p);
        throw new Error('ignored');
      },
    });
    await vi.waitUntil(() => addon.engine.report !== null);
    addon.engine.report?.({ stage: 'tissue', tilesDone: 0, tilesTotal: 0, elapsedMs: 1000 });
    addon.engine.report?.({ stage: 'infer', tilesDone: 10, tilesTotal: 30, elapsedMs: 3000 });
    addon.engine.report?.({ stage: 'aggregate', tilesDone: 30, tilesTotal: 0, elapsedMs: 7000 });
    addon.engine.gate.resolve(scoreResult);
    await running;
    expect(seen).toMatchObject([
      {
        stage: 'tissue',
        tiles: { done: 0, total: 0 },
        tilesPerSecond: 0,
        timeLeftMs: null,
        slides: { done: 0, total: 1 },
      },
      { stage: 'infer', tiles: { done: 10, total: 30 }, tilesPerSecond: 5, timeLeftMs: 4000 },
      {
        stage: 'aggregate',
        tiles: { done: 30, total: 30 },
        tilesPerSecond: 5,
        timeLeftMs: 0,
        slides: { done: 0, total: 1 },
      },
      { stage: 'aggregate', tiles: { done: 2, total: 2 }, timeLeftMs: 0, slides: { done: 1, total: 1 } },
    ]);
  });
});

describe('stopping', () => {
  const reason = new Error('enough');
  it('before the start touches nothing', async () => {
    await expect(scoreSlide('/a.tif', { model: bundle, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(planSlide('/a.tif', { model: bundle, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect([addon.opened.length, addon.engineOptions.length]).toEqual([0, 0]);
  });
  it('a job cancels it, closes the slide and gives the reason', async () => {
    addon.engine.gate = new Gate<NativeScoreResult>();
    const controller = new AbortController();
    const scorer = await make();
    const running = scorer.score('/a.tif', { signal: controller.signal });
    running.catch(() => undefined);
    await vi.waitUntil(() => addon.engine.asked.length > 0);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect([addon.engine.cancelled, addon.slides[0]?.closed]).toEqual([1, 1]);
  });
  it('while the slide opens rejects at once, and closes it when it is open', async () => {
    addon.slideGate = new Gate<void>();
    const controller = new AbortController();
    const scorer = await make();
    const running = scorer.score('/a.tif', { signal: controller.signal });
    await vi.waitUntil(() => addon.opened.length > 0);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    addon.slideGate.resolve();
    await vi.waitUntil(() => addon.slides[0]?.closed === 1);
  });
  it('by close() ends jobs with CANCELLED, waits for them, and refuses others', async () => {
    addon.engine.gate = new Gate<NativeScoreResult>();
    const scorer = await make();
    const running = scorer.score('/a.tif');
    running.catch(() => undefined);
    await vi.waitUntil(() => addon.engine.asked.length > 0);
    await Promise.all([scorer.close(), scorer.close(), scorer[Symbol.asyncDispose]()]);
    expect([addon.engine.closed, addon.slides[0]?.closed]).toEqual([1, 1]);
    await failure(() => running, 'CANCELLED');
    await failure(() => scorer.score('/b.tif'), 'CANCELLED');
    await failure(() => scorer.plan('/b.tif'), 'CANCELLED');
  });
  it('by close() reaches a job whose slide is still opening', async () => {
    addon.slideGate = new Gate<void>();
    const scorer = await make();
    const running = scorer.score('/a.tif');
    running.catch(() => undefined);
    await vi.waitUntil(() => addon.opened.length > 0);
    let closed = false;
    const closing = scorer.close().then(() => (closed = true));
    await tick();
    expect(closed).toBe(false);
    addon.slideGate.resolve();
    await failure(() => running, 'CANCELLED');
    await closing;
    expect([addon.engine.asked.length, addon.slides[0]?.closed]).toEqual([0, 1]);
  });
});

describe('scoreSlide and planSlide', () => {
  it('one closes its engine, also after a failure', async () => {
    await scoreSlide('/a.tif', { model: await loadModel(bundle) });
    expect(addon.engine.closed).toBe(1);
    addon.slideFailure = nativeError('TRUNCATED', 'slide', 'cut');
    await failure(() => scoreSlide('/a.tif', { model: bundle }), 'TRUNCATED');
    expect(addon.engine.closed).toBe(2);
  });
  it('refuse an input that is no file before a model is loaded', async () => {
    await failure(() => scoreSlide('gs://host/a.tif', { model: '/none' }), 'NETWORK');
  });
  it('the other needs no engine', async () => {
    expect(await planSlide('/a.tif', { model: bundle })).toEqual({
      path: '/a.tif',
      read: { level: 1, mpp: 1, policy: 'mpp-reduce', scale: 1.5, jpegReduction: 1, sampled: null },
      reads: { tiles: { level: 1, mpp: 1, policy: 'mpp-reduce', scale: 1.5, jpegReduction: 1, sampled: null } },
      tiles: 6,
      gridTiles: 12,
      storedTiles: 9,
      bytesToRead: 4321,
      tissueFraction: 0.5,
      memoryBytes: 1e6,
    });
    expect(addon.engineOptions).toEqual([]);
    expect(addon.slides[0]?.closed).toBe(1);
    expect(addon.slides[0]?.calls[0]).toMatchObject([
      'plan',
      { mpp: 0.5, mask: { kind: 'tissue', options: { overviewSidePx: 2048 } } },
    ]);
  });
});
