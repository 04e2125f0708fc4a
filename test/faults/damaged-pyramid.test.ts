/** One damaged tile, missing tiles, and a file cut short: the outcomes that the contract states (SPEC §4). */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer, MicrotomeError, openSlide } from '../../lib/index.js';
import type { Scorer } from '../../lib/index.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { TileEncoder, TiffWriter, levelSizes, pageTags } from '../support/slides.js';
import { firstPageTiles, writeEntry } from '../support/tiff-tables.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-damage-'));
const pyramid = join(scratch, 'pyramid.tif');
const model = join(scratch, 'mean.onnx');
const SIDE = 1100;

/** Every level filled with texture, so that every tile is tissue and has something to lose. */
function writePyramid(path: string): void {
  const encoder = new TileEncoder(256, 80);
  const writer = new TiffWriter(path, { bigTiff: false });
  const sizes = levelSizes(SIDE, SIDE, 256);
  sizes.forEach((size, index) => {
    const offsets: number[] = [];
    const counts: number[] = [];
    for (let tile = 0; tile < size.columns * size.rows; tile++) {
      const pixels = new Uint8Array(256 * 256 * 3);
      for (let i = 0; i < pixels.length; i++)
        pixels[i] = 90 + ((Math.floor(i / 1024) * 3 + tile * 17 + index * 7) % 97);
      const encoded = encoder.encode(pixels);
      offsets.push(writer.append(encoded));
      counts.push(encoded.length);
    }
    writer.addPage(
      pageTags(
        { size, tileSizePx: 256, jpegTables: encoder.tables, offsets, byteCounts: counts, reduced: index > 0 },
        writer,
      ),
    );
  });
  writer.close();
}

let scorer: Scorer;
beforeAll(async () => {
  writePyramid(pyramid);
  writeFileSync(model, meanColourModel());
  scorer = await createScorer({ model, input: { level: 0 }, keep: 'all' });
});
afterAll(async () => {
  await scorer.close();
  rmSync(scratch, { recursive: true, force: true });
});

const copy = (name: string): string => {
  const path = join(scratch, name);
  copyFileSync(pyramid, path);
  return path;
};

describe('one damaged tile', () => {
  const path = () => {
    const damaged = copy('damaged.tif');
    const bytes = readFileSync(damaged);
    const tile = firstPageTiles(bytes)[7];
    if (!tile) throw new Error('no tile 7');
    bytes.fill(0x5a, tile.offset + Math.floor(tile.bytes / 3), tile.offset + Math.floor(tile.bytes / 2));
    writeFileSync(damaged, bytes);
    return damaged;
  };

  it('is an error that names level, column and row', async () => {
    await expect(scorer.score(path())).rejects.toMatchObject({
      code: 'CORRUPT_TILE',
      stage: 'decode',
      tile: { level: 0, column: 2, row: 1 },
    });
  });

  it('is white and counted with fill', async () => {
    const result = await scorer.score(path(), { onBadTile: 'fill' });
    expect(result.badTiles).toBe(1);
    await using slide = await openSlide(path());
    const at = { level: 0, x: 512, y: 256, width: 256, height: 256 };
    await expect(slide.readRegion(at)).rejects.toMatchObject({ code: 'CORRUPT_TILE' });
    const filled = await slide.readRegion({ ...at, onBadTile: 'fill' });
    expect(filled.badTiles).toBe(1);
    expect(filled.data.every((v) => v === 255)).toBe(true);
  });

  it('does not spoil its neighbours, before or after it was met', async () => {
    await using slide = await openSlide(path());
    await using whole = await openSlide(pyramid);
    const bad = { level: 0, x: 512, y: 256, width: 10, height: 10 };
    for (const at of [
      { level: 0, x: 0, y: 0, width: 512, height: 256 },
      { level: 0, x: 768, y: 256, width: 300, height: 300 },
      { level: 1, x: 100, y: 100, width: 400, height: 400 },
    ]) {
      await slide.readRegion(bad).catch(() => undefined);
      const { data } = await slide.readRegion(at);
      expect(Buffer.compare(data, (await whole.readRegion(at)).data)).toBe(0);
    }
  });
});

describe('three missing tiles', () => {
  const path = () => {
    const sparse = copy('sparse.tif');
    const bytes = readFileSync(sparse);
    const tiles = firstPageTiles(bytes);
    for (const index of [0, 6, 12]) {
      const tile = tiles[index];
      if (!tile) throw new Error(`no tile ${index}`);
      writeEntry(bytes, tile.offsetEntry, 0);
      writeEntry(bytes, tile.bytesEntry, 0);
    }
    writeFileSync(sparse, bytes);
    return sparse;
  };

  it('read as white and are counted; the slide is scored', async () => {
    await using slide = await openSlide(path());
    const region = await slide.readRegion({ level: 0, x: 0, y: 0, width: SIDE, height: SIDE });
    expect(region.badTiles).toBe(3);
    expect([...region.data.subarray(0, 3)]).toEqual([255, 255, 255]);
    const result = await scorer.score(path());
    expect(result.badTiles).toBe(3);
    expect(Number.isFinite(result.score)).toBe(true);
  });
});

describe('a file cut short', () => {
  it('is refused or names what is missing, at every 64th byte; never another score', async () => {
    const bytes = readFileSync(pyramid);
    const whole = (await scorer.score(pyramid)).score;
    const path = join(scratch, 'cut.tif');
    const codes = new Map<string, number>();
    for (let length = 0; length < bytes.length; length += 64) {
      writeFileSync(path, bytes.subarray(0, length));
      try {
        const result = await scorer.score(path);
        // Only where all that level 0 needs is still there.
        expect(Object.is(result.score, whole), `cut at ${length}`).toBe(true);
        codes.set('scored', (codes.get('scored') ?? 0) + 1);
      } catch (error) {
        if (!(error instanceof MicrotomeError)) throw error;
        expect(['NOT_A_SLIDE', 'TRUNCATED', 'CORRUPT_TILE'], `cut at ${length}`).toContain(error.code);
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
      }
    }
    expect(codes.get('TRUNCATED')).toBeGreaterThan(0);
    expect(statSync(path).size).toBeLessThan(bytes.length);
  }, 300_000);
});
