/** NDPI by our own reader, without OpenSlide: at every level that the file stores, the bits that OpenSlide gives. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSlide, type Slide } from '../../dist/index.js';
import { cut, difference, expectedPixels, factsOf, ndpi420, ndpiSlides, type Facts } from './support/tools.js';

const STORED_LEVELS = [
  [2048, 1152],
  [512, 288],
  [128, 72],
];

/** At the corners, across tiles and restart intervals, and beyond every border. */
const partsOf = (width: number, height: number) =>
  [
    [0, 0, width, height],
    [width - 1, height - 1, 1, 1],
    [Math.floor(width / 9), Math.floor(height / 5), Math.min(width, 300), Math.min(height, 270)],
    [Math.min(255, width - 1), Math.min(7, height - 1), 3, 2],
    [-31, -17, 64, 48],
    [width - 20, height - 11, 77, 55],
  ] as const;

describe.each(ndpiSlides)('$name', ({ path }) => {
  let [slide, facts] = [null as unknown as Slide, null as unknown as Facts];
  beforeAll(async () => {
    facts = await factsOf(path);
    slide = await openSlide(path);
  });
  afterAll(() => slide?.close());

  it('is read by our own reader, which says so', () => {
    expect(slide.driver.name).toBe('ndpi');
    expect(slide.warnings).toEqual([]);
  });

  it('has the stored levels; OpenSlide has these, and others that it computes', () => {
    const sizes = slide.levels.map(({ width, height }) => [width, height]);
    expect(sizes).toEqual(STORED_LEVELS);
    for (const size of sizes) expect(facts.levels).toContainEqual(size);
    expect(facts.levels.length).toBeGreaterThan(sizes.length);
  });

  it('has the pixels of OpenSlide, at borders and beyond them', async () => {
    for (const { index, width, height } of slide.levels) {
      const theirs = facts.levels.findIndex(([w, h]) => w === width && h === height);
      const whole = { data: await expectedPixels(path, [[theirs, 0, 0, width, height]]), width, height };
      for (const [x, y, w, h] of partsOf(width, height)) {
        const region = await slide.readRegion({ level: index, x, y, width: w, height: h });
        const name = `level ${index}, ${w} x ${h} at ${x}, ${y}`;
        expect(difference(region.data, cut(whole, x, y, w, h), w), name).toBeNull();
      }
    }
  });

  it('has its resolution, its properties and its macro image', async () => {
    expect(slide.mpp?.x).toBeCloseTo(Number(facts.properties['openslide.mpp-x']), 12);
    expect(slide.mpp?.y).toBeCloseTo(Number(facts.properties['openslide.mpp-y']), 12);
    const own = Object.entries(facts.properties).filter(([name]) => name.startsWith('hamamatsu.'));
    expect(own.length).toBeGreaterThan(4);
    for (const [name, value] of own) expect(slide.properties[name], name).toBe(value);
    expect(slide.associated.map(({ name }) => name)).toEqual(['macro', 'map']);
    const macro = await slide.readAssociated('macro');
    expect([macro.width, macro.height]).toEqual(facts.associated.macro);
    expect(difference(macro.data, await expectedPixels(path, ['macro']), macro.width)).toBeNull();
  });
});

describe(ndpi420.name, () => {
  it('is read by our own reader, and by OpenSlide at no restart interval', async () => {
    const slide = await openSlide(ndpi420.path);
    try {
      expect(slide.levels.map(({ width, height }) => [width, height])).toEqual(STORED_LEVELS);
      const { data } = await slide.readRegion({ level: 0, x: 900, y: 500, width: 64, height: 64 });
      const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
      expect(mean).toBeGreaterThan(80);
      expect(mean).toBeLessThan(250);
    } finally {
      await slide.close();
    }
    await expect(expectedPixels(ndpi420.path, [[0, 0, 0, 64, 64]])).rejects.toThrow('instead of RST0');
  });
});
