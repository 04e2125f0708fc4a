/** evaluateSubmission: how good the values of a submission are, where the true values are known. */
import { pathOf } from '../core/file-url.js';
import { text } from '../options/check.js';
import { csvInvalid } from '../runs/failure.js';
import { shown } from '../runs/names.js';
import { rowsMismatch } from '../runs/rows.js';
import { bootstrap, type Intervals } from './bootstrap.js';
import { binsOf, type CalibrationBin } from './calibration.js';
import { missingClass } from './classes.js';
import { columnsOf, parseEvaluateOptions, type EvaluateOptions } from './evaluate-options.js';
import { isClipped } from './log-loss.js';
import { Sample, type Rows } from './measures.js';
import { readPatients } from './patients.js';
import { rank } from './ranking.js';
import { curveOf, drawnPoints, type RocPoint } from './roc.js';
import { topHits } from './top-sensitivity.js';
import { readValues, type ValueRule, type ValueTable } from './value-table.js';

/** What {@link evaluateSubmission} found. */
export interface Evaluation {
  readonly rows: number;
  /** Rows whose label is 1. */
  readonly positives: number;
  /** Patients of the rows; null where no file names them. */
  readonly patients: number | null;
  /** Mean log loss, as scikit-learn's `log_loss` with `eps=1e-16` computes it. Lower is better. */
  readonly logLoss: number;
  /** Values so close to 0 or 1 that they count as 1e-16 or 1 - 1e-16. */
  readonly clipped: number;
  /** Area under the ROC curve, see {@link rocAuc}. */
  readonly auc: number;
  /** The part of it above `minTruePositiveRate`, see {@link partialAuc}. */
  readonly partialAuc: number;
  readonly minTruePositiveRate: number;
  /**
   * Share of the rows labelled 1 that are among the 15 highest values of their patient; null where no file names the
   * patients. Where equal values cross the limit, on average over their orders.
   */
  readonly topSensitivity: number | null;
  /** Mean squared distance of value and label. Lower is better. */
  readonly brierScore: number;
  /** Mean distance of value and share of positives in ten intervals of equal width, weighted by rows. Lower is better. */
  readonly calibrationError: number;
  readonly calibration: readonly CalibrationBin[];
  /** The ROC curve: all its vertices, or those of a smaller curve that nobody can tell from it in a picture. */
  readonly roc: readonly RocPoint[];
  /** 95 % intervals of these figures; null where `samples` is 0. */
  readonly intervals: Intervals | null;
  /** False: the two files have their rows in different orders. A program that compares rows by position then finds another log loss. */
  readonly sameOrder: boolean;
}

export const kProbability: ValueRule = { holds: (value) => value >= 0 && value <= 1, expected: 'a number from 0 to 1' };
const kLabel: ValueRule = { holds: (value) => value === 0 || value === 1, expected: 'a label: 0 or 1' };

/** Refuses tables that do not have the same names, with every name that only one of them has. */
export function requireSameNames(submission: ValueTable, labels: ValueTable): void {
  const only = (here: ValueTable, there: ValueTable): readonly string[] =>
    [...here.values.values()]
      .filter(({ name }) => !there.values.has(name))
      .map(({ name, line }) => `${shown(name)} (${here.path}:${line}): not in ${there.path}`);
  const problems = [...only(labels, submission), ...only(submission, labels)];
  if (problems.length > 0) throw rowsMismatch(problems, 'make both files name the same slides', submission.path);
}

/**
 * Compares a submission with labels, row by row, joined by name. The values must be finite and in [0, 1], the labels 0 or
 * 1, both of them must occur, and both files must have the same names, each once.
 *
 * Throws `CSV_INVALID` for a file that cannot be read so, with its line, and for labels of one class only;
 * `ROWS_MISMATCH` with every name that only one of the files has; `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * const { logLoss, auc, rows } = await evaluateSubmission('submission.csv', { labels: 'labels.csv' });
 * ```
 */
export async function evaluateSubmission(submission: string | URL, options: EvaluateOptions): Promise<Evaluation> {
  const parsed = parseEvaluateOptions(options);
  const path = pathOf(submission instanceof URL ? submission : text('submission', submission));
  const labels = await readValues(parsed.labels, (header) => columnsOf(parsed, header), kLabel);
  const given = await readValues(path, () => labels.columns, kProbability);
  requireSameNames(given, labels);
  const names = [...labels.values.keys()];
  const positive = [...labels.values.values()].map(({ value }) => value === 1);
  const missing = missingClass(positive);
  if (missing !== null) throw csvInvalid(parsed.labels, null, missing, 'give labels of both classes');
  const values = names.map((name) => given.values.get(name)?.value ?? Number.NaN);
  const { id } = labels.columns;
  const patients =
    parsed.patients === null ? null : await readPatients(parsed.patients, { id, patient: parsed.patientColumn }, names);
  const rows: Rows = {
    positive,
    values,
    ranking: rank(positive, values),
    patients: patients?.map((own) => ({ rows: own, top: topHits(own, positive, values) })) ?? null,
    minTruePositiveRate: parsed.minTruePositiveRate,
  };
  const order = [...given.values.keys()];
  return Object.freeze({
    ...figuresOf(rows),
    clipped: values.filter(isClipped).length,
    roc: Object.freeze(drawnPoints(curveOf(rows.ranking.counts, rows.ranking.scores))),
    intervals: parsed.samples === 0 ? null : await bootstrap(rows, parsed.samples, parsed.seed),
    sameOrder: names.every((name, i) => name === order[i]),
  });
}

function figuresOf(rows: Rows): Omit<Evaluation, 'clipped' | 'roc' | 'intervals' | 'sameOrder'> {
  const { positive, patients, minTruePositiveRate } = rows;
  const all = new Sample(rows);
  for (const row of positive.keys()) all.add(row);
  for (const { top } of patients ?? []) all.addPatient(top);
  const measures = all.measures();
  return {
    rows: positive.length,
    positives: positive.filter((is) => is).length,
    patients: patients?.length ?? null,
    ...measures,
    topSensitivity: patients === null ? null : measures.topSensitivity,
    minTruePositiveRate,
    calibration: Object.freeze(binsOf(all.calibration)),
  };
}
