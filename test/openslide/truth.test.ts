/** Every pixel of every level and associated image that OpenSlide gives, beside our driver's: the same bits. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Slide } from '../../dist/index.js';
import { dataDir, slideFile } from '../support/data.js';
import {
  cut,
  difference,
  expectedPixels,
  factsOf,
  madeSlides,
  open,
  type Facts,
  type MadeSlide,
} from './support/tools.js';

/** TIFF slides of several kinds, by our driver over OpenSlide in the place of our own reader. */
const tiffSlides: readonly MadeSlide[] = [
  ['Aperio', 'aperio', 'CMU-1-Small-Region.svs'],
  ['TIFF, JPEG', 'generic-tiff', 'derived_cmu_pyr_jpeg75_t256.tif'],
  ['TIFF, tiles of 240', 'generic-tiff', 'derived_cmu_pyr_lzw_pred_t240.tif'],
  ['TIFF, grey', 'generic-tiff', 'derived_cmu_pyr_gray_deflate_t256.tif'],
  ['TIFF, alpha', 'generic-tiff', 'derived_cmu_rgba_lzw_t256.tif'],
  ['TIFF, Zstandard', 'generic-tiff', 'yb10kx5k.zstd.tiff'],
].map(([name, vendor, file]) => ({ name: String(name), vendor: String(vendor), path: slideFile(String(file)) }));

const dicom = {
  name: 'DICOM of Camelyon',
  vendor: 'dicom',
  path: slideFile('multiframe_camelyon_challenge_image.dcm'),
};

/** Parts at the corners, across tiles, at odd places, one pixel wide, and beyond every border. */
function partsOf(width: number, height: number): readonly (readonly [number, number, number, number])[] {
  const [w, h] = [Math.min(width, 300), Math.min(height, 280)];
  return [
    [0, 0, width, height],
    [0, 0, 1, 1],
    [width - 1, height - 1, 1, 1],
    [width - w, height - h, w, h],
    [Math.floor(width / 3), Math.floor(height / 5), Math.max(1, w - 3), Math.max(1, h - 7)],
    [Math.min(255, width - 1), Math.min(237, height - 1), 5, 7],
    [-31, -17, 64, 48],
    [width - 20, height - 11, 77, 55],
    [-9, height - 3, width + 18, 20],
  ];
}

/** From here on a tile of a level with a fractional downsample may lie between the pixels of level 0. */
const EXACT_PX = 512;

describe.each([...madeSlides, ...(dataDir === null ? [] : [dicom, ...tiffSlides])])('$name', ({ vendor, path }) => {
  let [slide, facts] = [null as unknown as Slide, null as unknown as Facts];
  beforeAll(async () => {
    facts = await factsOf(path);
    slide = await open(path, { driver: 'openslide' });
  });
  afterAll(() => slide?.close());

  it('has the levels, sizes and downsamples that OpenSlide says', () => {
    expect(slide.driver.name).toBe('openslide');
    expect(facts.properties['openslide.vendor']).toBe(vendor);
    expect(slide.levels.map(({ width, height }) => [width, height])).toEqual(facts.levels);
    expect(slide.levels.map(({ downsample }) => downsample)).toEqual(facts.downsamples);
  });

  it('has its properties, and its resolution', () => {
    expect(slide.properties).toEqual(facts.properties);
    const x = facts.properties['openslide.mpp-x'];
    expect(slide.mpp?.x ?? null).toBe(x === undefined ? null : Number(x));
    expect(slide.mpp?.y ?? null).toBe(x === undefined ? null : Number(facts.properties['openslide.mpp-y']));
    if (slide.mpp !== null) expect(slide.mpp.source).toBe('openslide');
  });

  it('has its ICC profile, byte by byte', async () => {
    const profile = await slide.iccProfile();
    expect(profile === null ? null : createHash('sha256').update(profile).digest('hex')).toBe(facts.iccSha256);
    // wsidicomizer gives one to each series.
    if (path.includes('/dicom-')) expect(profile).not.toBeNull();
  });

  it('has its associated images, pixel by pixel', async () => {
    const sizes = Object.fromEntries(slide.associated.map(({ name, width, height }) => [name, [width, height]]));
    expect(sizes).toEqual(facts.associated);
    for (const { name, width } of slide.associated) {
      const { data } = await slide.readAssociated(name);
      expect(difference(data, await expectedPixels(path, [name]), width), name).toBeNull();
    }
  });

  it('has its pixels at every level, at borders and beyond them', async () => {
    for (const { index, width, height, downsample } of slide.levels) {
      const whole = { data: await expectedPixels(path, [[index, 0, 0, width, height]]), width, height };
      const exact = Number.isInteger(downsample) || Math.max(width, height) <= EXACT_PX;
      for (const [x, y, w, h] of partsOf(width, height)) {
        if (!exact && (x + w > EXACT_PX || y + h > EXACT_PX)) continue;
        const region = await slide.readRegion({ level: index, x, y, width: w, height: h });
        const name = `level ${index}, ${w} x ${h} at ${x}, ${y}`;
        expect(difference(region.data, cut(whole, x, y, w, h), w), name).toBeNull();
      }
    }
  });
});
