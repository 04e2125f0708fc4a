import { describe, expect, it } from 'vitest';
import { assignBySize } from '../../lib/shards/assignment.js';
import { indexText, namedPart, partName } from '../../lib/shards/names.js';
import { SeededRandom } from '../../lib/core/random.js';

function loads(bytes: readonly (number | null)[], shardOf: Uint32Array, count: number): number[] {
  const sums = Array<number>(count).fill(0);
  for (const [row, shard] of shardOf.entries()) sums[shard] = (sums[shard] ?? 0) + (bytes[row] ?? 0);
  return sums;
}

describe('the division of rows among shards', () => {
  it('gives the largest first to whoever has least, and the lowest number of those', async () => {
    // 9 | 7 | 6, then 5 to the shard of 6, 4 to that of 7, 3 to that of 9, 2 to the first of those with 11.
    expect([...(await assignBySize([3, 9, 2, 7, 6, 5, 4], 3))]).toEqual([0, 0, 1, 1, 2, 2, 1]);
  });

  it('keeps rows of one size in their order, and is the same every time', async () => {
    expect([...(await assignBySize([5, 5, 5, 5, 5], 2))]).toEqual([0, 1, 0, 1, 0]);
    const bytes = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 1009);
    expect(await assignBySize(bytes, 64)).toEqual(await assignBySize(bytes, 64));
  });

  it('spreads rows without a file too', async () => {
    expect([...(await assignBySize([null, null, null, null], 2))]).toEqual([0, 1, 0, 1]);
  });

  it('leaves shards empty where there are too few rows', async () => {
    expect([...(await assignBySize([4, 8], 5))]).toEqual([1, 0]);
    expect([...(await assignBySize([], 3))]).toEqual([]);
  });

  it('of slides of very different sizes makes shards that differ by less than a slide of average size', async () => {
    const random = new SeededRandom(7);
    const bytes = Array.from({ length: 20_000 }, () => Math.round(1e8 * (0.1 + 20 * (random.next() / 2 ** 32) ** 6)));
    const sums = loads(bytes, await assignBySize(bytes, 100), 100);
    const mean = bytes.reduce((a, b) => a + b, 0) / bytes.length;
    expect(Math.max(...sums) - Math.min(...sums)).toBeLessThan(mean);
  });
});

describe('names of parts', () => {
  it('are found again', () => {
    expect(namedPart(`${partName(3, 8)}.csv`)).toEqual({ index: 3, count: 8, kind: 'csv' });
    expect(namedPart('part-00003-of-00008.csv.journal')).toEqual({ index: 3, count: 8, kind: 'csv.journal' });
    for (const other of ['part-3-of-8.csv', 'part-00003-of-00008.csv.tmp', 'shards.json', 'xpart-00003-of-00008.csv'])
      expect(namedPart(other)).toBeNull();
  });

  it('of many are told as ranges', () => {
    expect(indexText([0, 1, 3, 5, 6, 7, 8])).toBe('0, 1, 3, 5 to 8');
    expect(indexText(Array.from({ length: 100 }, (_, i) => 2 * i))).toMatch(/^0, 2, .*, 38 and more$/);
  });
});
