/** Where a tile is in level 0, how much of it it shows, and how many there are: in streams and in results. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSlide, scoreSlide } from '../../lib/index.js';
import type { Batch, Slide } from '../../lib/index.js';
import { writeSlide } from '../support/slides.js';
import { writeBundle } from './support/bundle.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-places-'));
const path = join(scratch, 'slide.tif');
let slide: Slide;

beforeAll(async () => {
  // Sides that do not halve without a rest: a pixel of level 1 is not two pixels of level 0.
  await writeSlide(path, { width: 1811, height: 1507, seed: 5, tissueShare: 0.5 });
  slide = await openSlide(path, { slideMpp: 0.25 });
});
afterAll(async () => {
  await slide.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** The places of all tiles, after the counts of each batch were checked. */
async function placesOf(batches: AsyncIterable<Batch>): Promise<{ places: string[]; total: number }> {
  const places: string[] = [];
  let total = 0;
  for await (const batch of batches) {
    expect(batch.first).toBe(places.length);
    for (let i = 0; i < batch.tiles; ++i) {
      const [x, y] = [batch.level0X[i], batch.level0Y[i]];
      expect(x).toBe((batch.x[i] ?? -1) * batch.level0PerPxX);
      expect(y).toBe((batch.y[i] ?? -1) * batch.level0PerPxY);
      places.push(`${x} ${y} ${batch.level0Width} ${batch.level0Height}`);
    }
    expect([batch.level0X.length, batch.level0Y.length]).toEqual([batch.tiles, batch.tiles]);
    total = batch.total;
    batch.release();
  }
  return { places, total };
}

describe('a batch', () => {
  it.each([1, 3, 16])('of %d tiles at most counts itself and all of them', async (batchSize) => {
    const { places, total } = await placesOf(slide.tiles({ level: 1, size: 200, batchSize, keep: 'all' }));
    const [, half] = slide.levels;
    expect(places).toHaveLength(Math.ceil((half?.width ?? 0) / 200) * Math.ceil((half?.height ?? 0) / 200));
    expect(total).toBe(places.length);
    expect(new Set(places).size).toBe(total);
  });

  it('shows its footprint, whatever the level and the resolution', async () => {
    for (const [options, footprintPx] of [
      [{ level: 0, size: 128 }, 128],
      [{ level: 1, size: 128 }, 128],
      [{ mpp: 0.375, size: 128 }, 192],
      [{ mpp: 0.5, size: 128 }, 128],
    ] as const) {
      for await (const batch of slide.tiles({ ...options, keep: 'all', batchSize: 4 })) {
        expect(batch.sizePx).toBe(128);
        expect(batch.footprintPx).toBe(footprintPx);
        expect(batch.level0Width).toBe(footprintPx * batch.level0PerPxX);
        expect(batch.level0Height).toBe(footprintPx * batch.level0PerPxY);
        batch.release();
        break;
      }
    }
  });

  it('is of the same places as pixels and as tensors, and total is what maxTiles leaves', async () => {
    const options = { level: 0, size: 256, keep: 'all', maxTiles: 7, batchSize: 3 } as const;
    const pixels = await placesOf(slide.tiles(options));
    expect(pixels.total).toBe(7);
    expect(await placesOf(slide.tensors(options))).toEqual(pixels);
  });

  it('with scaledDecode is where it is without', async () => {
    const options = { mpp: 0.5, size: 128, keep: 'all' } as const;
    const { places } = await placesOf(slide.tiles(options));
    expect((await placesOf(slide.tiles({ ...options, scaledDecode: true }))).places.sort()).toEqual(places.sort());
  });
});

describe('tensors', () => {
  it('come in the array of their type', async () => {
    const options = { level: 0, size: 64, keep: 'all', maxTiles: 1 } as const;
    for await (const { data } of slide.tensors(options)) {
      const floats: Float32Array = data;
      expect(floats).toBeInstanceOf(Float32Array);
    }
    for await (const { data } of slide.tensors({ ...options, type: 'float16' })) {
      const bits: Uint16Array = data;
      expect(bits).toBeInstanceOf(Uint16Array);
    }
    for await (const { data } of slide.tensors({ ...options, type: 'uint8' })) {
      const bytes: Uint8Array = data;
      expect(bytes).toBeInstanceOf(Uint8Array);
    }
  });
});

describe('a result with tiles', () => {
  it('has their places in level 0, survives a clone, and is plain in JSON', async () => {
    const result = await scoreSlide(path, { model: writeBundle(), slideMpp: 0.25, tiles: true });
    const { tiles } = result;
    if (tiles === undefined) throw new Error('the tiles were asked for');
    expect(tiles.count).toBeGreaterThan(1);
    expect([tiles.level0X.length, tiles.level0Y.length]).toEqual([tiles.count, tiles.count]);
    for (let i = 0; i < tiles.count; ++i) {
      expect(tiles.level0X[i]).toBe((tiles.x[i] ?? -1) * tiles.level0PerPxX);
      expect(tiles.level0Y[i]).toBe((tiles.y[i] ?? -1) * tiles.level0PerPxY);
    }
    expect(tiles.level0Width).toBe(tiles.footprintPx * tiles.level0PerPxX);
    expect(tiles.level0Height).toBe(tiles.footprintPx * tiles.level0PerPxY);

    const json = JSON.parse(JSON.stringify(result)) as ReturnType<typeof result.toJSON>;
    expect(json.outputs['relapse']).toEqual([result.score]);
    expect(json.tiles?.x).toEqual([...tiles.x]);
    expect(json.tiles?.outputs['probability']?.values).toEqual([...(tiles.outputs['probability']?.values ?? [])]);
    expect(JSON.parse(JSON.stringify(tiles))).toEqual(json.tiles);
    const { elapsedMs } = result.timings;
    expect(json).toMatchObject({ path, score: result.score, timings: { elapsedMs } });
    expect(structuredClone(result)).toEqual(result);
  });

  it('and a region and a mask are plain in JSON too', async () => {
    const region = await slide.readRegion({ level: 0, x: 0, y: 0, width: 2, height: 1 });
    expect((JSON.parse(JSON.stringify(region)) as { data: unknown }).data).toEqual([...region.data]);
    const mask = await slide.tissue({ overviewSide: 64 });
    expect((JSON.parse(JSON.stringify(mask)) as { data: unknown }).data).toEqual([...mask.data]);
  });
});
