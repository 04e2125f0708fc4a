import { describe, expect, it } from 'vitest';
import { evenTiles, expectedTiles } from '../../lib/runs/even-tiles.js';
import { TimeBudget } from '../../lib/runs/time-budget.js';
import { estimateOf, type WorkSample } from '../../lib/runs/work-estimate.js';
import { FakeClock } from './fake-time.js';

const sample = (change: Partial<WorkSample> = {}): WorkSample => {
  return { bytes: 1000, fixedMs: 100, msPerTile: 2, tiles: 50, fullTiles: 50, ...change };
};

describe('what slides cost', () => {
  it('is not known before one was measured', () => {
    expect(estimateOf([])).toBeNull();
  });

  it('one slide is taken as it is', () => {
    expect(estimateOf([sample()])).toEqual({ fixedMs: 100, msPerTile: 2, tilesPerByte: [0.05] });
  });

  it('an outlier counts as four times the median', () => {
    const slow = [1, 2, 3, 4].map(() => sample());
    expect(estimateOf([...slow, sample({ fixedMs: 1e6, msPerTile: 1e6 })])).toMatchObject({
      fixedMs: (4 * 100 + 400) / 5,
      msPerTile: (4 * 2 + 8) / 5,
    });
  });

  it('the time of a tile is weighted by tiles', () => {
    expect(estimateOf([sample({ tiles: 300, msPerTile: 2 }), sample({ tiles: 100, msPerTile: 4 })])?.msPerTile).toBe(
      2.5,
    );
  });
});

describe('even tiles', () => {
  const slides = [10, 20, 1000].map((count) => ({ tiles: [count], weight: 1 }));

  it('only the largest are cut', () => {
    expect(evenTiles(slides, 130)).toBe(100);
    expect(evenTiles(slides, 45)).toBe(17);
    expect(evenTiles(slides, 1030)).toBe(Number.POSITIVE_INFINITY);
    expect(evenTiles(slides, 2)).toBe(0);
    expect(evenTiles(slides, -5)).toBe(0);
  });

  it('a slide that may have one of several numbers counts with their mean; one may stand for many', () => {
    expect(expectedTiles([{ tiles: [10, 30], weight: 3 }])).toBe(60);
    expect(expectedTiles([{ tiles: [10, 30], weight: 3 }], 20)).toBe(45);
    expect(evenTiles([{ tiles: [10, 30], weight: 3 }], 45)).toBe(20);
  });
});

describe('the budget', () => {
  const settings = { minTiles: 10, tilesPerSlide: 0, slidesInFlight: 2 };
  const slides = (bytes: readonly number[]): Map<number, number> => new Map(bytes.entries());

  it('charges slides in flight by equal parts, so that what overlaps is not counted twice', () => {
    const clock = new FakeClock();
    const budget = new TimeBudget({ ...settings, clock, endMs: 1_000_000, slides: slides([1000, 1000, 1000, 1000]) });
    for (const index of [0, 1]) expect(budget.admit(index)).toEqual({ tileBudget: null });
    clock.advance(200);
    for (const index of [0, 1]) budget.moved(index, 0, 100);
    clock.advance(1000);
    for (const index of [0, 1]) budget.finished(index, { tiles: 100, fullTiles: 100 });
    // Each was charged 100 ms before its first tile and 500 ms for 100 tiles: two more take 1.2 s, not 2.4 s.
    clock.advance(budget.lastCallMs - clock.nowMs() - 1300);
    expect(budget.admit(2)?.tileBudget).toBeGreaterThanOrEqual(100);
    expect(budget.admit(3)?.tileBudget).toBeGreaterThanOrEqual(100);
  });

  it('a slide is known by the size of its file', () => {
    const clock = new FakeClock();
    const few = { ...settings, slidesInFlight: 1, clock, endMs: clock.nowMs() + 1700 };
    const budget = new TimeBudget({ ...few, slides: slides([1000, 1000, 100_000]) });
    budget.admit(0);
    clock.advance(10);
    budget.moved(0, 0, 100);
    clock.advance(100);
    budget.finished(0, { tiles: 100, fullTiles: 100 });
    // 100 tiles and 10,000 tiles are left, at 1 ms: the small one keeps its own, the large one is cut.
    const small = budget.admit(1)?.tileBudget ?? 0;
    expect(small).toBeGreaterThanOrEqual(100);
    clock.advance(10);
    budget.moved(1, 0, 100);
    clock.advance(100);
    budget.finished(1, { tiles: 100, fullTiles: 100 });
    const large = budget.admit(2)?.tileBudget ?? 0;
    expect(large).toBeGreaterThan(700);
    expect(large).toBeLessThan(1500);
  });

  it('keeps time to note the rows that are left, as measured, and to write', () => {
    const clock = new FakeClock();
    const endMs = clock.nowMs() + 100_000;
    const budget = new TimeBudget({ ...settings, clock, endMs, slides: slides(Array(100).fill(1) as number[]) });
    const before = endMs - budget.lastCallMs;
    expect(before).toBeGreaterThanOrEqual(2000);
    budget.appended(1e9);
    // One long write is not taken for the rule; many are.
    expect(endMs - budget.lastCallMs).toBeLessThan(2 * before);
    for (let i = 0; i < 40; ++i) budget.appended(50);
    expect(endMs - budget.lastCallMs).toBeGreaterThan(2000 + 100 * 40);
  });

  it('of a very short time most is for slides', () => {
    const clock = new FakeClock();
    const budget = new TimeBudget({ ...settings, clock, endMs: clock.nowMs() + 400, slides: slides([1]) });
    expect(budget.lastCallMs - clock.nowMs()).toBeGreaterThan(250);
  });

  it('a slide that took no time at all by the clock is no reason to stumble', () => {
    const clock = new FakeClock();
    const few = { ...settings, clock, endMs: clock.nowMs() + 10_000 };
    const budget = new TimeBudget({ ...few, slides: slides([10, 10, 10]) });
    budget.admit(0);
    for (const done of [0, 40, 100, 5000]) expect(budget.moved(0, done, 5000)).toBeNull();
    budget.finished(0, { tiles: 5000, fullTiles: 5000 });
    const { tileBudget } = budget.admit(1) ?? { tileBudget: 0 };
    expect(Number.isSafeInteger(tileBudget)).toBe(true);
    expect(tileBudget).toBeGreaterThan(5000);
  });

  it('what was not admitted or has ended is not cut off by anybody', () => {
    const clock = new FakeClock();
    const budget = new TimeBudget({ ...settings, clock, endMs: clock.nowMs() + 1000, slides: slides([1]) });
    expect(budget.moved(0, 50, 100)).toBeNull();
    budget.finished(0, { tiles: 5, fullTiles: 5 });
    clock.advance(1000);
    expect(budget.admit(0)).toBeNull();
  });
});
