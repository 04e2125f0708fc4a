/** checkSubmission: whether a submission has the rows that its format asks for. No true value is needed. */
import { pathOf } from '../core/file-url.js';
import { csvInvalid } from '../runs/failure.js';
import { shown } from '../runs/names.js';
import { columnsOf, parseEvaluateOptions, type EvaluateOptions } from './evaluate-options.js';
import { kProbability, requireSameNames } from './evaluate.js';
import { readValues, type ValueRule } from './value-table.js';

/** The format of {@link checkSubmission}, and how the columns of both files are called. */
export interface CheckSubmissionOptions extends Pick<EvaluateOptions, 'preset' | 'idColumn' | 'valueColumn'> {
  /** CSV whose rows the submission must have, such as `sample_submission.csv`. Its values do not matter. */
  readonly format: string | URL;
}

/** What {@link checkSubmission} found. */
export interface CheckedSubmission {
  readonly rows: number;
  readonly least: number;
  readonly greatest: number;
}

const anyNumber: ValueRule = { holds: Number.isFinite, expected: 'a number' };

/**
 * Compares a submission with its format: the same columns, every row once and in the same order, every value a number from
 * 0 to 1. Throws `CSV_INVALID` with the line, `ROWS_MISMATCH` with the names that one file has alone, FILE_NOT_FOUND,
 * FILE_UNREADABLE, INVALID_OPTION.
 *
 * @example
 * ```ts
 * const { rows } = await checkSubmission('submission.csv', { format: 'sample_submission.csv' });
 * ```
 */
export async function checkSubmission(
  submission: string | URL,
  { format, ...columns }: CheckSubmissionOptions,
): Promise<CheckedSubmission> {
  const parsed = parseEvaluateOptions({ ...columns, labels: format });
  const wanted = await readValues(parsed.labels, (header) => columnsOf(parsed, header), anyNumber);
  const given = await readValues(pathOf(submission), () => wanted.columns, kProbability);
  requireSameNames(given, wanted);
  const names = [...wanted.values.keys()];
  const rows = [...given.values.values()];
  const at = rows.findIndex(({ name }, i) => name !== names[i]);
  if (at >= 0) {
    const found = `${shown(rows[at]?.name ?? '')}, where the format has ${shown(names[at] ?? '')}`;
    throw csvInvalid(given.path, rows[at]?.line ?? null, found, 'write the rows in the order of the format');
  }
  const [least, greatest] = rows.reduce(([a, b], { value }) => [Math.min(a, value), Math.max(b, value)], [1, 0]);
  return { rows: rows.length, least: least ?? 0, greatest: greatest ?? 0 };
}
