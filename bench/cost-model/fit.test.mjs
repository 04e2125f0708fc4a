import { describe, expect, it } from 'vitest';
import { fitLine } from './fit.mjs';

describe('the line', () => {
  it('is exact on a line', () => {
    const { intercept, slope, residuals } = fitLine([1, 2, 5].map((x) => ({ x, y: 3 + 2 * x })));
    expect(intercept).toBeCloseTo(3, 12);
    expect(slope).toBeCloseTo(2, 12);
    for (const residual of residuals) expect(residual).toBeCloseTo(0, 12);
  });

  it('leaves residuals that add up to nothing', () => {
    const { intercept, slope, residuals } = fitLine([
      { x: 0, y: 0 },
      { x: 1, y: 3 },
      { x: 2, y: 0 },
    ]);
    expect([intercept, slope]).toEqual([1, 0]);
    expect(residuals).toEqual([-1, 2, -1]);
  });
});
