/** Heat maps: the colours, the values of pixels, and the TIFF as our own reader opens it. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../lib/core/png.js';
import { openSlide } from '../../lib/index.js';
import { heatColours, heatStep } from '../../lib/outputs/heat-colours.js';
import { HeatGrid } from '../../lib/outputs/heat-grid.js';
import { heatPicture } from '../../lib/outputs/heat-picture.js';
import { heatDownsample, levelDownsamples, writeHeatTiff, type Heat } from '../../lib/outputs/heat-tiff.js';
import { fillNewFile } from '../../lib/outputs/new-file.js';
import { countingSink, gridRows, scratchFolder, type RowsOptions } from './support.js';

function heatOf(options: RowsOptions): Heat {
  const rows = gridRows(options);
  const [column] = rows.columns;
  if (column === undefined) throw new Error('no column');
  return { ...rows, column, low: 0, high: 1 };
}

/** sRGB to Oklab, in which distances are what the eye sees. */
function oklab(red: number, green: number, blue: number): readonly number[] {
  const [r = 0, g = 0, b = 0] = [red, green, blue].map((sample) => {
    const s = sample / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const rgbAt = (step: number): readonly number[] => [...heatColours.subarray(step * 3, step * 3 + 3)];

describe('the colours', () => {
  it('are equally far apart, and get lighter all the way', () => {
    const labs = Array.from({ length: 256 }, (_, i) => oklab(...(rgbAt(i) as [number, number, number])));
    // Sixteen steps together: one alone is a rounding of 8 bits.
    const lengths = Array.from({ length: 15 }, (_, i) => {
      const [a = [], b = []] = [labs[i * 16], labs[(i + 1) * 16]];
      return Math.hypot(...a.map((value, c) => value - (b[c] ?? 0)));
    });
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    for (const length of lengths) expect(Math.abs(length / mean - 1)).toBeLessThan(0.1);
    for (let i = 4; i < 256; ++i) expect(labs[i]?.[0]).toBeGreaterThan(labs[i - 4]?.[0] ?? 1);
  });

  it('hold values outside the range to its ends, and show a range of one value in the middle', () => {
    expect([-1, 0, 0.5, 1, 7].map((value) => heatStep(value, 0, 1))).toEqual([0, 0, 128, 255, 255]);
    expect(heatStep(3, 3, 3)).toBe(128);
  });
});

describe('the value of a pixel', () => {
  const draw = (heat: Heat, level0PerPx: number, squarePx: number): { value: number; weight: number }[] => {
    const sidePx = squarePx;
    const scale = { widthPx: sidePx, heightPx: sidePx, level0PerPxX: level0PerPx, level0PerPxY: level0PerPx, squarePx };
    const square = { sums: new Float32Array(squarePx ** 2), weights: new Float32Array(squarePx ** 2) };
    new HeatGrid(heat, scale).draw(0, 0, square);
    return [...square.weights].map((weight, i) => ({ value: (square.sums[i] ?? 0) / weight, weight }));
  };

  it('is that of the tile that covers it', () => {
    const heat = heatOf({ across: 2, count: 4, sidePx: 100, value: (tile) => tile });
    expect(draw(heat, 50, 4).map(({ value }) => value)).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]);
  });

  it('is the mean of tiles that overlap, and of those that share it, by how much of it they cover', () => {
    const overlapping = heatOf({ across: 2, count: 2, sidePx: 100, stridePx: 50, value: (tile) => tile });
    expect(draw(overlapping, 50, 4).slice(0, 3)).toEqual([
      { value: 0, weight: 1 },
      { value: 0.5, weight: 2 },
      { value: 1, weight: 1 },
    ]);
    // A pixel of 150: all of the first tile's width, half of the second's.
    const shared = heatOf({ across: 2, count: 2, sidePx: 100, value: (tile) => tile });
    const [first] = draw(shared, 150, 2);
    expect(first?.value).toBeCloseTo(1 / 3, 6);
    expect(first?.weight).toBeCloseTo(2 / 3, 6);
  });

  it('is nothing where no tile is, and where its value is no number', () => {
    const heat = heatOf({ across: 2, count: 2, sidePx: 100, value: (tile) => (tile === 0 ? NaN : 1) });
    expect(draw(heat, 100, 2).map(({ weight }) => weight)).toEqual([0, 1, 0, 0]);
  });
});

async function tiffOf(
  name: string,
  heat: Heat,
  slide: Parameters<typeof writeHeatTiff>[2],
  first: number,
): Promise<string> {
  const path = join(scratchFolder(), name);
  await fillNewFile(path, path, (sink) => writeHeatTiff(sink, heat, slide, first, 'score: 0 to 1'));
  return path;
}

describe('the heat map as TIFF', () => {
  it('opens as a pyramid that lies over the slide, with its resolution and the colours of the tiles', async () => {
    const heat = heatOf({ across: 100, count: 5000, value: (tile) => (tile % 100) / 99 });
    const size = { width: 30_001, height: 25_000, mpp: { x: 0.2527, y: 0.2501 } };
    const slide = await openSlide(await tiffOf('heat.tif', heat, size, heatDownsample(heat)));
    expect([slide.width, slide.height, slide.warnings]).toEqual([1876, 1563, []]);
    expect(slide.levels.map(({ downsample }) => Math.round(downsample))).toEqual([1, 2, 4]);
    expect(slide.mpp?.x).toBeCloseTo(0.2527 * 16, 5);
    expect(slide.mpp?.y).toBeCloseTo(0.2501 * 16, 5);
    for (const [level, factor] of [1, 2, 4].entries()) {
      const { data } = await slide.readRegion({ level, x: 0, y: 0, width: Math.floor(1400 / factor), height: 1 });
      // The middle of tile 60 of the first row.
      const at = Math.floor((60.5 * 14) / factor) * 3;
      expect([...data.subarray(at, at + 3)]).toEqual(rgbAt(heatStep(60 / 99, 0, 1)));
    }
    const beside = await slide.readRegion({ level: 0, x: 1500, y: 1500, width: 1, height: 1 });
    expect([...beside.data]).toEqual([255, 255, 255]);
    await slide.close();
  });

  it('has the size of the slide where it is asked to', async () => {
    const heat = heatOf({ across: 4, count: 16 });
    const slide = await openSlide(await tiffOf('full.tif', heat, { width: 1100, height: 900, mpp: null }, 1));
    expect([slide.width, slide.height, slide.levels.length, slide.mpp]).toEqual([1100, 900, 3, null]);
    await slide.close();
  });

  it('of 70 gigapixels of tissue in spots writes little more than the tiles, in pieces of one tile', async () => {
    const sidePx = 262_144;
    // 4,096 tiles in 64 clumps far apart.
    const heat = heatOf({ across: 64, count: 4096, value: (tile) => tile / 4096 });
    for (let i = 0; i < heat.count; ++i) heat.x[i] = (heat.x[i] ?? 0) + Math.floor(i / 64) * 1024;
    const sink = countingSink();
    await writeHeatTiff(sink, heat, { width: sidePx, height: sidePx, mpp: { x: 0.25, y: 0.25 } }, 16, '');
    expect(levelDownsamples({ width: sidePx, height: sidePx, mpp: null }, 16)).toEqual([16, 32, 64, 128, 256, 512]);
    expect(sink.longest).toBeLessThan(64 * 1024);
    expect(sink.position).toBeLessThan(1024 * 1024);
  });

  it('draws a tile 8 to 16 pixels wide', () => {
    for (const side of [8, 15.9, 16, 224, 511.5, 1000]) {
      const drawn = side / heatDownsample({ width: side, height: side });
      expect(drawn).toBeGreaterThanOrEqual(8);
      expect(drawn).toBeLessThan(16);
    }
    expect(heatDownsample({ width: 3, height: 3 })).toBe(1);
  });
});

describe('the heat map as PNG', () => {
  it('lies over the thumbnail, whose tissue stays visible, and has the scale below', () => {
    const heat = heatOf({ across: 2, count: 2, sidePx: 512, value: (tile) => tile });
    const thumbnail = { data: new Uint8Array(400 * 100 * 3).fill(200), width: 400, height: 100 };
    const { data, width, height } = heatPicture(heat, { width: 2048, height: 512, mpp: null }, thumbnail);
    expect([width, height]).toEqual([400, 144]);
    const pixel = (x: number, y: number): readonly number[] => [
      ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
    ];
    const mixed = (step: number): readonly number[] =>
      rgbAt(step).map((sample) => Math.round(200 + (sample - 200) * 0.6));
    expect(pixel(50, 50)).toEqual(mixed(0));
    expect(pixel(150, 50)).toEqual(mixed(255));
    expect(pixel(350, 50)).toEqual([200, 200, 200]);
    expect(pixel(10, 112)).toEqual(rgbAt(0));
    expect(pixel(329, 112)).toEqual(rgbAt(255));
  });
});

describe('PNG', () => {
  it('reads back to the same pixels, grey, RGB and RGBA, also where it is written in many pieces', async () => {
    for (const channels of [1, 3, 4] as const) {
      const [width, height] = [700, 611];
      const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i) >> 3);
      const found = decode(await encodePng({ data, width, height, channels }));
      expect([found.width, found.height, found.channels]).toEqual([width, height, channels]);
      expect(Buffer.compare(Buffer.from(found.data as Uint8Array), Buffer.from(data))).toBe(0);
    }
  });

  it('is refused for sizes that do not fit', async () => {
    const data = new Uint8Array(5);
    await expect(encodePng({ data, width: 2, height: 2, channels: 1 })).rejects.toThrow('do not fill');
    await expect(encodePng({ data, width: 0, height: 2, channels: 1 })).rejects.toThrow('no PNG');
  });
});

it('keeps nothing of a file that could not be filled', async () => {
  const path = join(scratchFolder(), 'half');
  const fill = async (): Promise<void> => {
    throw Object.assign(new Error('full'), { code: 'ENOSPC' });
  };
  await expect(fillNewFile(path, path, fill)).rejects.toMatchObject({ code: 'DISK_FULL', path });
  await expect(open(path)).rejects.toMatchObject({ code: 'ENOENT' });
});
