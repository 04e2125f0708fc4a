/** evaluateSubmission: how good the values of a submission are, where the true values are known. */
import { pathOf } from '../core/file-url.js';
import { optionMark } from '../core/option-names.js';
import { contradiction, oneOf, record, text } from '../options/check.js';
import type { Preset } from '../runs/generated-types.js';
import { shown } from '../runs/names.js';
import { layoutOf, presetOfHeader, presets } from '../runs/presets.js';
import { rowsMismatch } from '../runs/rows.js';
import { isClipped, logLoss } from './log-loss.js';
import { readValues, type ValueColumns, type ValueRule, type ValueTable } from './value-table.js';

/** What {@link evaluateSubmission} compares with, and how the columns of both files are called. */
export interface EvaluateOptions {
  /** CSV with the true value of each row: 0 or 1. */
  readonly labels: string | URL;
  /** Names of the two columns. @defaultValue the preset whose columns the labels have */
  readonly preset?: Preset;
  /** Column that names the slide. Where this or `valueColumn` is given, further columns of the files are not read. @defaultValue filename */
  readonly idColumn?: string;
  /** Column that holds the value, or the true value. @defaultValue relapse */
  readonly valueColumn?: string;
}

/** What {@link evaluateSubmission} found. */
export interface Evaluation {
  readonly rows: number;
  /** Rows whose label is 1. */
  readonly positives: number;
  /** Mean log loss, as scikit-learn's `log_loss` with `eps=1e-16` computes it. Lower is better. */
  readonly logLoss: number;
  /** Values so close to 0 or 1 that they count as 1e-16 or 1 - 1e-16. */
  readonly clipped: number;
  /** False: the two files have their rows in different orders. A program that compares rows by position then finds another log loss. */
  readonly sameOrder: boolean;
}

const kKeys = ['labels', 'preset', 'idColumn', 'valueColumn'] as const;

const kProbability: ValueRule = { holds: (value) => value >= 0 && value <= 1, expected: 'a number from 0 to 1' };
const kLabel: ValueRule = { holds: (value) => value === 0 || value === 1, expected: 'a label: 0 or 1' };

interface Parsed {
  readonly labels: string;
  readonly preset: Preset | null;
  /** Null: nobody named a column. */
  readonly named: ValueColumns | null;
}

function parse(options: EvaluateOptions): Parsed {
  const given = record('options', options, kKeys);
  const { labels, preset, idColumn, valueColumn } = given;
  if (labels === undefined) throw contradiction(`${optionMark('labels')} is missing: the file with the true values`);
  const column = (name: 'idColumn' | 'valueColumn'): string | null =>
    given[name] === undefined ? null : text(name, given[name]);
  const names = { idColumn: column('idColumn'), valueColumn: column('valueColumn'), paths: false };
  const isNamed = idColumn !== undefined || valueColumn !== undefined;
  if (preset !== undefined && isNamed) {
    const other = optionMark(idColumn === undefined ? 'valueColumn' : 'idColumn');
    throw contradiction(`Expected only one of ${optionMark('preset')} and ${other} but received both`);
  }
  const { idColumn: id, valueColumn: value } = layoutOf(null, names);
  if (id === value)
    throw contradiction(`${optionMark('idColumn')} and ${optionMark('valueColumn')} are both ${shown(id)}`);
  return {
    labels: pathOf(labels instanceof URL ? labels : text('labels', labels)),
    preset: preset === undefined ? null : (oneOf('preset', preset, presets) as Preset),
    named: isNamed ? { id, value, alone: false } : null,
  };
}

function columnsOf({ preset, named }: Parsed, header: readonly string[]): ValueColumns {
  if (named !== null) return named;
  const { idColumn, valueColumn } = layoutOf(preset ?? presetOfHeader(header));
  return { id: idColumn, value: valueColumn, alone: true };
}

/** Refuses tables that do not have the same names, with every name that only one of them has. */
function requireSameNames(submission: ValueTable, labels: ValueTable): void {
  const only = (here: ValueTable, there: ValueTable): readonly string[] =>
    [...here.values.values()]
      .filter(({ name }) => !there.values.has(name))
      .map(({ name, line }) => `${shown(name)} (${here.path}:${line}): not in ${there.path}`);
  const problems = [...only(labels, submission), ...only(submission, labels)];
  if (problems.length > 0) throw rowsMismatch(problems, 'make both files name the same slides', submission.path);
}

/**
 * Compares a submission with labels, row by row, joined by name. The values must be finite and in [0, 1], the labels 0 or
 * 1, and both files must have the same names, each once.
 *
 * Throws `CSV_INVALID` for a file that cannot be read so, with its line; `ROWS_MISMATCH` with every name that only one of
 * the files has; `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * const { logLoss, rows } = await evaluateSubmission('submission.csv', { labels: 'labels.csv' });
 * ```
 */
export async function evaluateSubmission(submission: string | URL, options: EvaluateOptions): Promise<Evaluation> {
  const parsed = parse(options);
  const path = pathOf(submission instanceof URL ? submission : text('submission', submission));
  const labels = await readValues(parsed.labels, (header) => columnsOf(parsed, header), kLabel);
  const given = await readValues(path, () => labels.columns, kProbability);
  requireSameNames(given, labels);
  const names = [...labels.values.keys()];
  const positive = [...labels.values.values()].map(({ value }) => value === 1);
  const values = names.map((name) => given.values.get(name)?.value ?? Number.NaN);
  const order = [...given.values.keys()];
  return Object.freeze({
    rows: names.length,
    positives: positive.filter((is) => is).length,
    logLoss: logLoss(positive, values),
    clipped: values.filter(isClipped).length,
    sameOrder: names.every((name, i) => name === order[i]),
  });
}
