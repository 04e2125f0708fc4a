import { describe, expect, it } from 'vitest';
import { auc, bestThreshold, droppedBelow, rocPoints } from './roc.mjs';

const tiles = (...pairs) => pairs.map(([score, tissue]) => ({ score, tissue }));

describe('the curve', () => {
  it('is 1 for numbers that separate, 0 for the reverse, a half for equal ones', () => {
    expect(auc(rocPoints(tiles([3, 1], [2, 0.25], [1, 0], [0, 0])))).toBe(1);
    expect(auc(rocPoints(tiles([0, 1], [1, 0])))).toBe(0);
    expect(auc(rocPoints(tiles([1, 1], [1, 0], [1, 1], [1, 0])))).toBe(0.5);
  });

  it('counts pairs: 3 of 4 in the right order', () => {
    expect(auc(rocPoints(tiles([4, 1], [3, 0], [2, 1], [1, 0])))).toBe(0.75);
  });

  it('leaves out tiles with little tissue, and says nothing without glass', () => {
    expect(auc(rocPoints(tiles([2, 1], [9, 0.2], [1, 0])))).toBe(1);
    expect(auc(rocPoints(tiles([2, 1])))).toBeNaN();
  });
});

describe('a threshold', () => {
  const some = tiles([1, 0], [2, 0], [3, 0.004], [4, 0], [5, 1], [6, 0]);

  it('loses tissue by area and drops glass by tile', () => {
    const { lost, dropped } = droppedBelow(some, 4.5);
    expect(lost).toBeCloseTo(0.004 / 1.004, 12);
    expect(dropped).toBe(0.75);
  });

  it('is the highest that keeps the loss', () => {
    expect(bestThreshold(some, 0.005)).toBe(5);
    expect(bestThreshold(some, 0.001)).toBe(3);
    expect(droppedBelow(some, bestThreshold(some, 0.001))).toEqual({ lost: 0, dropped: 0.5 });
    expect(bestThreshold(tiles([1, 0]), 0.005)).toBe(Number.POSITIVE_INFINITY);
  });
});
