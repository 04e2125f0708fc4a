/**
 * Leica SCN, Ventana BIF and Trestle: by our own reader, without OpenSlide, with the levels, bits, properties and associated images
 * that OpenSlide gives; left to OpenSlide where stored tiles do not lie side by side.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSlide, type Slide } from '../../dist/index.js';
import {
  cut,
  difference,
  expectedPixels,
  factsOf,
  leftTiffs,
  open,
  scannerTiffs,
  type Facts,
} from './support/tools.js';

/** At the corners, across tiles and images of a scan, one pixel wide, and beyond every border. */
const partsOf = (width: number, height: number) =>
  [
    [0, 0, width, height],
    [0, 0, 1, 1],
    [width - 1, height - 1, 1, 1],
    [Math.floor(width / 9), Math.floor(height / 9), Math.min(width, 300), Math.min(height, 270)],
    [Math.floor(width / 2), Math.floor(height / 4), Math.min(width, 500), Math.min(height, 200)],
    [Math.min(127, width - 1), Math.min(127, height - 1), 3, 2],
    [-31, -17, 64, 48],
    [width - 20, height - 11, 77, 55],
  ] as const;

/** Of the properties that OpenSlide made up, those that our reader has too. */
const isShared = (name: string) => /^(?:leica|ventana|trestle)\.|^openslide\.(?:bounds|region)/.test(name);

describe.each(scannerTiffs)('$name', ({ path, vendor }) => {
  let [slide, facts] = [null as unknown as Slide, null as unknown as Facts];
  beforeAll(async () => {
    facts = await factsOf(path);
    slide = await openSlide(path);
  });
  afterAll(() => slide?.close());

  it('is read by our own reader, which says so', () => {
    expect(slide.driver.name).toBe(vendor);
    expect(facts.properties['openslide.vendor']).toBe(vendor);
    const planes = path.endsWith('planes.scn') ? [expect.stringContaining('2 focal planes')] : [];
    expect(slide.warnings).toEqual(planes);
  });

  it('has the levels of OpenSlide', () => {
    expect(slide.levels.map(({ width, height }) => [width, height])).toEqual(facts.levels);
    for (const { index, downsample } of slide.levels) expect(downsample).toBeCloseTo(facts.downsamples[index] ?? 0, 9);
  });

  it('has the pixels of OpenSlide at every level, at borders and beyond them', async () => {
    for (const { index, width, height } of slide.levels) {
      const whole = { data: await expectedPixels(path, [[index, 0, 0, width, height]]), width, height };
      for (const [x, y, w, h] of partsOf(width, height)) {
        const region = await slide.readRegion({ level: index, x, y, width: w, height: h });
        const name = `level ${index}, ${w} x ${h} at ${x}, ${y}`;
        expect(difference(region.data, cut(whole, x, y, w, h), w), name).toBeNull();
      }
    }
  });

  it('has its resolution and its properties', () => {
    expect(slide.mpp?.x).toBeCloseTo(Number(facts.properties['openslide.mpp-x']), 12);
    expect(slide.mpp?.y).toBeCloseTo(Number(facts.properties['openslide.mpp-y']), 12);
    const shared = Object.entries(facts.properties).filter(([name]) => isShared(name));
    expect(shared.length).toBeGreaterThan(3);
    for (const [name, value] of shared) expect(slide.properties[name], name).toBe(value);
  });

  it('has its associated images, pixel by pixel', async () => {
    for (const [name, size] of Object.entries(facts.associated)) {
      const image = await slide.readAssociated(name);
      expect([image.width, image.height]).toEqual(size);
      expect(difference(image.data, await expectedPixels(path, [name]), image.width), name).toBeNull();
    }
  });
});

describe.each(leftTiffs)('$name', ({ path, vendor }) => {
  it('is left to OpenSlide, and info says why', async () => {
    const slide = await open(path);
    try {
      expect(slide.driver.name).toBe('openslide');
      expect(slide.driver.why).toMatch(/overlap|2 scanned areas/);
      expect(slide.driver.why).toContain(`reads it as ${vendor}`);
    } finally {
      await slide.close();
    }
  });

  it('is refused by our own reader where the caller asks for that', async () => {
    await expect(openSlide(path, { driver: vendor })).rejects.toMatchObject({ code: 'UNSUPPORTED_PIXELS' });
  });
});
