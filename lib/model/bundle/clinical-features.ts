/** The clinical features of a bundle, with their defaults, and the checks that a schema cannot say. */

import { isMissing } from '../../core/missing-value.js';
import type { BundleText } from '../bundle-json.js';
import type { ClinicalInput } from '../model.js';
import type { ClinicalFeature } from '../spec.js';
import type { ClinicalFeatureJson } from './json-types.js';

/** What is wrong with a feature, and at which of its members; null: nothing. */
function wrongWith(json: ClinicalFeatureJson): readonly [at: readonly string[], found: string] | null {
  const { type, parse = {}, missing } = json;
  if (type === 'category' && parse.categories === undefined)
    return [['parse'], 'a category needs parse.categories, the list of all of them'];
  if (type === 'boolean' && (parse.true === undefined || parse.false === undefined))
    return [['parse'], 'a boolean needs parse.true and parse.false, how each is spelt'];
  const other = (
    [
      ['intervalValue', 'interval'],
      ['true', 'boolean'],
      ['false', 'boolean'],
      ['categories', 'category'],
      ['encoding', 'category'],
    ] as const
  ).find(([key, owner]) => parse[key] !== undefined && type !== owner);
  if (other !== undefined) return [['parse', other[0]], `${other[0]} is for the type "${other[1]}", not "${type}"`];
  if (isOneHot(json) && (json.mean !== undefined || json.std !== undefined))
    return [[json.mean === undefined ? 'std' : 'mean'], 'mean and std are for one number, but the encoding is oneHot'];
  return wrongWithMissing(json, missing) ?? wrongWithWithin(json) ?? wrongWithWords(json);
}

function wrongWithMissing(
  { type, parse }: ClinicalFeatureJson,
  { rule, value, category, unknown }: ClinicalFeatureJson['missing'],
): readonly [readonly string[], string] | null {
  if (rule === 'value' && value === undefined) return [['missing'], 'the rule "value" needs a value'];
  if ((rule === 'category') !== (category !== undefined))
    return [['missing'], 'the rule "category" needs a category, and no other rule has one'];
  if (unknown === 'missing' && rule === 'error')
    return [['missing', 'unknown'], 'values that are not understood cannot count as missing where the rule is "error"'];
  if (value !== undefined && (rule === 'error' || rule === 'category'))
    return [['missing', 'value'], `the rule "${rule}" has no value`];
  if (category === undefined) return null;
  if (type !== 'category')
    return [['missing', 'rule'], `the rule "category" is for the type "category", not "${type}"`];
  const isKnown = parse?.categories?.includes(category) === true;
  return isKnown ? null : [['missing', 'category'], `"${category}" is not one of the categories`];
}

function wrongWithWithin({ type, within, column, missing }: ClinicalFeatureJson): Wrong | null {
  if (within === undefined) return null;
  if (type !== 'number') return [['within'], `within is for the type "number", not "${type}"`];
  if (within.as === 'standardScore')
    return within.column === column ? [['within', 'column'], 'all rows of such a group have the same value'] : null;
  if (within.column !== column) return [['within', 'column'], `a count of rows is of the column itself, "${column}"`];
  return missing.rule === 'error'
    ? null
    : [['missing', 'rule'], 'a row without a group cannot be counted: the rule is "error"'];
}

/** What is wrong with a word that a model waits for; null: nothing. Cells are trimmed, and some words say "no value". */
export function wrongWithWord(word: string): string | null {
  if (word !== word.trim())
    return `${JSON.stringify(word)} starts or ends with a space, and the values of a table do not`;
  return isMissing(word) ? `${JSON.stringify(word)} is what a table has for no value, so no slide can have it` : null;
}

type Wrong = readonly [at: readonly string[], found: string];

/** Words that no cell has, and two words that are one where upper and lower case are the same. */
function wrongWithList(at: readonly string[], words: readonly string[], isCaseSensitive: boolean): Wrong | null {
  const seen = new Set<string>();
  for (const word of words) {
    const found = wrongWithWord(word);
    if (found !== null) return [at, found];
    const plain = isCaseSensitive ? word : word.toLowerCase();
    if (seen.has(plain)) return [at, `"${word}" is there twice`];
    seen.add(plain);
  }
  return null;
}

function wrongWithWords({ type, parse = {}, synonyms = {} }: ClinicalFeatureJson): Wrong | null {
  const isCaseSensitive = parse.caseSensitive === true;
  const words = type === 'boolean' ? [...(parse.true ?? []), ...(parse.false ?? [])] : (parse.categories ?? []);
  const found =
    wrongWithList(['parse'], words, isCaseSensitive) ??
    wrongWithList(['synonyms'], Object.keys(synonyms), isCaseSensitive);
  if (found !== null || type !== 'category') return found;
  const plain = (word: string): string => (isCaseSensitive ? word : word.toLowerCase());
  const known = new Set(words.map(plain));
  const other = Object.entries(synonyms).find(([, meaning]) => !known.has(plain(meaning)));
  return other === undefined ? null : [['synonyms', other[0]], `"${other[1]}" is not one of the categories`];
}

function isOneHot({ type, parse }: ClinicalFeatureJson): boolean {
  return type === 'category' && (parse?.encoding ?? 'oneHot') === 'oneHot';
}

/** Throws MODEL_INVALID. */
export function clinicalFeatures(list: readonly ClinicalFeatureJson[], text: BundleText): readonly ClinicalFeature[] {
  return list.map((json, i) => {
    const wrong = wrongWith(json);
    if (wrong !== null) throw text.error('MODEL_INVALID', ['inputs', 'clinical', String(i), ...wrong[0]], wrong[1]);
    const { parse = {}, missing } = json;
    return Object.freeze({
      name: json.name,
      column: json.column,
      type: json.type,
      intervalValue: parse.intervalValue ?? 'middle',
      trueWords: parse.true ?? [],
      falseWords: parse.false ?? [],
      categories: parse.categories ?? [],
      isOneHot: isOneHot(json),
      isCaseSensitive: parse.caseSensitive ?? false,
      synonyms: new Map(Object.entries(json.synonyms ?? {})),
      missing: { rule: missing.rule, value: missing.value ?? null, category: missing.category ?? null },
      unknownIsMissing: missing.unknown === 'missing',
      within: json.within ?? null,
      mean: json.mean ?? 0,
      std: json.std ?? 1,
    });
  });
}

/** As a caller sees them. */
export function clinicalInputs(features: readonly ClinicalFeature[]): readonly ClinicalInput[] {
  return Object.freeze(
    features.map(({ name, column, type, missing }) =>
      Object.freeze({ name, column, type, isRequired: missing.rule === 'error' }),
    ),
  );
}
