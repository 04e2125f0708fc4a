/** The slides of the benchmarks: the tissue lies where it was asked for, and the streams beside them are their tiles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeBlockSlide } from '../../bench/workloads/block-slide.js';
import { openSlide } from '../../lib/slide/slide.js';
import { decodeRgb } from '../support/slides.js';
import { temporaryFolder } from '../runs/support.js';

const options = { columns: 12, rows: 9, block: { x: 4, y: 2, width: 5, height: 4 }, distinctTiles: 6, seed: 3 };

function readStreams(path: string): { distinct: Buffer[]; tiles: number[] } {
  const file = readFileSync(path);
  let at = 0;
  const take = (bytes: number): Buffer => {
    at += bytes;
    return file.subarray(at - bytes, at);
  };
  const number = (): number => take(4).readUInt32LE();
  const distinct = Array.from({ length: number() }, () => take(number()));
  return { distinct, tiles: Array.from({ length: number() }, number) };
}

/** The two decoders do not upsample chroma alike. */
function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length;
}

describe('a block slide', () => {
  it('holds the tiles of its streams, and tissue in its block alone', async () => {
    const folder = await temporaryFolder();
    const [path, streamsPath] = [join(folder, 'block.tif'), join(folder, 'block.streams')];
    await writeBlockSlide(path, options, streamsPath);
    const { distinct, tiles } = readStreams(streamsPath);
    expect(tiles).toHaveLength(options.columns * options.rows);
    const slide = await openSlide(path);
    try {
      expect(slide.levels).toHaveLength(5);
      for (const [column, row, tissue] of [
        [4, 2, true],
        [8, 5, true],
        [3, 2, false],
        [9, 5, false],
      ] as const) {
        const stream = tiles[row * options.columns + column] as number;
        expect(stream > 0).toBe(tissue);
        const region = { level: 0, x: column * 256, y: row * 256, width: 256, height: 256 };
        const { data } = await slide.readRegion(region);
        const apart = distinct.map((other) => meanDifference(data, decodeRgb(other)));
        expect(apart.indexOf(Math.min(...apart))).toBe(stream);
        expect(apart[stream] as number).toBeLessThan(3);
      }
      const kept = new Set<string>();
      for await (const batch of slide.tiles({ level: 0, size: 256 })) {
        for (let i = 0; i < batch.tiles; i++) kept.add(`${(batch.x[i] ?? 0) / 256} ${(batch.y[i] ?? 0) / 256}`);
        batch.release();
      }
      const expected = Array.from({ length: 20 }, (_, i) => `${4 + (i % 5)} ${2 + Math.floor(i / 5)}`);
      expect(kept).toEqual(new Set(expected));
    } finally {
      await slide.close();
    }
  }, 60_000);
});
