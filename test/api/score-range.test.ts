/** Scores and their ranges: what is a probability, what is rounding, what is said. */
import { describe, expect, it } from 'vitest';
import { defaultClip, heldTo } from '../../lib/index.js';
import type { ModelOutput } from '../../lib/index.js';
import {
  fallbackFailure,
  isClipped,
  leavesProbability,
  rangeFailure,
  rangeWarnings,
} from '../../lib/scoring/score-range.js';
import { fakeModel } from '../runs/support.js';

const output = (clip: ModelOutput['clip'], clipDeclared: boolean): ModelOutput => ({
  name: 'score',
  clip,
  clipDeclared,
  fallback: null,
  fallbackBy: null,
});
const undeclared = output(defaultClip, false);

describe('a score of which nobody declared a range', () => {
  it.each([2.29, -0.33, 1.00001, -0.00001, 1e30])('%d leaves [0, 1]', (value) => {
    expect(leavesProbability(value, undeclared)).toBe(true);
    expect(rangeWarnings(value, undeclared)).toEqual([expect.stringContaining(`the score ${value} is outside [0, 1]`)]);
  });
  it.each([0, 1, 0.5, 1e-9, 1 - 1e-9, 1 + 1e-6, 1 + 2 ** -23, -1e-6, -0])(
    '%d does not, and is not clipped',
    (value) => {
      expect(leavesProbability(value, undeclared)).toBe(false);
      expect(isClipped(value, undeclared)).toBe(false);
      expect(rangeWarnings(value, undeclared)).toEqual([]);
    },
  );
});

describe('a declared range', () => {
  it('lets every score be; what it makes another number of is clipped', () => {
    for (const clip of [null, [-10, 10], [0, 1]] as const) {
      expect(leavesProbability(2.29, output(clip, true))).toBe(false);
      expect(isClipped(2.29, output(clip, true))).toBe(clip?.[1] === 1);
    }
    expect(isClipped(0.001, output([0.01, 0.99], true))).toBe(true);
    expect(isClipped(0.01 - 1e-7, output([0.01, 0.99], true))).toBe(false);
    // Declared or not, what the default range takes of a probability is rounding.
    for (const value of [0, 1, 1 + 2 ** -22]) expect(isClipped(value, output([...defaultClip], true))).toBe(false);
  });
  it('is named where it was used', () => {
    expect(rangeWarnings(2.29, output([0, 1], true))).toEqual(['the score 2.29 was held to the range [0, 1]']);
    expect(rangeWarnings(0.5, output([0, 1], true))).toEqual([]);
  });
});

describe('the failure', () => {
  it('names slide, value and the options to set; none where the range is declared', () => {
    const error = rangeFailure(2.29, fakeModel(), '/slides/a.tif');
    expect(error).toMatchObject({ code: 'OUTPUT_OUT_OF_RANGE', stage: 'aggregate', path: '/slides/a.tif' });
    for (const part of ['/slides/a.tif', '2.29', '[0, 1]', 'clip: null']) expect(error?.message).toContain(part);
    for (const clip of [null, [0, 5] as const]) expect(rangeFailure(2.29, fakeModel({ clip }), 'a')).toBeNull();
    expect(rangeFailure(0.5, fakeModel(), 'a')).toBeNull();
  });
  it('of a fallback is that of the model', () => {
    expect(fallbackFailure(-1, fakeModel())?.message).toContain('the fallback -1 is outside [0, 1]');
    expect(fallbackFailure(-1, fakeModel({ clip: null }))).toBeNull();
    expect(fallbackFailure(0, fakeModel())).toBeNull();
    expect(fallbackFailure(null, fakeModel())).toBeNull();
  });
});

it('heldTo gives the number that a table has', () => {
  expect([heldTo(2, [0, 1]), heldTo(-2, [0, 1]), heldTo(0.5, [0, 1]), heldTo(7, null)]).toEqual([1, 0, 0.5, 7]);
});
