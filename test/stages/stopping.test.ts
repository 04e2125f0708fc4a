/** `stopping` through the real addon: what is scored, what the result says, and that threads change nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer, planSlide, scoreSlide } from '../../lib/index.js';
import type { ScoreOptions, SlideResult } from '../../lib/index.js';
import { writeBundle } from '../api/support/bundle.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-stopping-'));
const slide = join(scratch, 'slide.tif');
const model = join(scratch, 'mean.onnx');
// Overlapping tiles, so that a small slide has many.
const options: ScoreOptions = { model, input: { level: 0 }, tile: { stride: 64 }, tiles: true };

beforeAll(async () => {
  writeFileSync(model, meanColourModel());
  await writeSlide(slide, { width: 2600, height: 2400, seed: 8, tissueShare: 0.5 });
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const places = ({ tiles }: SlideResult): readonly string[] =>
  Array.from(tiles?.x ?? [], (x, i) => `${x},${tiles?.y[i]}`);

describe('stopping', () => {
  it('ends early with a score that is as near as it says, and says how near', async () => {
    const whole = await scoreSlide(slide, options);
    expect(whole.stopping).toBeNull();
    const wide = { halfWidth: 0.02, minTiles: 128, everyTiles: 64 };
    const result = await scoreSlide(slide, { ...options, stopping: wide });
    expect(result.stopping).toEqual({
      tiles: result.tileCount,
      of: whole.tileCount,
      halfWidth: expect.any(Number),
      confidence: 0.95,
    });
    const { tiles, halfWidth } = result.stopping ?? { tiles: 0, halfWidth: 0 };
    expect(tiles % 64).toBe(0);
    expect(tiles).toBeLessThan(whole.tileCount / 2);
    expect(halfWidth).toBeGreaterThan(0);
    expect(halfWidth).toBeLessThanOrEqual(0.02);
    // Drawn by a fixed seed: not one of the five in a hundred.
    expect(Math.abs(result.score - whole.score)).toBeLessThan(halfWidth);
    expect(new Set(places(result)).size).toBe(tiles);
    const known = new Set(places(whole));
    expect(places(result).every((place) => known.has(place))).toBe(true);
    expect([result.reproducible, result.read?.sampled]).toEqual([true, null]);
    expect((await planSlide(slide, { ...options, stopping: wide })).tiles).toBe(whole.tileCount);
  });

  it('a narrower interval takes more tiles; one that is never reached takes all, to the same score', async () => {
    const stopped = async (halfWidth: number): Promise<SlideResult> =>
      scoreSlide(slide, { ...options, stopping: { halfWidth, minTiles: 128, everyTiles: 64 } });
    const [wide, narrow, all] = [await stopped(0.02), await stopped(0.001), await stopped(1e-12)];
    expect(narrow.tileCount).toBeGreaterThan(wide.tileCount);
    const whole = await scoreSlide(slide, options);
    expect(all.stopping).toMatchObject({ tiles: whole.tileCount, of: whole.tileCount, halfWidth: 0 });
    expect([all.score, places(all)]).toEqual([whole.score, places(whole)]);
  });

  it('the same bits for any threads, batch size and company; another seed, other tiles', async () => {
    const score = async (threads: number, batchSize: number, company: number, seed = 0): Promise<SlideResult> => {
      const stopping = { halfWidth: 0.01, minTiles: 128, everyTiles: 50 };
      await using scorer = await createScorer({ ...options, threads, batchSize, stopping, seed });
      const [first] = await Promise.all(Array.from({ length: 1 + company }, () => scorer.score(slide)));
      return first as SlideResult;
    };
    const one = await score(1, 16, 0);
    for (const [threads, batchSize, company] of [
      [2, 3, 0],
      [4, 64, 2],
    ] as const) {
      const other = await score(threads, batchSize, company);
      expect([other.score, other.stopping, places(other)]).toEqual([one.score, one.stopping, places(one)]);
      expect(other.decodedTiles).toBe(one.decodedTiles);
    }
    expect(places(await score(2, 16, 0, 1))).not.toEqual(places(one));
  });

  it.each([
    ['logistic', 0.002, { method: 'logistic', slope: 9, intercept: -6 }],
    ['logistic on log odds', 0.0012, { method: 'logistic', slope: 6, intercept: -3, on: 'logit' }],
    ['isotonic', 0.02, { method: 'isotonic', x: [0, 0.45, 0.51, 1], y: [0, 0.1, 0.9, 1] }],
    ['falling', 0.002, { method: 'logistic', slope: -9, intercept: 6 }],
  ])('the width is that of the calibrated score: %s', async (_, asked, calibration) => {
    const bundle = writeBundle({
      edit: (j) => {
        j['select'] = [{ rule: 'tissueFraction', min: 0.25 }];
        j['heads'] = [
          { name: 'mean', method: 'mean', of: { encoder: 'classifier', output: 'probability' } },
          { name: 'same', method: 'mean', of: { encoder: 'classifier', output: 'probability' } },
        ];
        const of = [
          { head: 'mean', weight: 1 },
          { head: 'same', weight: 3 },
        ];
        j['outputs'] = [{ name: 'relapse', of, calibration, clip: null, fallback: 0.16 }];
      },
    });
    const calibrated: ScoreOptions = { model: bundle, level: 0, tile: { stride: 64 } };
    const stopping = { halfWidth: asked, minTiles: 128, everyTiles: 64 };
    const whole = await scoreSlide(slide, calibrated);
    const result = await scoreSlide(slide, { ...calibrated, stopping });
    const { tiles, halfWidth } = result.stopping ?? { tiles: 0, halfWidth: 1 };
    // The first look, after 128 tiles, was not enough.
    expect(tiles).toBeGreaterThan(128);
    expect(tiles).toBeLessThan(whole.tileCount);
    // Looked at in C++ with one implementation of the calibration, told here with the other.
    expect(halfWidth).toBeLessThanOrEqual(asked * (1 + 1e-12));
    expect(halfWidth).toBeGreaterThan(asked / 3);
    expect(Math.abs(result.score - whole.score)).toBeLessThan(2 * halfWidth);
  });

  it('works within a sample: the interval is for the score of the planned tiles', async () => {
    const stopping = { halfWidth: 0.02, minTiles: 100, everyTiles: 50 };
    const result = await scoreSlide(slide, { ...options, tilesPerSlide: 400, stopping });
    expect(result.stopping?.of).toBe(400);
    expect(result.read?.sampled).toMatchObject({ tiles: 400, reason: 'tilesPerSlide' });
    expect(result.tileCount).toBeLessThan(400);
  });

  it('is refused for heads of which no interval is known', async () => {
    const stopping = { halfWidth: 0.02 };
    for (const head of [{ method: 'max' }, { method: 'noisyOr' }, { method: 'topK', k: 3 }] as const) {
      await expect(scoreSlide(slide, { ...options, head, stopping })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
  });
});
