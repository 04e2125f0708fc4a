import { describe, expect, it } from 'vitest';
import { deadlineOf } from '../../lib/cli/duration.js';
import { UsageError } from '../../lib/cli/usage-error.js';

const refuse = (found: string): never => {
  throw new UsageError(found, 'score');
};

describe('--deadline', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['8h', 28_800_000],
    ['1h30m', 5_400_000],
    ['1d2h3m4.5s', 93_784_500],
    ['0.5h', 1_800_000],
    ['0h5m', 300_000],
    ['0.001s', 1],
  ])('%s is a duration', (text, ms) => {
    expect(deadlineOf(text, refuse)).toBe(ms);
  });

  it.each([
    ['2031-05-01T18:00Z', '2031-05-01T18:00:00.000Z'],
    ['2031-05-01T18:00:30+02:00', '2031-05-01T16:00:30.000Z'],
    ['2032-02-29T00:00:00.25Z', '2032-02-29T00:00:00.250Z'],
  ])('%s is a moment', (text, iso) => {
    expect((deadlineOf(text, refuse) as Date).toISOString()).toBe(iso);
  });

  it('a moment without a zone is in local time', () => {
    expect(deadlineOf('2031-05-01T18:00', refuse)).toEqual(new Date(2031, 4, 1, 18));
  });

  it.each([
    ['8', 'without a unit'],
    ['0s', 'no time at all'],
    ['0.0001s', 'no time at all'],
    ['30m1h', 'expected a duration'],
    ['-5m', 'expected a duration'],
    ['8 h', 'expected a duration'],
    ['8H', 'expected a duration'],
    ['1e3s', 'expected a duration'],
    ['tomorrow', 'expected a duration'],
    ['2031-05-01', 'expected a duration'],
    ['2031-02-30T10:00Z', 'expected a duration'],
    ['2031-13-01T10:00Z', 'expected a duration'],
    ['2031-05-01T25:00Z', 'expected a duration'],
  ])('%s is refused', (text, found) => {
    const refused = (): unknown => deadlineOf(text, refuse);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(found);
  });
});
