/** The tissue mask on generated slides with known truth, and the demonstration model on slides it has not seen. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MicrotomeError, openSlide } from '../../lib/index.js';
import type { TissueMask } from '../../lib/index.js';
import { Label, LABEL_CELL_PX, writeSlide } from '../support/slides.js';
import type { SlideOptions, SlideTruth } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-tissue-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Figures {
  /** Of tissue with what is pale inside it: a mask may or may not close over fat and lumina. */
  readonly iou: number;
  readonly lost: number;
  readonly dropped: Record<'glass' | 'pen' | 'border', number>;
}

/** Cells at the rim of anything are left out: the truth is one label per 32-pixel cell, taken at its centre. */
function compare(truth: SlideTruth, mask: TissueMask): Figures {
  const kept = new Map<number, [kept: number, all: number]>();
  const { columns, rows, labels } = truth;
  for (let y = 1; y + 1 < rows; y++) {
    for (let x = 1; x + 1 < columns; x++) {
      const label = labels[y * columns + x] ?? 0;
      let rim = false;
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++) rim ||= labels[(y + dy) * columns + x + dx] !== label;
      if (rim) continue;
      const mx = Math.floor(((x + 0.5) * LABEL_CELL_PX) / mask.level0PerPxX);
      const my = Math.floor(((y + 0.5) * LABEL_CELL_PX) / mask.level0PerPxY);
      const count = kept.get(label) ?? [0, 0];
      count[0] += mask.data[my * mask.width + mx] ? 1 : 0;
      count[1] += 1;
      kept.set(label, count);
    }
  }
  const [tissue, allTissue] = kept.get(Label.tissue) ?? [0, 0];
  let wrong = 0;
  for (const label of [Label.glass, Label.pen, Label.border]) wrong += kept.get(label)?.[0] ?? 0;
  const dropped = (label: number): number => {
    const [k, all] = kept.get(label) ?? [0, 0];
    return all === 0 ? 1 : 1 - k / all;
  };
  return {
    iou: tissue / (allTissue + wrong),
    lost: 1 - tissue / allTissue,
    dropped: { glass: dropped(Label.glass), pen: dropped(Label.pen), border: dropped(Label.border) },
  };
}

const scenes: readonly (readonly [string, SlideOptions])[] = [
  ['plain', { width: 8192, height: 8192, seed: 21 }],
  ['blue and red pens', { width: 9000, height: 8000, seed: 22, pens: ['blue', 'red'] }],
  [
    'green and black pens, two borders',
    { width: 8000, height: 9000, seed: 23, pens: ['green', 'black'], borders: ['left', 'top'] },
  ],
  ['all borders', { width: 8192, height: 7000, seed: 24, borders: ['left', 'right', 'top', 'bottom'] }],
  ['much tissue, relapse', { width: 6000, height: 6000, seed: 25, tissueShare: 0.5, relapse: true, pens: ['blue'] }],
];

describe('the tissue mask', () => {
  it.each(scenes)('%s', async (name, options) => {
    const path = join(scratch, `${name.replaceAll(/\W/g, '-')}.tif`);
    const truth = await writeSlide(path, options);
    await using slide = await openSlide(path);
    const figures = compare(truth, await slide.tissue());
    expect(figures.iou).toBeGreaterThanOrEqual(0.9);
    expect(figures.lost).toBeLessThanOrEqual(0.005);
    for (const [what, share] of Object.entries(figures.dropped)) expect([what, share >= 0.95]).toEqual([what, true]);
  });

  it('finds 0.07 % tissue', async () => {
    const path = join(scratch, 'little.tif');
    await writeSlide(path, { width: 16_384, height: 16_384, seed: 26, tissueShare: 0.0007, pens: ['blue'] });
    await using slide = await openSlide(path);
    const mask = await slide.tissue();
    const share = mask.data.reduce((sum, v) => sum + (v ? 1 : 0), 0) / mask.data.length;
    expect(share).toBeGreaterThan(0.0004);
    expect(share).toBeLessThan(0.0012);
  });

  it('is empty on clean glass, and scoring then says NO_TISSUE', async () => {
    const path = join(scratch, 'glass.tif');
    await writeSlide(path, { width: 4096, height: 4096, seed: 27, tissueShare: 0 });
    await using slide = await openSlide(path);
    expect((await slide.tissue()).data.every((v) => v === 0)).toBe(true);
    const attempt = (async () => {
      for await (const batch of slide.tiles({ level: 0, size: 224 })) batch.release();
    })();
    await expect(attempt).rejects.toSatisfy((e) => e instanceof MicrotomeError && e.code === 'NO_TISSUE');
  });
});
