import { describe, expect, it } from 'vitest';
import { difference } from '../../bench/harness/contest.js';
import { TileDigest, denormalise, normalisation } from '../../bench/harness/digest.js';
import { interleave } from '../../bench/harness/interleave.js';
import { estimate, median, pairedRatio, quantile } from '../../bench/harness/statistics.js';

describe('order statistics', () => {
  it('are linear between ranks', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(estimate([1, 2, 3, 4, 5])).toEqual({ median: 3, low: 2, high: 4, count: 5 });
    expect(() => median([])).toThrow(RangeError);
  });

  it('compare runs that were made next to each other', () => {
    // The machine was half as fast in the second round: the ratio does not see it.
    expect(pairedRatio([2, 4, 2], [1, 2, 1])).toEqual({ median: 2, low: 2, high: 2, count: 3 });
    expect(() => pairedRatio([1], [1, 2])).toThrow(RangeError);
  });
});

describe('interleaving', () => {
  it('takes turns and does not count the first round', async () => {
    const order: string[] = [];
    const runner = (name: string, wallMs: number) => ({
      name,
      run: async () => {
        order.push(name);
        return { tiles: 10, wallMs: order.length <= 2 ? 1e6 : wallMs, cpuMs: 2 * wallMs };
      },
    });
    const timings = await interleave([runner('a', 100), runner('b', 50)], 2);
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(timings.get('a')).toEqual({
      cpuMsPerTile: [20, 20],
      tilesPerSecond: [100, 100],
      wallMs: [100, 100],
      tiles: 10,
    });
    expect(timings.get('b')?.tilesPerSecond).toEqual([200, 200]);
  });
});

describe('the digest of tiles', () => {
  const digestOf = (tiles: readonly (readonly [number, number, number])[]): string => {
    const digest = new TileDigest();
    for (const [x, y, value] of tiles) digest.add(x, y, Uint8Array.of(value, value));
    return digest.digest();
  };

  it('does not know the order, and knows everything else', () => {
    const expected = digestOf([
      [0, 0, 1],
      [256, 0, 2],
    ]);
    expect(
      digestOf([
        [256, 0, 2],
        [0, 0, 1],
      ]),
    ).toBe(expected);
    expect(digestOf([[0, 0, 1]])).not.toBe(expected);
    expect(
      digestOf([
        [0, 0, 2],
        [256, 0, 1],
      ]),
    ).not.toBe(expected);
    expect(
      digestOf([
        [0, 0, 1],
        [256, 0, 3],
      ]),
    ).not.toBe(expected);
  });

  it('is that of the bytes when it is made from tensors', () => {
    const bytes = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
    const { scale, mean, std } = normalisation;
    const tensor = Float32Array.from(bytes, (value, i) => {
      const c = Math.floor(i / 256);
      return (value * scale - (mean[c] as number)) / (std[c] as number);
    });
    expect(denormalise(tensor, 256)).toEqual(bytes);
  });
});

describe('the comparison before the clock runs', () => {
  it('lets equal pixels pass and names what differs', () => {
    expect(difference({ tiles: 2, digest: 'a' }, { tiles: 2, digest: 'a' }, 0)).toBeNull();
    expect(difference({ tiles: 2, digest: 'a' }, { tiles: 2, digest: 'b' }, 0)).toContain('other pixels');
    expect(difference({ tiles: 2, digest: 'a' }, { tiles: 3, digest: 'a' }, 0)).toContain('3 tiles, expected 2');
    expect(difference({ tiles: 2, digest: 'a' }, { tiles: 2, scores: [1, 2] }, 0)).toContain('nothing to compare');
  });

  it('holds scores to a share of the largest', () => {
    const expected = { tiles: 2, scores: [10, -100] };
    expect(difference(expected, { tiles: 2, scores: [10.05, -100] }, 1e-3)).toBeNull();
    expect(difference(expected, { tiles: 2, scores: [10.2, -100] }, 1e-3)).toContain('other scores');
    expect(difference(expected, { tiles: 2, scores: [10] }, 1e-3)).toContain('other scores');
    expect(difference(expected, { tiles: 2, scores: [Number.NaN, -100] }, 1e-3)).toContain('other scores');
  });
});
