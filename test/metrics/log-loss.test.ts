import { describe, expect, it } from 'vitest';
import { isClipped, logLoss } from '../../lib/metrics/log-loss.js';

/** scikit-learn's formula in full: both classes have a probability, clipped, then divided by their sum. */
function byHand(label: 0 | 1, probability: number): number {
  const eps = 1e-16;
  const held = Math.min(Math.max(probability, eps), 1 - eps);
  const both = [1 - held, held] as const;
  return -Math.log(both[label] / (both[0] + both[1]));
}

describe('log loss', () => {
  it('of one half is ln 2, whatever the labels are', () => {
    expect(logLoss([true, false, true], [0.5, 0.5, 0.5])).toBe(Math.LN2);
  });

  it('of known rows', () => {
    // -(ln 0.9 + ln 0.8 + ln 0.7) / 3
    expect(logLoss([true, false, true], [0.9, 0.2, 0.7])).toBeCloseTo(0.228393003637, 11);
    // The example of scikit-learn's documentation of log_loss.
    expect(logLoss([true, false, false, true], [0.9, 0.1, 0.2, 0.65])).toBeCloseTo(0.21616187468057912, 15);
  });

  it('of a sure answer: nothing where it is right, about 36.8 where it is wrong', () => {
    expect(logLoss([true], [1])).toBeLessThan(1.2e-16);
    expect(logLoss([false], [0])).toBeLessThan(1.2e-16);
    // The two ends differ, for 1 - 1e-16 is 1 - 2^-53 in double precision.
    expect(logLoss([true], [0])).toBeCloseTo(36.841361487904734, 12);
    expect(logLoss([false], [1])).toBeCloseTo(53 * Math.LN2, 12);
    expect(logLoss([false], [1 - 2 ** -53])).toBe(logLoss([false], [1]));
  });

  it("is scikit-learn's formula for every value, also at both ends", () => {
    const values = [0, 1e-300, 1e-17, 1e-16, 1e-9, 0.1, 1 / 3, 0.5, 0.9, 1 - 1e-9, 1 - 2 ** -53, 1];
    for (const value of values) {
      for (const label of [0, 1] as const) {
        const [found, wanted] = [logLoss([label === 1], [value]), byHand(label, value)];
        expect(Math.abs(found - wanted), `${label} ${value}`).toBeLessThanOrEqual(4e-16 * Math.max(1, wanted));
      }
    }
  });

  it('knows which values count as others', () => {
    expect([0, 9e-17, 1].map(isClipped)).toEqual([true, true, true]);
    expect([1e-16, 0.5, 1 - 2 ** -53].map(isClipped)).toEqual([false, false, false]);
  });
});
