/** Places that the scanner left out (alpha 0): white, no tissue, never scored as tissue, and counted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreSlide, type Slide } from '../../dist/index.js';
import { library, miraxSlides, open } from './support/tools.js';

/** Photos of 256 pixels, six in a row, that `make_mrxs.py` leaves out of the plan `holes`. */
const PHOTO_PX = 256;
const holes = [3, 7, 13, 14, 25, 29].map(
  (number) => [(number % 6) * PHOTO_PX, Math.floor(number / 6) * PHOTO_PX] as const,
);
const [whole, holed] = [miraxSlides[0]?.path ?? '', miraxSlides[2]?.path ?? ''];

describe('a MIRAX slide with photos left out', () => {
  let slide = null as unknown as Slide;
  beforeAll(async () => {
    slide = await open(holed);
  });
  afterAll(() => slide?.close());

  /** Stored tiles of level 0 that a hole lies in. */
  const tilesWithHoles = (): number => {
    const { tileWidth = 1, tileHeight = 1 } = slide.levels[0] ?? {};
    return new Set(holes.map(([x, y]) => `${Math.floor(x / tileWidth)},${Math.floor(y / tileHeight)}`)).size;
  };

  it('is white there, and says so of each region', async () => {
    for (const [x, y] of holes) {
      const region = await slide.readRegion({ level: 0, x, y, width: PHOTO_PX, height: PHOTO_PX });
      expect(region.data.every((value) => value === 255)).toBe(true);
      expect([region.missingTiles, region.badTiles]).toEqual([1, 1]);
    }
    const { width, height } = slide;
    expect((await slide.readRegion({ level: 0, x: 0, y: 0, width, height })).missingTiles).toBe(tilesWithHoles());
  });

  it('has no tissue there', async () => {
    const { data, width, height, level0PerPxX, level0PerPxY } = await slide.tissue({ overviewSide: 512 });
    expect(data.some((value) => value !== 0)).toBe(true);
    for (const [x, y] of holes) {
      const column = Math.min(width - 1, Math.floor((x + PHOTO_PX / 2) / level0PerPxX));
      const row = Math.min(height - 1, Math.floor((y + PHOTO_PX / 2) / level0PerPxY));
      expect(data[row * width + column], `hole at ${x}, ${y}`).toBe(0);
    }
  });

  it('counts it in a score, over the tissue and over everything', async () => {
    const options = { model: 'demo', openslidePath: library, level: 0 } as const;
    const everything = await scoreSlide(holed, { ...options, keep: 'all' });
    expect([everything.missingTiles, everything.badTiles]).toEqual([tilesWithHoles(), tilesWithHoles()]);
    const tissue = await scoreSlide(holed, options);
    expect(tissue.tileCount).toBeGreaterThan(0);
    expect(tissue.tileCount).toBeLessThan(everything.tileCount);
    expect(tissue.missingTiles).toBeGreaterThan(0);
    expect(tissue.badTiles).toBe(tissue.missingTiles);
    const none = await scoreSlide(whole, { ...options, keep: 'all' });
    expect([none.missingTiles, none.badTiles]).toEqual([0, 0]);
  });
});
