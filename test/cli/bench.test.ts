/** microtome bench: the slides it draws are slides, its arithmetic is right, and it leaves nothing behind. */
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { atRank, drawShapes } from '../../lib/cli/bench/distribution.js';
import { drawSlide, TilePalette } from '../../lib/cli/bench/draw-slide.js';
import { encodeJpeg } from '../../lib/cli/bench/jpeg-encoder.js';
import { figuresOf, spreadOf } from '../../lib/cli/bench/measure.js';
import { glassTile, tilePx, tissueTile } from '../../lib/cli/bench/tissue-tiles.js';
import { openSlide } from '../../lib/slide/slide.js';
import { decodeRgb } from '../support/slides.js';
import { temporaryFolder } from '../runs/support.js';
import { cli } from './support.js';

function psnr(a: Uint8Array, b: Uint8Array): number {
  const squares = a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}

/** Tables and tile as one stream. */
function complete({ tables, tile }: { tables: Uint8Array; tile: Uint8Array }): Uint8Array {
  return Buffer.concat([tables.subarray(0, -2), tile.subarray(2)]);
}

describe('the JPEG encoder', () => {
  it.each([tissueTile(3), glassTile()])('is read back by libjpeg-turbo', (pixels) => {
    const read = decodeRgb(complete(encodeJpeg(pixels, tilePx, 90)));
    expect(read).toHaveLength(pixels.length);
    expect(psnr(read, pixels)).toBeGreaterThan(30);
  });

  it('codes extremes and every run of zeros', () => {
    // One bright pixel in sixty-four: coefficients of both signs up to the last; a hard edge: the largest differences.
    const pixels = new Uint8Array(tilePx * tilePx * 3).map((_, i) => {
      const [x, y] = [Math.floor(i / 3) % tilePx, Math.floor(i / 3 / tilePx)];
      return y < 128 ? (x % 8 === 0 && y % 8 === 0 ? 255 : 0) : (x >> 4) % 2 === 0 ? 255 : 0;
    });
    expect(psnr(decodeRgb(complete(encodeJpeg(pixels, tilePx, 100))), pixels)).toBeGreaterThan(35);
  });
});

describe('the distribution', () => {
  it('has the published quantiles and lies within them', () => {
    const widths = [16_384, 43_008, 94_208, 198_464, 220_236] as const;
    expect([0, 0.05, 0.5, 0.95, 1].map((u) => Math.round(atRank(widths, u)))).toEqual([...widths]);
    const shapes = drawShapes(200, 7, 1);
    const sorted = shapes.map(({ width }) => width).sort((a, b) => a - b);
    expect(sorted[100] as number).toBeGreaterThan(85_000);
    expect(sorted[100] as number).toBeLessThan(105_000);
    expect(shapes.every(({ tissue, mpp }) => tissue >= 0.0007 && tissue <= 0.56 && mpp > 0.12 && mpp < 0.27)).toBe(
      true,
    );
    const mean = shapes.reduce((sum, { tissue }) => sum + tissue, 0) / shapes.length;
    expect(Math.abs(mean - 0.149)).toBeLessThan(0.02);
  });

  it('is drawn from its seed alone, and shrinks', () => {
    expect(drawShapes(3, 5, 8)).toEqual(drawShapes(3, 5, 8));
    expect(drawShapes(3, 5, 8)).not.toEqual(drawShapes(3, 6, 8));
    const [whole, eighth] = [drawShapes(1, 5, 1)[0], drawShapes(1, 5, 8)[0]];
    expect(Math.abs((eighth?.width ?? 0) - (whole?.width ?? 0) / 8)).toBeLessThanOrEqual(1);
  });
});

describe('a drawn slide', () => {
  it('is a pyramid whose tissue is found where it was drawn', async () => {
    const path = join(await temporaryFolder(), 'drawn.tif');
    await drawSlide(path, { width: 6000, height: 4000, tissue: 0.25, mpp: 0.25 }, new TilePalette());
    const slide = await openSlide(path);
    try {
      expect(slide.levels.map(({ width }) => width)).toEqual([6000, 3000, 1500, 750, 375, 187]);
      expect(slide.levels[0]).toMatchObject({ tileWidth: tilePx, compression: 'jpeg', photometric: 'ycbcr' });
      expect(slide.warnings).toEqual([]);
      const mask = await slide.tissue();
      const share = mask.data.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0) / mask.data.length;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.3);
    } finally {
      await slide.close();
    }
  });
});

describe('the figures', () => {
  it('are medians with their range', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, lowest: 1, highest: 3 });
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5);
  });

  it('count slides, tiles and busy time', () => {
    const one = { wallMs: 2000, cpuMs: 3000, tiles: 100, busyMs: { decode: 300, infer: 900, csv: 0 } };
    const figures = figuresOf(4, [one, { ...one, wallMs: 4000 }, { ...one, wallMs: 1000 }]);
    expect(figures.slidesPerHour).toEqual({ median: 7200, lowest: 3600, highest: 14_400 });
    expect(figures.tilesPerSecond.median).toBe(50);
    expect(figures.cpuMsPerTile.median).toBe(30);
    expect(figures.stageShares).toEqual({ infer: 0.75, decode: 0.25 });
  });
});

describe('microtome bench', () => {
  it('scores slides given and says what it saw, without a score', async () => {
    const folder = await temporaryFolder();
    for (const name of ['a.tif', 'b.tif']) await writeFile(join(folder, name), '');
    const { code, stdout, scorers } = await cli(['bench', folder, '--repetitions', '2', '--slide-mpp', '0.5']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/slides +2 slides given/);
    expect(stdout).toMatch(/slides per hour +\d+ \(\d+ to \d+\)/);
    expect(scorers[0]?.calls).toHaveLength(6);
    expect(scorers[0]?.calls[0]?.options).toMatchObject({ slideMpp: 0.5 });
    expect(scorers[0]?.closed).toBe(true);
  });

  it('draws slides, tells their resolution and removes them', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('microtome-bench-'));
    const { code, stdout, scorers } = await cli([
      'bench',
      '--slides',
      '2',
      '--shrink',
      '40',
      '--repetitions',
      '1',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ slides: 2, repetitions: 1, model: expect.any(String) });
    const call = scorers[0]?.calls[0];
    expect(call?.options.slideMpp).toBeGreaterThan(0.1);
    expect(existsSync(dirname(call?.path ?? '.'))).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('microtome-bench-'))).toEqual(before);
  });

  it('removes them when scoring fails, too', async () => {
    const scorer = { failing: { 'slide-0.tif': 'CORRUPT_TILE' } } as const;
    const { code, scorers } = await cli(['bench', '--slides', '1', '--shrink', '40'], { scorer });
    expect(code).not.toBe(0);
    expect(existsSync(dirname(scorers[0]?.calls[0]?.path ?? '.'))).toBe(false);
    expect(scorers[0]?.closed).toBe(true);
  });

  it.each([
    [['--repetitions', '0'], '--repetitions is 0'],
    [['a.tif', '--shrink', '4'], '--shrink is for drawn slides'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await cli(['bench', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
