/** What a system or a caller allows is held: threads that cannot be started, and the memory limit of a large encoder. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createScorer, planSlide } from '../../lib/index.js';
import { loadAddon } from '../../lib/native/addon.js';
import type { NativeEngine } from '../../lib/native/contract.js';
import { fromFile } from '../support/byte-sources.js';
import { inGoodOrder, runChild } from '../support/child.js';
import { meanColourModel, wideModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-limits-'));
const slide = join(scratch, 'slide.tif');
const tiny = join(scratch, 'tiny.tif');
const mean = join(scratch, 'mean.onnx');
const encoder = join(scratch, 'encoder.onnx');
const columns = 2048;

beforeAll(async () => {
  // 224 x 224 tiles of 16 pixels: 50,176.
  await writeSlide(slide, { width: 3584, height: 3584, seed: 6, tissueShare: 0.4 });
  await writeSlide(tiny, { width: 300, height: 300, seed: 7, tissueShare: 0.4 });
  writeFileSync(mean, meanColourModel());
  writeFileSync(encoder, wideModel(columns, 16));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('threads that the system does not allow', () => {
  const isRoot = process.getuid?.() === 0;
  const nobody = 65_534;

  /** Threads of the user that the child will be. */
  function threadsOf(uid: number): number {
    let count = 0;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (statSync(`/proc/${pid}`).uid === uid) count += readdirSync(`/proc/${pid}/task`).length;
      } catch {
        // It has ended.
      }
    }
    return count;
  }

  interface Outcome {
    readonly code: string;
    readonly message: string;
    readonly before: number;
    readonly after: number;
    readonly score: number;
  }

  it('are LIMIT_EXCEEDED, which says at which thread; those that were started end, and one thread still scores', async () => {
    const uid = isRoot ? nobody : (process.getuid?.() as number);
    const ending = await runChild<Outcome>(
      { isRoot, uid, model: mean, slide: tiny },
      `// The library, the addon and the runtime are opened while the process may read everything.
       const options = { model, input: { level: 0 }, keep: 'all' };
       await (await createScorer({ ...options, threads: 1 })).close();
       if (isRoot) process.setuid(uid);
       await until(() => threadsNamed('microtome-close') + threadsNamed('microtome-load') === 0);
       const before = threads();
       const error = await createScorer({ ...options, threads: 100 }).then(() => ({}), (e) => e);
       await until(() => threads() <= before);
       const { score } = await scoreSlide(slide, { ...options, threads: 1 });
       report({ code: error.code, message: error.message, before, after: threads(), score });`,
      { processes: threadsOf(uid) + 60 },
    );
    expect(ending).toMatchObject({ ...inGoodOrder, report: { code: 'LIMIT_EXCEEDED' } });
    const { message, score } = ending.report as Outcome;
    const thread = Number(message.match(/thread (\d+) of 100 cannot be started/)?.[1]);
    expect(thread).toBeGreaterThan(2);
    expect(thread).toBeLessThan(100);
    expect(score).toEqual(expect.any(Number));
  });
});

describe('50,000 tiles through an encoder of 2,048 columns, with a memory limit of 128 MiB', () => {
  const memoryLimit = 128 * 2 ** 20;
  const options = { model: encoder, input: { level: 0 }, keep: 'all', column: 0, memoryLimit } as const;

  it('the process stays below what it had before, and a tenth more than the limit', async () => {
    const ending = await runChild<{ tiles: number; beforeMb: number; peakMb: number }>(
      { slide, tiny, options },
      `const scorer = await createScorer(options);
       await scorer.score(tiny);
       const beforeMb = peakMb();
       const { tileCount } = await scorer.score(slide);
       report({ tiles: tileCount, beforeMb, peakMb: peakMb() });
       await scorer.close();`,
    );
    expect(ending).toMatchObject({ ...inGoodOrder, report: { tiles: 224 ** 2 } });
    const { beforeMb, peakMb } = ending.report as { beforeMb: number; peakMb: number };
    expect(peakMb - beforeMb).toBeLessThanOrEqual((memoryLimit * 1.1) / 1e6);
  });

  it('the plan says what is reserved at most, which is within the limit', async () => {
    const addon = await loadAddon();
    let engine: NativeEngine | null = null;
    const original = addon.createEngine;
    const spy = vi.spyOn(addon, 'createEngine').mockImplementation((request) => {
      const job = original(request);
      const keep = async (): Promise<NativeEngine> => {
        engine = await job.result;
        return engine;
      };
      return { result: keep(), cancel: () => job.cancel() };
    });
    await using scorer = await createScorer(options);
    spy.mockRestore();
    const { memoryBytes, tiles } = await planSlide(slide, options);
    expect(tiles).toBe(224 ** 2);
    expect(memoryBytes).toBeLessThanOrEqual(memoryLimit);
    await scorer.score(slide);
    const reserved = (engine as NativeEngine | null)?.peakMemoryBytes;
    expect(reserved).toBeGreaterThan(0);
    expect(reserved).toBeLessThanOrEqual(memoryBytes);
  });

  it('outputs of every tile, 822 MB, are refused by the name of the limit before a tile is read', async () => {
    const watched = fromFile(slide);
    await using scorer = await createScorer(options);
    await expect(scorer.score(watched.source, { tiles: true })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('memoryLimit'),
    });
    // The directories and tables of tiles were read, of the tiles themselves nothing.
    expect(watched.bytesRead()).toBeGreaterThan(0);
    expect(watched.bytesRead()).toBeLessThan(watched.source.size / 5);
  });
});
