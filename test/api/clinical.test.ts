/** Numbers of clinical values: each rule by hand-made cases. test/peers compares many rows with a second reading. */
import { describe, expect, it } from 'vitest';
import { chosen, chosenOrDefault } from '../../lib/model/clinical/choice.js';
import { clinicalWidth, featureVector } from '../../lib/model/clinical/feature-vector.js';
import { requireHeld } from '../../lib/model/clinical/held-values.js';
import { sampleRow } from '../../lib/model/clinical/sample-row.js';
import type { TensorInfo } from '../../lib/model/model.js';
import { rowText } from '../../lib/model/clinical/row-text.js';
import type { ClinicalFeature } from '../../lib/model/spec.js';
import { failure } from './support/bundle.js';

const plain: ClinicalFeature = {
  name: 'f',
  column: 'c',
  type: 'number',
  intervalValue: 'middle',
  trueWords: [],
  falseWords: [],
  categories: [],
  isOneHot: false,
  isCaseSensitive: false,
  synonyms: new Map(),
  missing: { rule: 'error', value: null, category: null },
  unknownIsMissing: false,
  within: null,
  mean: 0,
  std: 1,
};

const age: Partial<ClinicalFeature> = { type: 'interval', mean: 50, std: 10 };
const site: Partial<ClinicalFeature> = {
  type: 'category',
  categories: ['trunk', 'arm', 'leg'],
  isOneHot: true,
  synonyms: new Map([['Trunc', 'trunk']]),
};
const index = { ...site, isOneHot: false };
const history: Partial<ClinicalFeature> = { type: 'boolean', trueWords: ['YES'], falseWords: ['NO', 'never'] };
const none = (value: number | null, rule: 'value' | 'indicator' = 'value') => ({
  missing: { rule, value, category: null },
});

const numbersOf = (feature: Partial<ClinicalFeature>, value: string | number | null): readonly number[] => [
  ...featureVector([{ ...plain, ...feature }], [0], { c: value }),
];

describe('a value', () => {
  it.each<[Partial<ClinicalFeature>, string | number | null, readonly number[]]>([
    [{}, ' 1.5 ', [1.5]],
    [{ mean: 1, std: 2 }, 4, [1.5]],
    [age, '[32:34[', [-1.7]],
    [age, '[98:100[', [4.9]],
    [age, ']32 - 34]', [-1.7]],
    [{ ...age, intervalValue: 'lower' }, '[32:34[', [-1.8]],
    [{ ...age, intervalValue: 'upper' }, '[32:34[', [-1.6]],
    [{ ...age, intervalValue: 'upper' }, '61', [1.1]],
    [site, 'arm', [0, 1, 0]],
    [site, 'LEG', [0, 0, 1]],
    [site, 'TRUNC', [1, 0, 0]],
    [index, 'leg', [2]],
    [{ ...index, mean: 1, std: 0.5 }, 'leg', [2]],
    [history, 'yes', [1]],
    [history, 'NO', [0]],
    [history, 'never', [0]],
    [{ synonyms: new Map([['unknown', '7']]) }, 'Unknown', [7]],
  ])('%#: %j of %j', (feature, value, expected) => {
    const found = numbersOf(feature, value);
    expect(found).toHaveLength(expected.length);
    for (const [i, number] of expected.entries()) expect(found[i]).toBeCloseTo(number, 12);
  });

  it.each<[Partial<ClinicalFeature>, readonly number[]]>([
    [none(3), [3]],
    [{ ...age, ...none(60) }, [1]],
    [{ ...none(null, 'indicator'), mean: 5 }, [0, 1]],
    [{ ...none(2, 'indicator'), mean: 5 }, [-3, 1]],
    [{ ...site, ...none(0.5) }, [0.5, 0.5, 0.5]],
    [{ ...site, ...none(null, 'indicator') }, [0, 0, 0, 1]],
    [{ ...site, missing: { rule: 'category', value: null, category: 'leg' } }, [0, 0, 1]],
  ])('that is missing, %#', (feature, expected) => {
    for (const value of [null, '', ' ', 'NaN', 'n/a']) expect(numbersOf(feature, value)).toEqual(expected);
    expect(clinicalWidth([{ ...plain, ...feature }], [0])).toBe(expected.length);
  });

  it('that is there has no mark of a missing one', () => {
    expect(numbersOf({ ...site, ...none(null, 'indicator') }, 'arm')).toEqual([0, 1, 0, 0]);
  });

  it('in upper or lower case is another where the model says so', async () => {
    const exact = { ...site, isCaseSensitive: true };
    expect(numbersOf(exact, 'Trunc')).toEqual([1, 0, 0]);
    await failure(() => numbersOf(exact, 'ARM'), 'CLINICAL_UNKNOWN');
  });
});

describe('a failure names column, value and what is expected', () => {
  it.each<[string, Partial<ClinicalFeature>, string, string]>([
    ['CLINICAL_INVALID', {}, 'two', 'The column "c" has the value "two", expected a number'],
    ['CLINICAL_INVALID', {}, '1e999', 'expected a number'],
    ['CLINICAL_INVALID', {}, 'inf', 'expected a number'],
    ['CLINICAL_INVALID', {}, '0x10', 'expected a number'],
    ['CLINICAL_INVALID', age, '[32:', 'an interval such as [32:34['],
    ['CLINICAL_INVALID', age, '[34:32[', 'an interval such as [32:34['],
    ['CLINICAL_INVALID', age, '[3.4.5:6[', 'an interval such as [32:34['],
    ['CLINICAL_INVALID', history, 'maybe', 'one of "YES", "NO", "never"'],
    ['CLINICAL_UNKNOWN', site, 'elbow', 'has the value "elbow"; the model knows "trunk", "arm", "leg"'],
    ['CLINICAL_MISSING', {}, '', 'has no value, and the feature "f"'],
  ])('%s: %j %j', async (code, feature, value, message) => {
    const error = await failure(() => numbersOf(feature, value), code as 'CLINICAL_INVALID');
    expect(error.message).toContain(message);
  });

  it('and a column that was not given is not taken for one without a value', async () => {
    const feature = { ...plain, ...none(1) };
    for (const row of [null, {}, { C: '1' }]) {
      const error = await failure(() => featureVector([feature], [0], row), 'CLINICAL_MISSING');
      expect(error.message).toContain('"c"');
    }
    await failure(() => rowText({}, '__proto__'), 'CLINICAL_MISSING');
  });
});

describe('features', () => {
  it('come in the order that is asked for', () => {
    const features = [plain, { ...plain, ...site, column: 'd' }];
    expect([...featureVector(features, [1, 0], { c: 4, d: 'arm' })]).toEqual([0, 1, 0, 4]);
    expect(clinicalWidth(features, [1, 0])).toBe(4);
  });
});

it('a sample of a column with any name is there', () => {
  const row = sampleRow({ clinical: [{ ...plain, column: '__proto__', mean: 3 }], heads: [] });
  expect(rowText(row, '__proto__')).toBe('3');
});

describe('a value that a tensor cannot hold', () => {
  const features = [{ ...plain, column: 'a' }, { ...plain, ...site, column: 's' }, plain];
  const held = (type: TensorInfo['type'], value: number): void =>
    requireHeld(Float64Array.of(1, 0, 1, 0, value), features, [0, 1, 2], { name: 'x', type, shape: [] }, { c: 'text' });
  it.each<[TensorInfo['type'], readonly number[], readonly number[]]>([
    ['int64', [0, -3, -(2 ** 63)], [0.5, 2 ** 63, Number.NaN]],
    ['int32', [0, 2 ** 31 - 1, -(2 ** 31)], [2 ** 31, 0.5, -(2 ** 31) - 1]],
    ['float16', [0.1, 65504, -65519], [65520, -65519.9999999, 1e300]],
    ['float32', [0.1, 3.4028234663852886e38], [3.4028235e38, -1e300]],
    ['float64', [0.1, 1e300], [Number.POSITIVE_INFINITY, Number.NaN]],
  ])('%s', async (type, good, bad) => {
    for (const value of good) expect(() => held(type, value)).not.toThrow();
    for (const value of bad) {
      const { message } = await failure(() => held(type, value), 'CLINICAL_INVALID');
      expect(message).toContain(`The column "c" has the value "text", of which the feature "f" makes ${value}`);
    }
  });
});

describe('a choice', () => {
  const choice = {
    column: 'c',
    cases: [
      { equals: [0.25], tolerance: 0, gives: 'first' },
      { equals: [0.5, 'half'], tolerance: 1e-6, gives: 'second' },
    ],
    otherwise: null,
  };
  it.each([
    ['0.25', 'first'],
    [0.25, 'first'],
    ['2.5e-1', 'first'],
    ['0.2500001', null],
    ['0.5000005', 'second'],
    [' half ', 'second'],
    ['Half', null],
    [null, null],
  ])('%j gives %j', async (value, expected) => {
    const row = { c: value };
    expect(chosenOrDefault(choice, row)).toBe(expected);
    expect(chosen({ ...choice, otherwise: 'other' }, row, 'it')).toBe(expected ?? 'other');
    if (expected === null) await failure(() => chosen(choice, row, 'it'), 'CLINICAL_UNKNOWN');
  });
  it.each([
    ['0.26', 0.25, 0.01, true],
    ['0.24', 0.25, 0.01, true],
    ['0.2600001', 0.25, 0.01, false],
    ['0.3', 0.25, 0.05, true],
    ['0', 0, 0, true],
    ['1e-300', 0, 0, false],
  ])('%j is equal to %d within %d: %s', (value, wanted, tolerance, expected) => {
    const one = { column: 'c', cases: [{ equals: [wanted], tolerance, gives: 'it' }], otherwise: null };
    expect(chosenOrDefault(one, { c: value })).toBe(expected ? 'it' : null);
  });
  it('of a slide that cannot be scored needs no column', () => {
    expect(chosenOrDefault({ ...choice, otherwise: 'other' }, null)).toBe('other');
    expect(chosenOrDefault({ ...choice, otherwise: 'other' }, {})).toBe('other');
  });
});
