/** `tilesPerSlide` through the real addon: what is planned is what is scored, by seed, on any number of threads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSlide, scoreSlide } from '../../lib/index.js';
import type { ScoreOptions, SlideResult } from '../../lib/index.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-sample-'));
const slide = join(scratch, 'slide.tif');
const model = join(scratch, 'mean.onnx');
const options: ScoreOptions = { model, input: { level: 0 }, tiles: true };

beforeAll(async () => {
  writeFileSync(model, meanColourModel());
  await writeSlide(slide, { width: 3000, height: 2600, seed: 8, tissueShare: 0.5 });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const places = ({ tiles }: SlideResult): readonly string[] =>
  Array.from(tiles?.x ?? [], (x, i) => `${x},${tiles?.y[i]}`);

describe('tilesPerSlide', () => {
  it('scores so many of the tiles, says of how many, and plans the same', async () => {
    const whole = await scoreSlide(slide, options);
    expect(whole.read?.sampled).toBeNull();
    const few = await scoreSlide(slide, { ...options, tilesPerSlide: 20, seed: 3 });
    expect(few.read?.sampled).toEqual({ tiles: 20, of: whole.tileCount, reason: 'tilesPerSlide', seed: 3 });
    expect([few.tileCount, new Set(places(few)).size]).toEqual([20, 20]);
    for (const place of places(few)) expect(places(whole)).toContain(place);
    const plan = await planSlide(slide, { ...options, tilesPerSlide: 20, seed: 3 });
    expect([plan.tiles, plan.read]).toEqual([20, few.read]);
    expect((await planSlide(slide, options)).read?.sampled).toBeNull();
  });

  it('the seed alone decides', async () => {
    const sample = async (more: ScoreOptions): Promise<SlideResult> =>
      scoreSlide(slide, { ...options, tilesPerSlide: 25, ...more });
    const one = await sample({ model, seed: 1, threads: 1, batchSize: 3 });
    const same = await sample({ model, seed: 1, threads: 4, batchSize: 64 });
    const other = await sample({ model, seed: 2 });
    expect(places(same)).toEqual(places(one));
    expect([same.score, same.reproducible]).toEqual([one.score, true]);
    expect(places(other)).not.toEqual(places(one));
  });

  it('as many as there are, or more, are all of them: the same bits, and no sample', async () => {
    const whole = await scoreSlide(slide, options);
    for (const tilesPerSlide of [whole.tileCount, 1e9]) {
      const result = await scoreSlide(slide, { ...options, tilesPerSlide });
      expect([result.score, result.read?.sampled]).toEqual([whole.score, null]);
      expect(places(result)).toEqual(places(whole));
    }
  });

  it('a tileBudget chooses the same tiles, and says that time was short', async () => {
    const asked = await scoreSlide(slide, { ...options, tilesPerSlide: 20 });
    const forced = await scoreSlide(slide, { ...options, tileBudget: 20 });
    expect([forced.score, places(forced)]).toEqual([asked.score, places(asked)]);
    expect(forced.read?.sampled).toEqual({ ...asked.read?.sampled, reason: 'deadline' });
    expect([asked.reproducible, forced.reproducible]).toEqual([true, false]);
    expect(forced.warnings.at(-1)).toMatch(/^scored from 20 of \d+ tiles: there was no time for more$/);
  });
});
