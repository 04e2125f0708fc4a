/** The values of one slide's row of the metadata, as text. */

import { MicrotomeError } from '../../core/errors.js';
import { isMissing } from '../../core/missing-value.js';
import { optionMark } from '../../core/option-names.js';

/** By column; null, or what a table has for no value: there is no value. */
export type ClinicalRow = Readonly<Record<string, string | number | null>>;

/** Trimmed; empty where there is no value. Undefined where the row has no such column. */
export function findText(row: ClinicalRow | null, column: string): string | undefined {
  if (row === null || !Object.hasOwn(row, column)) return undefined;
  const value = row[column] ?? null;
  const text = value === null ? '' : String(value).trim();
  return isMissing(text) ? '' : text;
}

/** Throws CLINICAL_MISSING where the row has no such column: a name that is misspelt must not count as no value. */
export function rowText(row: ClinicalRow | null, column: string): string {
  const text = findText(row, column);
  if (text !== undefined) return text;
  const found = row === null ? 'no clinical values were given' : 'the clinical values have no such column';
  throw new MicrotomeError(
    'CLINICAL_MISSING',
    'options',
    `The model reads the column ${JSON.stringify(column)}, but ${found}`,
    {
      advice: `give it with ${optionMark('clinical')}, as null where it is not known`,
    },
  );
}

/** A decimal number; null for any other text. */
export function numberOf(text: string): number | null {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
