import { describe, expect, it } from 'vitest';
import { requirementsOf } from '../../bench/install/python.js';
import { holds, measured, notRun, type Claim } from '../../bench/harness/figure.js';
import { closingLine, markdownTable, shortNumber, succeeded } from '../../bench/harness/table.js';
import { parseOptions } from '../../bench/options.js';

const claim: Claim = { row: 'r', what: 'a | b', unit: 'x', bar: { op: '<=', value: 1.1 } };
const met = measured(claim, { median: 1.05, low: 1.01, high: 1.2, count: 5 }, 'two\nlines');
const missed = measured(claim, 1.11);
const left = notRun(claim, 'no such peer');

describe('figures', () => {
  it('are met at the bar itself, and not beyond', () => {
    expect([1.1, 1.1000001].map((v) => holds({ op: '<=', value: 1.1 }, v))).toEqual([true, false]);
    expect([4, 3.999].map((v) => holds({ op: '>=', value: 4 }, v))).toEqual([true, false]);
    expect(holds({ op: '>=', value: 4 }, Number.NaN)).toBe(false);
    expect([met, missed, left].map(({ state }) => state)).toEqual(['met', 'missed', 'not run']);
  });

  it('make a run fail when missed, and when left out without leave', () => {
    expect(succeeded([met])).toBe(true);
    expect(succeeded([met, missed])).toBe(false);
    expect(succeeded([met, left])).toBe(false);
    expect(succeeded([met, { ...left, mayBeMissing: true }])).toBe(true);
    expect(closingLine([met, missed, left])).toBe('1 met, 1 missed, 1 not run');
  });
});

describe('the table', () => {
  it('has a row for each figure, in cells that nothing breaks', () => {
    const lines = markdownTable([met, left]).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[2]).toBe('| a \\| b | ≤ 1.1 x | 1.05 x | 1.01–1.20 | met | two lines |');
    expect(lines[3]).toBe('| a \\| b | ≤ 1.1 x | – |  | not run | no such peer |');
  });

  it.each([
    [0.123456, '0.123'],
    [1.2345, '1.23'],
    [12.345, '12.3'],
    [1234.5, '1235'],
    [0, '0.000'],
  ])('%d is %s', (value, text) => expect(shortNumber(value)).toBe(text));
});

describe('the command line of the benchmarks', () => {
  it('knows its rows', () => {
    expect(parseOptions(['--bars', '--only', 'a'], ['a', 'b'])).toMatchObject({
      bars: true,
      only: ['a'],
      quick: false,
    });
    expect(() => parseOptions(['--only', 'c'], ['a', 'b'])).toThrow('rows: a, b');
    expect(() => parseOptions(['--baz'], [])).toThrow();
  });

  it('reads requirements line by line', () => {
    expect(requirementsOf('# why\na==1 # b\n\n c==2 d==3 \n')).toEqual(['a==1', 'c==2 d==3']);
  });
});
