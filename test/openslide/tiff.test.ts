/**
 * Our own reader of TIFF against OpenSlide, on every real TIFF slide that both open: the same pixels at every level that both
 * have. Samples of 16 bits are the exception: ours takes their high byte, libtiff, which OpenSlide uses, rounds to the nearest
 * of 255. They differ by 1 at most.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MicrotomeError, openSlide } from '../../dist/index.js';
import { dataDir, slideFile } from '../support/data.js';
import { expectedPixels, factsOf, type Facts } from './support/tools.js';

/** By file: what the largest difference of a sample may be. */
const tolerances: Readonly<Record<string, number>> = {
  'derived_cmu_rgb16_deflate_t256.tif': 1,
  'tiff_16bit_RGB.tiff': 1,
};

/** Files that one of the two refuses, and that nothing can be compared on. */
const refusedByOurs = ['alpha.tif', 'tiff_tiled_cmyk_jpeg.tif'];
const refusedByOpenslide = [
  'TestJpegTiles264x264BigEndian.tiff',
  'be_cog.tiff',
  'big.endian.tiff',
  'derived_cmu_be_lzw.tif',
  'derived_cmu_planar_zip.tif',
  'derived_cmu_pyr_jp2k_lossless_t256.tif',
  'derived_cmu_pyr_webp_lossless_t256.tif',
  'derived_cmu_strips_deflate.tif',
  'image_rgba.tif',
  'multi-channel.ome.tif',
  'planar-rgb-u8.tif',
  'quad-tile.tif',
  // Its levels are told, and reading them fails: the size of its only tile is not what libtiff expects.
  'seq-1c-8b-tiled-bigtiff-20f3db0c.tiff',
  'sparse.tiff',
  'tiled-jpeg-ycbcr.tif',
  'usda_naip_256_webp_z3.tif',
];

const LARGEST_PX = 2500;

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  if (Buffer.compare(a, b) === 0) return 0;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

const factsOrNull = (path: string): Promise<Facts | null> => factsOf(path).catch(() => null);

describe.skipIf(dataDir === null)('our reader of TIFF and OpenSlide', () => {
  const files =
    dataDir === null
      ? []
      : readdirSync(slideFile(''))
          .filter((name) => /\.(tiff?|svs)$/.test(name))
          .sort();

  it('open what the lists say', async () => {
    for (const name of [...refusedByOurs, ...refusedByOpenslide]) expect(files).toContain(name);
    for (const name of refusedByOurs) await expect(openSlide(slideFile(name)), name).rejects.toThrow(MicrotomeError);
  });

  it.each(files.filter((name) => ![...refusedByOurs, ...refusedByOpenslide].includes(name)))('%s', async (name) => {
    const path = slideFile(name);
    const facts = await factsOrNull(path);
    if (facts === null) throw new Error('OpenSlide refuses it: it belongs into the list');
    const slide = await openSlide(path);
    const mpp = facts.properties['openslide.mpp-x'];
    if (mpp !== undefined) expect(slide.mpp?.x).toBeCloseTo(Number(mpp), 12);
    let compared = 0;
    for (const { index, width, height } of slide.levels) {
      const level = facts.levels.findIndex(([w, h]) => w === width && h === height);
      if (level === -1) continue;
      const [w, h] = [Math.min(width, LARGEST_PX), Math.min(height, LARGEST_PX)];
      const theirs = await expectedPixels(path, [[level, 0, 0, w, h]]);
      const { data } = await slide.readRegion({ level: index, x: 0, y: 0, width: w, height: h });
      expect(largestDifference(data, theirs), `level ${index}`).toBeLessThanOrEqual(tolerances[name] ?? 0);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(0);
    for (const [picture, [width, height]] of Object.entries(facts.associated)) {
      const theirs = await expectedPixels(path, [picture]);
      const ours = await slide.readAssociated(picture);
      expect([ours.width, ours.height]).toEqual([width, height]);
      expect(largestDifference(ours.data, theirs), picture).toBe(0);
    }
    await slide.close();
  });
});
