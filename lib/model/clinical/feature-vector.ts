/** The numbers of a model's clinical features, made of the values of one slide. */

import { MicrotomeError } from '../../core/errors.js';
import type { ClinicalFeature } from '../spec.js';
import type { Groups } from './groups.js';
import { findText, numberOf, rowText } from './row-text.js';
import type { ClinicalRow } from './row-text.js';

const interval = /^[[\]]\s*([0-9.]+)\s*[:-]\s*([0-9.]+)\s*[[\]]$/;

function widthOf({ isOneHot, categories, missing }: ClinicalFeature): number {
  return (isOneHot ? categories.length : 1) + (missing.rule === 'indicator' ? 1 : 0);
}

/** Numbers of these features. */
export function clinicalWidth(features: readonly ClinicalFeature[], chosen: readonly number[]): number {
  return chosen.reduce((sum, index) => sum + widthOf(features[index] as ClinicalFeature), 0);
}

function invalid({ column }: ClinicalFeature, text: string, expected: string): MicrotomeError {
  const found = `The column ${JSON.stringify(column)} has the value ${JSON.stringify(text)}, expected ${expected}`;
  return new MicrotomeError('CLINICAL_INVALID', 'options', found);
}

function position(words: readonly string[], text: string, isCaseSensitive: boolean): number {
  const plain = (word: string): string => (isCaseSensitive ? word : word.toLowerCase());
  return words.findIndex((word) => plain(word) === plain(text));
}

function withSynonym({ synonyms, isCaseSensitive }: ClinicalFeature, text: string): string {
  const spellings = [...synonyms.keys()];
  const found = spellings[position(spellings, text, isCaseSensitive)];
  return found === undefined ? text : (synonyms.get(found) ?? text);
}

function intervalOf(feature: ClinicalFeature, text: string): number {
  const bounds = interval.exec(text);
  const ends = bounds === null ? [text, text] : bounds.slice(1, 3);
  const [low, high] = ends.map((end) => numberOf(end)) as [number | null, number | null];
  if (low === null || high === null || low > high)
    throw invalid(feature, text, 'a number or an interval such as [32:34[');
  if (feature.intervalValue === 'lower') return low;
  return feature.intervalValue === 'upper' ? high : (low + high) / 2;
}

function categoryOf(feature: ClinicalFeature, text: string): number {
  const found = position(feature.categories, text, feature.isCaseSensitive);
  if (found !== -1) return found;
  const listed = feature.categories.slice(0, 30).map((word) => JSON.stringify(word));
  const more =
    feature.categories.length > listed.length ? ` and ${feature.categories.length - listed.length} more` : '';
  throw new MicrotomeError(
    'CLINICAL_UNKNOWN',
    'options',
    `The column ${JSON.stringify(feature.column)} has the value ${JSON.stringify(text)}; the model knows ${listed.join(', ')}${more}`,
  );
}

function booleanOf(feature: ClinicalFeature, text: string): number {
  const { trueWords, falseWords, isCaseSensitive } = feature;
  if (position(trueWords, text, isCaseSensitive) !== -1) return 1;
  if (position(falseWords, text, isCaseSensitive) !== -1) return 0;
  const words = [...trueWords, ...falseWords].slice(0, 30).map((word) => JSON.stringify(word));
  throw invalid(feature, text, `one of ${words.join(', ')}`);
}

/** Before scaling; of a category its index. */
function understood(feature: ClinicalFeature, text: string): number {
  switch (feature.type) {
    case 'number': {
      const value = numberOf(text);
      if (value === null) throw invalid(feature, text, 'a number');
      return value;
    }
    case 'interval':
      return intervalOf(feature, text);
    case 'category':
      return categoryOf(feature, text);
    case 'boolean':
      return booleanOf(feature, text);
  }
}

function encoded({ isOneHot, categories, mean, std }: ClinicalFeature, value: number): readonly number[] {
  return isOneHot ? categories.map((_, index) => (index === value ? 1 : 0)) : [(value - mean) / std];
}

function ofMissing(feature: ClinicalFeature): readonly number[] {
  const { missing, categories, isOneHot, column, name } = feature;
  if (missing.rule === 'error')
    throw new MicrotomeError(
      'CLINICAL_MISSING',
      'options',
      `The column ${JSON.stringify(column)} has no value, and the feature "${name}" of the model needs one`,
    );
  if (missing.category !== null) return encoded(feature, categories.indexOf(missing.category));
  if (isOneHot) return categories.map(() => missing.value ?? 0);
  // Zeros are zeros after scaling: nothing is known of the value.
  return missing.value === null ? [0] : encoded(feature, missing.value);
}

/** Null: there is no value, or one that counts as none. */
function numberIn(feature: ClinicalFeature, row: ClinicalRow | null): number | null {
  const text = rowText(row, feature.column);
  if (text === '') return null;
  try {
    return understood(feature, withSynonym(feature, text));
  } catch (error) {
    if (feature.unknownIsMissing && error instanceof MicrotomeError) return null;
    throw error;
  }
}

/** Names of features whose value is there, is not understood, and therefore counts as none. */
export function countedAsMissing(
  features: readonly ClinicalFeature[],
  chosen: readonly number[],
  row: ClinicalRow | null,
): readonly string[] {
  return chosen.flatMap((index) => {
    const feature = features[index] as ClinicalFeature;
    if (!feature.unknownIsMissing) return [];
    const isThere = (findText(row, feature.column) ?? '') !== '';
    return isThere && numberIn(feature, row) === null ? [feature.name] : [];
  });
}

function numbersOf(feature: ClinicalFeature, row: ClinicalRow | null, groups: Groups | null): readonly number[] {
  if (feature.within?.as === 'count') return encoded(feature, groupsFor(feature, groups).valueOf(feature, row, 0));
  const value = numberIn(feature, row);
  const isEmpty = value === null;
  const own = isEmpty
    ? ofMissing(feature)
    : encoded(feature, feature.within === null ? value : groupsFor(feature, groups).valueOf(feature, row, value));
  return feature.missing.rule === 'indicator' ? [...own, isEmpty ? 1 : 0] : own;
}

/** A row that is alone has no others to be compared with. */
function groupsFor({ name, within }: ClinicalFeature, groups: Groups | null): Groups {
  if (groups !== null) return groups;
  const found = `the feature "${name}" of the model compares the rows of a table that share a value of ${JSON.stringify(within?.column)}, and a slide is scored by its own row alone`;
  throw new MicrotomeError('MODEL_MISMATCH', 'options', found, { advice: 'score images with this model, not slides' });
}

/** The chosen features, one after the other. `groups`: of the whole table; null: the row is alone. Throws CLINICAL_MISSING, CLINICAL_INVALID, CLINICAL_UNKNOWN. */
export function featureVector(
  features: readonly ClinicalFeature[],
  chosen: readonly number[],
  row: ClinicalRow | null,
  groups: Groups | null = null,
): Float64Array {
  return Float64Array.from(chosen.flatMap((index) => numbersOf(features[index] as ClinicalFeature, row, groups)));
}
