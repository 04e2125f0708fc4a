import { describe, expect, it } from 'vitest';
import { bootstrap } from '../../lib/metrics/bootstrap.js';
import { addTo, binsOf, calibrationErrorOf, emptySums } from '../../lib/metrics/calibration.js';
import type { Rows } from '../../lib/metrics/measures.js';
import { rank } from '../../lib/metrics/ranking.js';
import { topHits } from '../../lib/metrics/top-sensitivity.js';
import { SeededRandom } from '../../lib/core/random.js';

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('top-15 sensitivity', () => {
  const positive = range(20).map((i) => i === 3 || i === 17);

  it('counts positive rows among the 15 highest of a patient', () => {
    const falling = range(20).map((i) => 1 - i / 20);
    expect(topHits(range(20), positive, falling)).toEqual({ positives: 2, hits: 1 });
    expect(topHits(range(20), positive, falling.toReversed())).toEqual({ positives: 2, hits: 1 });
    const best = range(20).map((i) => (positive[i] === true ? 1 : 0.5 - i / 100));
    expect(topHits(range(20), positive, best)).toEqual({ positives: 2, hits: 2 });
  });

  it('counts all of a patient with 15 rows or fewer', () => {
    expect(
      topHits(
        range(15).map((i) => i + 5),
        positive,
        range(20).map(() => 0.5),
      ),
    ).toEqual({ positives: 1, hits: 1 });
    expect(topHits([4], positive, range(20))).toEqual({ positives: 0, hits: 0 });
  });

  it('shares the last places among tied rows, as their orders do on average', () => {
    const equal = range(20).map(() => 0.5);
    expect(topHits(range(20), positive, equal)).toEqual({ positives: 2, hits: (2 * 15) / 20 });
    const tail = range(20).map((i) => (i < 10 ? 0.9 : 0.1));
    expect(topHits(range(20), positive, tail)).toEqual({ positives: 2, hits: 1 + 5 / 10 });
  });
});

describe('calibration', () => {
  const sumsOf = (rows: readonly (readonly [number, boolean])[]) => {
    const sums = emptySums();
    for (const [value, is] of rows) addTo(sums, value, is);
    return sums;
  };

  it('is the weighted distance of mean value and share of positives', () => {
    // [0.1, 0.2): mean 0.15, share 0.5; [0.8, 0.9): mean 0.8, share 1.
    const sums = sumsOf([
      [0.1, false],
      [0.2 - 1e-9, true],
      [0.8, true],
    ]);
    expect(calibrationErrorOf(sums)).toBeCloseTo((2 * Math.abs(0.15 - 0.5) + 0.2) / 3, 8);
    const bins = binsOf(sums);
    expect(bins).toHaveLength(10);
    expect(bins[1]).toMatchObject({ from: 0.1, to: 0.2, rows: 2, positiveShare: 0.5 });
    expect(bins[0]).toMatchObject({ rows: 0, meanValue: null, positiveShare: null });
  });

  it('puts 0 and 1 into the outer intervals', () => {
    const bins = binsOf(
      sumsOf([
        [0, false],
        [1, true],
      ]),
    );
    expect([bins[0]?.rows, bins[9]?.rows]).toEqual([1, 1]);
    expect(
      calibrationErrorOf(
        sumsOf([
          [0, false],
          [1, true],
        ]),
      ),
    ).toBe(0);
  });
});

describe('intervals', () => {
  const random = new SeededRandom(5);
  const positive = range(300).map(() => random.below(4) === 0);
  const values = positive.map((is) => (random.next() / 2 ** 32) * 0.7 + (is ? 0.3 : 0));
  const rowsOf = (patients: Rows['patients']): Rows => ({
    positive,
    values,
    ranking: rank(positive, values),
    patients,
    minTruePositiveRate: 0.8,
  });

  it('are the same for the same seed, and others for another', async () => {
    const first = await bootstrap(rowsOf(null), 200, 3);
    expect(await bootstrap(rowsOf(null), 200, 3)).toEqual(first);
    expect((await bootstrap(rowsOf(null), 200, 4)).of.auc).not.toEqual(first.of.auc);
    expect(first).toMatchObject({ samples: 200, seed: 3, drawn: 'rows', dropped: 0, confidence: 0.95 });
    expect(first.of.topSensitivity).toBeUndefined();
  });

  it('have the width that theory gives for a mean', async () => {
    // The Brier score is a mean of independent rows: its interval is about 2 x 1.96 standard errors wide.
    const squares = values.map((value, i) => (value - Number(positive[i] === true)) ** 2);
    const mean = squares.reduce((a, b) => a + b) / squares.length;
    const variance = squares.reduce((sum, square) => sum + (square - mean) ** 2, 0) / squares.length;
    const error = Math.sqrt(variance / squares.length);
    const { brierScore } = (await bootstrap(rowsOf(null), 2000, 0)).of;
    expect((brierScore?.high ?? 0) - (brierScore?.low ?? 0)).toBeGreaterThan(3.92 * error * 0.9);
    expect((brierScore?.high ?? 0) - (brierScore?.low ?? 0)).toBeLessThan(3.92 * error * 1.1);
  });

  it('draw patients with all their rows: rows that only repeat each other do not narrow them', async () => {
    const tenfold = range(3000).map((i) => i % 300);
    const repeated: Rows = {
      positive: tenfold.map((i) => positive[i] === true),
      values: tenfold.map((i) => values[i] ?? 0),
      ranking: rank(
        tenfold.map((i) => positive[i] === true),
        tenfold.map((i) => values[i] ?? 0),
      ),
      patients: range(300).map((patient) => ({
        rows: range(10).map((copy) => copy * 300 + patient),
        top: { positives: 0, hits: 0 },
      })),
      minTruePositiveRate: 0.8,
    };
    const width = ({ low, high }: { low: number; high: number }): number => high - low;
    const [single, copies] = [await bootstrap(rowsOf(null), 500, 1), await bootstrap(repeated, 500, 1)];
    expect(copies.drawn).toBe('patients');
    const nothing = { low: 0, high: 0 };
    expect(width(copies.of.auc ?? nothing) / width(single.of.auc ?? nothing)).toBeGreaterThan(0.8);
  });

  it('leave out samples of one class', async () => {
    const few: Rows = {
      positive: [true, false],
      values: [0.6, 0.4],
      ranking: rank([true, false], [0.6, 0.4]),
      patients: null,
      minTruePositiveRate: 0.8,
    };
    const { dropped, of } = await bootstrap(few, 400, 0);
    expect(dropped).toBeGreaterThan(100);
    expect(dropped).toBeLessThan(300);
    expect(of.auc).toEqual({ low: 1, high: 1 });
  });
});
