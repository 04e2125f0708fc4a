/** TileBatch.badTiles counts the stored tiles below its own batch, whatever the threads decode ahead of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSlide } from '../../lib/index.js';
import { writeSlide } from '../support/slides.js';
import { firstPageTiles, writeEntry } from '../support/tiff-tables.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-bad-tiles-'));
const whole = join(scratch, 'whole.tif');
const stored = 256;
const across = 10;
const down = 8;

beforeAll(() => writeSlide(whole, { width: across * stored, height: down * stored, seed: 21, tissueShare: 0.5 }));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A copy in which every fifth stored tile is left out or damaged; the two ways in turn where both are wanted. */
function spoil(name: string, ways: readonly ('missing' | 'damaged')[]): { path: string; bad: ReadonlySet<number> } {
  const bytes = readFileSync(whole);
  const bad = new Set<number>();
  for (const [index, tile] of firstPageTiles(bytes).entries()) {
    if (index % 5 !== 2) continue;
    if (ways[bad.size % ways.length] === 'missing') {
      writeEntry(bytes, tile.offsetEntry, 0);
      writeEntry(bytes, tile.bytesEntry, 0);
    } else {
      // Clean glass is stored once for many tiles: the entry is cut short, not the bytes, so that the others stay whole.
      writeEntry(bytes, tile.bytesEntry, Math.floor(tile.bytes / 2));
    }
    bad.add(index);
  }
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return { path, bad };
}

interface Batch {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly tiles: number;
}

/** Bad stored tiles below the tiles of a batch, each counted once. */
function badBelow(batch: Batch, size: number, bad: ReadonlySet<number>): number {
  const found = new Set<number>();
  for (let i = 0; i < batch.tiles; i++) {
    const [left, top] = [batch.x[i] as number, batch.y[i] as number];
    const [right, bottom] = [Math.min(left + size, across * stored), Math.min(top + size, down * stored)];
    for (let row = Math.floor(top / stored); row * stored < bottom; row++)
      for (let column = Math.floor(left / stored); column * stored < right; column++)
        if (bad.has(row * across + column)) found.add(row * across + column);
  }
  return found.size;
}

describe('bad tiles of a batch', () => {
  const cases = ([1, 2, 4] as const).flatMap((threads) =>
    [
      { size: 256, stride: 256 },
      { size: 224, stride: 224 },
      { size: 300, stride: 170 },
    ].map((grid) => ({ threads, ...grid })),
  );

  it.each(cases)('that are missing: $threads threads, tiles of $size px every $stride px', async (options) => {
    const { path, bad } = spoil('missing.tif', ['missing']);
    await using slide = await openSlide(path);
    await expectExact(slide.tiles({ level: 0, keep: 'all', batchSize: 3, ...options }), options.size, bad);
  });

  it.each(cases)(
    'that are missing or damaged: $threads threads, tiles of $size px every $stride px',
    async (options) => {
      const { path, bad } = spoil('both.tif', ['missing', 'damaged']);
      await using slide = await openSlide(path);
      const tiles = slide.tiles({ level: 0, keep: 'all', batchSize: 3, onBadTile: 'fill', ...options });
      await expectExact(tiles, options.size, bad);
    },
  );
});

async function expectExact(
  batches: AsyncIterable<Batch & { readonly badTiles: number; release(): void }>,
  size: number,
  bad: ReadonlySet<number>,
): Promise<void> {
  const counted: number[] = [];
  const below: number[] = [];
  for await (const batch of batches) {
    counted.push(batch.badTiles);
    below.push(badBelow(batch, size, bad));
    batch.release();
  }
  expect(counted).toEqual(below);
  // Some batches have bad tiles, and some have none.
  expect(new Set(counted.map((count) => count > 0)).size).toBe(2);
}
