/** Rows that the addon gives away while a slide is encoded: within the memory limit, whoever takes them and however slowly. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readModel } from '../../lib/model/load-model.js';
import { specOf } from '../../lib/model/spec.js';
import { loadAddon, nameOnnxRuntime } from '../../lib/native/addon.js';
import { cpuRequest } from '../../lib/native/device-request.js';
import type { NativeEngine, NativeScoreJob } from '../../lib/native/contract.js';
import type { NativeRowBlock, NativeRowSink } from '../../lib/native/rows.js';
import { defaults } from '../../lib/options/defaults.js';
import { encodingProgram, parseScorerOptions, slideSettings } from '../../lib/options/score-options.js';
import { RowPump, type TakenRows } from '../../lib/scoring/row-pump.js';
import { wideModel } from '../support/models/small-graphs.js';
import { makeSharedTileSlide } from '../support/slides.js';

const columns = 2048;
const sidePx = 32;
/** The least that the option takes. */
const memoryBytes = 64 * 2 ** 20;
const across = 96;
const tiles = across * across;
let folder = '';
const engines: NativeEngine[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-rows-'));
  await writeFile(join(folder, 'wide.onnx'), wideModel(columns, sidePx));
  const size = across * sidePx;
  await makeSharedTileSlide(join(folder, 'slide.tif'), { width: size, height: size, seed: 1, tissueShare: 0.5 });
});
afterAll(async () => {
  for (const engine of engines) await engine.close();
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly engine: NativeEngine;
  readonly job: NativeScoreJob;
}

async function start(sink: NativeRowSink, threads = 2): Promise<Started> {
  const options = { model: join(folder, 'wide.onnx'), level: 0, keep: 'all', column: 0 } as const;
  const parsed = parseScorerOptions(options);
  const model = await readModel(options.model, parsed.modelOptions);
  const addon = await loadAddon();
  nameOnnxRuntime(addon, null);
  const graphs = specOf(model).graphs.map(({ path, sha256, weights }) => ({ graph: { path, sha256 }, weights }));
  const engine = await addon.createEngine({ graphs, headGraphs: [], device: cpuRequest, threads, memoryBytes }).result;
  engines.push(engine);
  const opened = addon.openSlide(join(folder, 'slide.tif'), { limits: defaults.limits, slideMpp: null });
  const slide = await opened.result;
  const asked = { encoder: 0, output: 0, pool: null };
  const program = encodingProgram(slideSettings(parsed.slide, model), model, { kind: 'all' }, asked);
  const job = engine.score(slide, program, null, sink);
  void job.result.then(
    () => slide.close(),
    () => slide.close(),
  );
  return { engine, job };
}

/** Rows in the order of the tiles, taken by somebody who has one block at a time, and lets many turns go by. */
async function takeAll(threads: number): Promise<Float32Array> {
  const rows = new Float32Array(tiles * columns);
  const seen = new Uint8Array(tiles);
  let [planned, held] = [0, 0];
  const { engine, job } = await start(
    {
      onPlan: (plan) => {
        planned = plan.tiles;
        expect([plan.x.length, plan.x[1], plan.y[across]]).toEqual([tiles, sidePx, sidePx]);
      },
      onRows: (block) => {
        expect([planned, ++held]).toEqual([tiles, 1]);
        expect([...block.items]).toEqual([...block.items].sort((a, b) => a - b));
        block.items.forEach((item, i) => {
          seen[item] = (seen[item] as number) + 1;
          rows.set(block.values.subarray(i * columns, (i + 1) * columns), item * columns);
        });
        setTimeout(() => {
          --held;
          block.release();
          expect(block.values.length).toBe(0);
          block.release();
        }, 5);
      },
    },
    threads,
  );
  const result = await job.result;
  expect(held).toBe(0);
  expect(seen.every((times) => times === 1)).toBe(true);
  expect([result.tables[0]?.tiles, result.outputs, result.tables[0]?.outputs]).toEqual([tiles, [], []]);
  expect(engine.peakMemoryBytes).toBeLessThanOrEqual(memoryBytes);
  return rows;
}

it('has the same rows for 1, 2 and 4 threads, more of them than the memory limit has room for', async () => {
  expect(tiles * columns * 4).toBeGreaterThan(memoryBytes);
  const one = await takeAll(1);
  for (const threads of [2, 4])
    expect(Buffer.from((await takeAll(threads)).buffer).equals(Buffer.from(one.buffer))).toBe(true);
});

it('waits for a consumer that keeps what it gets, and ends when it is cancelled', async () => {
  const kept: NativeRowBlock[] = [];
  let came = (): void => undefined;
  const isThere = new Promise<void>((resolve) => (came = resolve));
  let done = 0;
  const { engine, job } = await start({
    onPlan: () => undefined,
    onRows: (block) => {
      kept.push(block);
      came();
    },
  });
  void job.result.then(
    () => ++done,
    () => ++done,
  );
  await isThere;
  const [block] = kept as [NativeRowBlock];
  const first = block.values[0];
  // Longer than the slide takes otherwise; were it not to wait, the job would be done.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([kept.length, done]).toEqual([1, 0]);
  job.cancel();
  await expect(job.result).rejects.toMatchObject({ code: 'CANCELLED' });
  await engine.close();
  // The memory is still that of the block.
  expect([block.values.length % columns, block.values[0]]).toEqual([0, first]);
  block.release();
  expect(kept.length).toBe(1);
});

it('ends a job with what its consumer throws', async () => {
  for (const at of ['onPlan', 'onRows'] as const) {
    const reason = new RangeError(`of ${at}`);
    let calls = 0;
    const fail = (name: string): void => {
      if (name === at && ++calls >= 1) throw reason;
    };
    const { job } = await start({
      onPlan: () => fail('onPlan'),
      onRows: (block) => {
        block.release();
        fail('onRows');
      },
    });
    await expect(job.result).rejects.toBe(reason);
    expect(calls).toBe(1);
  }
});

it('takes no program with rows and nobody who takes them', async () => {
  await expect(start(undefined as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(start({ onPlan: () => undefined } as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

it('gives back the memory of rows that a taker refuses, and stops the job once', async () => {
  const reason = new Error('no more');
  let stops = 0;
  let calls = 0;
  const taker = {
    planned: () => undefined,
    rows: async ({ positions, values }: TakenRows): Promise<void> => {
      expect(values.length).toBe(positions.length * 2);
      ++calls;
      throw reason;
    },
  };
  const pump = new RowPump(taker, () => ++stops);
  let released = 0;
  for (const item of [4, 2, 9]) {
    const values = Float32Array.of(item, item);
    const items = Uint32Array.of(item);
    pump.onRows({ row: 0, columns: 2, tokens: 1, items, values, release: () => void ++released });
  }
  await expect(pump.ended()).rejects.toBe(reason);
  expect([calls, stops, released]).toEqual([1, 1, 3]);
});
