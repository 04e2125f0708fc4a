/** What is chosen by a value of the metadata. */

import { MicrotomeError } from '../../core/errors.js';
import type { Case, Choice } from '../spec.js';
import { findText, numberOf, rowText } from './row-text.js';
import type { ClinicalRow } from './row-text.js';

function isEqual(wanted: string | number, text: string, tolerance: number): boolean {
  if (typeof wanted === 'string') return wanted === text;
  const value = numberOf(text);
  if (value === null) return false;
  // 0.26 - 0.25 is a little more than 0.01 in binary: the rounding of both numbers does not count.
  const rounding = 4 * Number.EPSILON * Math.max(Math.abs(value), Math.abs(wanted));
  return Math.abs(value - wanted) <= tolerance + rounding;
}

/** The first case that is equal; null: none is. */
export function caseOf<T>(cases: readonly Case<T>[], text: string): T | null {
  const found = cases.find(({ equals, tolerance }) => equals.some((wanted) => isEqual(wanted, text, tolerance)));
  return found === undefined ? null : found.gives;
}

/** `what`: what has the cases, for a message. Throws CLINICAL_MISSING, CLINICAL_UNKNOWN. */
export function chosen<T>({ column, cases, otherwise }: Choice<T>, row: ClinicalRow | null, what: string): T {
  const text = rowText(row, column);
  const found = caseOf(cases, text) ?? otherwise;
  if (found !== null) return found;
  const known = cases.flatMap(({ equals }) => equals);
  const listed = known.slice(0, 20).map((value) => JSON.stringify(value));
  const more = known.length > listed.length ? ` and ${known.length - listed.length} more` : '';
  const value = text === '' ? 'no value' : `the value ${JSON.stringify(text)}`;
  throw new MicrotomeError(
    'CLINICAL_UNKNOWN',
    'options',
    `The column ${JSON.stringify(column)} has ${value}; ${what} has cases for ${listed.join(', ')}${more}`,
  );
}

/** Of a slide that cannot be scored: what it lacks is no error. */
export function chosenOrDefault<T>({ column, cases, otherwise }: Choice<T>, row: ClinicalRow | null): T | null {
  return caseOf(cases, findText(row, column) ?? '') ?? otherwise;
}
