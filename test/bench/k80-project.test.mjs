import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundles } from '../../bench/k80/bundles.mjs';
import { levelsOf, writeHeaderOnly } from '../../bench/k80/header-only.mjs';
import { features, networks, totals, transformer } from '../../bench/k80/networks.mjs';
import { hours, mostTiles, networkSeconds, slideSeconds, usableHours } from '../../bench/k80/project.mjs';
import { published, quantile, slideCount, testSet, tissueOf } from '../../bench/k80/test-set.mjs';
import { openSlide, planSlide } from '../../lib/index.js';

let scratch;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'microtome-project-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('the drawn test set', () => {
  const slides = testSet();
  const sorted = (values) => [...values].sort((a, b) => a - b);

  it('is the same each time, and another with another seed', () => {
    expect(slides).toHaveLength(slideCount);
    expect(testSet()).toEqual(slides);
    expect(testSet(2)).not.toEqual(slides);
  });

  it('has the published sizes and shares of tissue', () => {
    const gigapixels = sorted(slides.map(({ width, height }) => (width * height) / 1e9));
    const mean = gigapixels.reduce((sum, each) => sum + each, 0) / slideCount;
    expect(Math.abs(gigapixels[slideCount >> 1] / published.gigapixels.median - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean / published.gigapixels.mean - 1)).toBeLessThan(0.15);
    const tissue = sorted(slides.map((slide) => slide.tissue));
    expect(tissue[0]).toBeGreaterThanOrEqual(0.0007);
    expect(tissue.at(-1)).toBeLessThanOrEqual(0.56);
    expect(tissue[slideCount >> 1]).toBeCloseTo(0.128, 2);
    expect(slides.filter(({ mpp }) => mpp === 0.25).length / slideCount).toBeCloseTo(730 / 1342, 2);
  });

  it('interpolates between quantiles', () => {
    expect([0, 0.05, 0.5, 1].map((share) => quantile(published.widthPx, share))).toEqual([
      16_384, 43_008, 94_208, 220_236,
    ]);
    expect(quantile([1, 100, 100, 100, 100], 0.025)).toBeCloseTo(10, 9);
  });
});

describe('a slide of headers alone', () => {
  it('has the levels of the challenge, floored halves', () => {
    // The one table of levels that was published.
    const levels = levelsOf(177_664, 402_688);
    expect(levels).toHaveLength(12);
    expect(levels.at(-1)).toMatchObject({ width: 86, height: 196 });
  });

  it('can be opened and planned, and takes little disk', async () => {
    const path = join(scratch, 'slide.tif');
    await writeHeaderOnly(path, { width: 65_536, height: 49_152, tileBytes: 1000 });
    const { size, blocks } = await stat(path);
    expect(size).toBeGreaterThan(16e6);
    expect(blocks * 512).toBeLessThan(2e6);
    const slide = await openSlide(path);
    expect(slide.levels.map(({ width }) => width)).toEqual(levelsOf(65_536, 49_152).map(({ width }) => width));
    await slide.close();
    const drawn = { width: 65_536, height: 49_152, sections: 2, tissue: 0.2 };
    const options = { model: 'demo', level: 2, mask: tissueOf(drawn) };
    const { tiles, storedTiles, bytesToRead, tissueFraction } = await planSlide(path, options);
    expect(tissueFraction).toBeCloseTo(0.2, 2);
    // Level 2 has 16,384 x 12,288 pixels.
    const inTissue = (side) => (0.2 * 16_384 * 12_288) / side ** 2;
    expect(Math.abs(tiles / inTissue(224) - 1)).toBeLessThan(0.1);
    expect(Math.abs(storedTiles / inTissue(256) - 1)).toBeLessThan(0.2);
    expect(bytesToRead).toBe(1000 * storedTiles);
  });
});

describe('the networks of the bundles', () => {
  const gigaMacs = (operations) => totals(operations).macs / 1e9;

  it('have the sizes that are published', () => {
    expect(gigaMacs(features([2, 2, 2, 2], 224))).toBeCloseTo(gigaMacs(networks['ResNet-18']) - 512e3 / 1e9, 6);
    expect(gigaMacs(features([3, 4, 6, 3], 224))).toBeCloseTo(3.66, 1);
    // A small vision transformer with patches of 16 pixels: 4.6 GMAC, 22 million parameters.
    expect(gigaMacs(transformer(224, 16, 384, 12))).toBeCloseTo(4.6, 1);
    expect(totals(transformer(224, 16, 384, 12)).parameters / 1e6).toBeCloseTo(21.6, 0);
  });
});

describe('the projection', () => {
  const bundle = bundles.third;
  const plan = (tiles) => ({ counts: { tiles }, decodedPx: tiles * 65_536, picturePx: 0, bytes: tiles * 16_384 });

  it('takes the slowest stage on the device, and the sum of decoding and networks on the CPU', () => {
    const device = slideSeconds(bundle, plan(2000), 'low', 'gpu');
    expect(device).toBe(networkSeconds(bundle, plan(2000).counts, 'low', 'gpu'));
    // 1.4 GMAC a tile on six cores of 20 GMAC, and decoding beside it.
    const network = networkSeconds(bundle, { tiles: 2000 }, 'low', 'cpu');
    expect(network).toBeCloseTo((2000 * totals(bundle.inputs.tiles.all).macs) / (6 * 20e9), 9);
    const decode = ((2000 * 65_536) / 80e6 + 0.6) / 6;
    expect(slideSeconds(bundle, plan(2000), 'low', 'cpu')).toBeCloseTo(network + decode, 9);
  });

  it('counts tiles that rules leave out for the networks before the rules alone', () => {
    const { first } = bundles;
    const at = (far) => networkSeconds(first, { far, near: 0 }, 'high', 'cpu');
    const perTile = (operations) => totals(operations).macs / (49e9 * 6);
    expect(at(513) - at(512)).toBeCloseTo(perTile(first.inputs.far.all), 12);
    expect(at(512) - at(511)).toBeCloseTo(perTile(first.inputs.far.all) + perTile(first.inputs.far.left), 12);
  });

  it('finds how many tiles a deadline leaves', () => {
    expect(mostTiles(bundle, [plan(100)], 'low', 'gpu')).toBe(null);
    const many = Array.from({ length: 541 }, (_, i) => plan(20_000 + 100 * i));
    const most = mostTiles(bundle, many, 'low', 'gpu');
    expect(hours(bundle, many, 'low', 'gpu')).toBeGreaterThan(8);
    expect(hours(bundle, many, 'low', 'gpu', most)).toBeLessThanOrEqual(usableHours);
    expect(hours(bundle, many, 'low', 'gpu', most + 1)).toBeGreaterThan(usableHours);
  });
});
