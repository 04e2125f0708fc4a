/** GeoJSON and heat maps as other programs open them: geojson, shapely, ijson, OpenSlide and libvips. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openSlide, scoreSlide } from '../../lib/index.js';
import { heatColours, heatStep } from '../../lib/outputs/heat-colours.js';
import { fillNewFile, writePieces } from '../../lib/outputs/new-file.js';
import { tileGeoJsonPieces } from '../../lib/outputs/tile-geojson.js';
import { tileId } from '../../lib/outputs/tile-id.js';
import { gridRows } from '../outputs/support.js';
import { dataDir, slideFile } from '../support/data.js';
import { runPython } from '../support/python.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-peers-outputs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (name: string): string => join(scratch, name);

interface ReadFeature {
  readonly id: string;
  readonly problems: readonly string[];
  readonly bounds: readonly number[];
  readonly measurements: Readonly<Record<string, number | string>>;
  readonly classification: string | null;
}

async function writeGeoJson(name: string, rows: Parameters<typeof tileGeoJsonPieces>[0]): Promise<string> {
  await fillNewFile(at(name), at(name), (sink) => writePieces(sink, tileGeoJsonPieces(rows, 'slide')));
  return at(name);
}

it('gives geojson and shapely the tiles, in the form that QuPath reads', async () => {
  const value = (tile: number, column: number): number =>
    [0.25 + tile / 64, column === 1 && tile === 3 ? NaN : 0.5][column] ?? 0;
  const rows = { ...gridRows({ across: 5, count: 20, classes: ['benign', 'tumour "grade 2"'], value }), height: 112.5 };
  const found = await runPython<ReadFeature>('outputs.py', ['geojson', await writeGeoJson('small.geojson', rows)]);
  expect(found).toHaveLength(20);
  expect(found.flatMap(({ problems }) => problems)).toEqual([]);
  for (const [i, { id, bounds, measurements, classification }] of found.entries()) {
    const [left, top] = [(i % 5) * 224, Math.floor(i / 5) * 224];
    expect(bounds).toEqual([left, top, left + 224, top + 112.5]);
    expect(id).toBe(tileId('slide', left, top, 224, 112.5));
    expect(measurements['benign']).toBe(0.25 + i / 64);
    expect(measurements['tumour "grade 2"']).toBe(i === 3 ? 'NaN' : 0.5);
    expect(classification).toBe(i < 16 && i !== 3 ? 'tumour "grade 2"' : 'benign');
  }
});

it('gives ijson a million tiles as a stream', async () => {
  const path = await writeGeoJson(
    'million.geojson',
    gridRows({ across: 1000, count: 1_000_000, value: (tile) => tile }),
  );
  const [found] = await runPython<{ features: number; ids: string; peakMiB: number }>('outputs.py', ['stream', path]);
  expect(found?.features).toBe(1_000_000);
  expect(statSync(path).size).toBeGreaterThan(200e6);
  expect(found?.peakMiB).toBeLessThan(100);
  rmSync(path);
});

interface OpenSlideFacts {
  readonly vendor: string;
  readonly dimensions: readonly (readonly [number, number])[];
  readonly downsamples: readonly number[];
  readonly mpp: readonly [number, number];
  readonly pixel: readonly number[];
}

interface VipsPage {
  readonly size: readonly [number, number];
  readonly bands: number;
  readonly mpp: readonly [number, number];
  readonly average: number;
}

/** The copy of libvips that the addon opens. */
function libvipsOf(): string {
  const folder = resolve(import.meta.dirname, '../../node_modules/microtome-libvips-linux-x64/lib');
  const name = readdirSync(folder).find((file) => file.startsWith('libvips-cpp.so'));
  return join(folder, name ?? '');
}

async function agrees(slidePath: string, heatmap: string, downsample: number): Promise<void> {
  const options = { model: 'demo', heatmap, heatmapDownsample: downsample, tiles: true };
  const { tiles } = await scoreSlide(slidePath, options);
  if (tiles === undefined) throw new Error('no tiles');
  const [name = ''] = readdirSync(heatmap).filter((file) => file.endsWith('.tif'));
  const path = join(heatmap, name);
  const [slide, ours] = [await openSlide(slidePath), await openSlide(path)];
  const size = [Math.ceil(slide.width / downsample), Math.ceil(slide.height / downsample)];
  const mpp = (slide.mpp?.x ?? NaN) * downsample;
  // The middle of the first tile.
  const place = [tiles.level0X[0] ?? 0, tiles.level0Y[0] ?? 0].map((edge) => Math.floor((edge + 112) / downsample));
  const [theirs] = await runPython<OpenSlideFacts>('outputs.py', ['openslide', path, ...place.map(String)]);
  const pages = await runPython<VipsPage>('outputs.py', ['vips', libvipsOf(), path]);

  expect(theirs?.vendor).toBe('generic-tiff');
  expect(theirs?.dimensions).toEqual(ours.levels.map(({ width, height }) => [width, height]));
  expect(theirs?.dimensions[0]).toEqual(size);
  for (const found of [ours.mpp?.x, theirs?.mpp[0], pages[0]?.mpp[0]]) expect(found).toBeCloseTo(mpp, 4);
  const step = heatStep(tiles.outputs['relapse']?.values[0] ?? NaN, 0, 1) * 3;
  expect(theirs?.pixel).toEqual([...heatColours.subarray(step, step + 3), 255]);

  expect(pages.map(({ size: [width, height] }) => [width, height])).toEqual(theirs?.dimensions);
  pages.forEach(({ bands, mpp: [x], average }, level) => {
    expect(bands).toBe(4);
    expect(x).toBeCloseTo(mpp * 2 ** level, 3);
    expect(average).toBeGreaterThan(0);
  });
  await Promise.all([slide.close(), ours.close()]);
}

it('gives OpenSlide, libvips and our own reader the same pyramid, at the scale of the slide', async () => {
  await writeSlide(at('slide.tif'), { width: 4096, height: 3072, seed: 3, tissueShare: 0.4 });
  // A generated slide states no resolution.
  const slideWithMpp = at('slide.tif');
  const heatmap = at('heat-generated');
  const { tiles } = await scoreSlide(slideWithMpp, {
    model: 'demo',
    heatmap,
    slideMpp: 0.25,
    heatmapDownsample: 1,
    tiles: true,
  });
  const ours = await openSlide(join(heatmap, 'slide.heatmap.tif'));
  expect([ours.width, ours.height, ours.mpp?.x]).toEqual([4096, 3072, 0.25]);
  const [x, y] = [tiles?.level0X[0] ?? 0, tiles?.level0Y[0] ?? 0];
  const [theirs] = await runPython<OpenSlideFacts>('outputs.py', [
    'openslide',
    join(heatmap, 'slide.heatmap.tif'),
    `${x}`,
    `${y}`,
  ]);
  expect(theirs?.downsamples).toEqual([1, 2, 4, 8]);
  expect(theirs?.mpp).toEqual([0.25, 0.25]);
  const step = heatStep(tiles?.outputs['relapse']?.values[0] ?? NaN, 0, 1) * 3;
  expect(theirs?.pixel).toEqual([...heatColours.subarray(step, step + 3), 255]);
  await ours.close();
});

it.skipIf(dataDir === null)('does so for a real slide', async () => {
  await agrees(slideFile('CMU-1-Small-Region.svs'), at('heat-real'), 2);
});
