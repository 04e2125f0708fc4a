/** microtome evaluate: how good the values of a submission are. */
import { shownPath } from '../../core/remote-address.js';
import { pathOf } from '../../core/file-url.js';
import {
  checkSubmission,
  type CheckSubmissionOptions,
  type Evaluation,
  type EvaluateOptions,
  evaluationPicture,
  type MeasureName,
  MicrotomeError,
  optionTable,
} from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { onePositional } from '../positionals.js';
import { flagValues, nested } from '../table-flags.js';
import { printable, table } from '../text.js';
import { UsageError } from '../usage-error.js';
import { isThere, writeFileWhole } from '../write-file.js';

/** A run has these options too; their flags have the same names. */
const columnRows = optionTable.filter(({ name }) => ['preset', 'idColumn', 'valueColumn'].includes(name));
const presets = columnRows.flatMap(({ kind }) => (kind.type === 'choice' ? kind.values : []));

export const evaluateSpec: CommandSpec = {
  name: 'evaluate',
  positionals: '<submission.csv>',
  summary: 'Show how good a submission is: log loss, areas under the ROC curve, calibration, with 95 % intervals.',
  options: {
    labels: {
      kind: 'text',
      value: 'L.csv',
      help: 'CSV with the true value of each row, 0 or 1 (required, but with --format)',
    },
    format: {
      kind: 'text',
      value: 'F.csv',
      help: 'CSV whose rows the submission must have, in its order, such as sample_submission.csv; without --labels this alone is checked',
    },
    patients: {
      kind: 'text',
      value: 'M.csv',
      help: 'CSV that names the patient of each row, such as the metadata; adds the sensitivity of the 15 highest values of each patient',
    },
    'patient-column': {
      kind: 'text',
      value: 'NAME',
      help: 'column of --patients that names the patient (default: patient_id)',
    },
    svg: { kind: 'text', value: 'F.svg', help: 'write the ROC curve and the calibration as a picture' },
    overwrite: { kind: 'flag', help: 'replace the picture' },
    json: { kind: 'flag', help: 'print one line of JSON' },
    preset: {
      kind: 'text',
      value: 'NAME',
      choices: presets,
      help: 'names of the two columns of both files (default: the preset whose columns the labels have)',
    },
    'id-column': { kind: 'text', value: 'NAME', help: 'column that names the slide (default: filename)' },
    'value-column': { kind: 'text', value: 'NAME', help: 'column that holds the value (default: relapse)' },
    'min-true-positive-rate': {
      kind: 'number',
      help: 'the partial area counts above this true-positive rate (default: 0.8)',
    },
    samples: { kind: 'integer', help: 'samples drawn for the intervals; 0 for none (default: 1000)' },
    seed: { kind: 'integer', help: 'the same seed draws the same samples (default: 0)' },
  },
  notes: [
    'Rows are joined by the name of the slide; their order does not matter. Both files must have the same names.',
    'A value below 1e-16 counts as 1e-16 and one above 1 - 1e-16 as 1 - 1e-16, as in the scoring script of VisioMel.',
    'The intervals come from samples of the rows, drawn with replacement; with --patients, from samples of the patients.',
  ],
};

export async function evaluate(args: ParsedArgs, io: CliIo): Promise<number> {
  const submission = onePositional(args, evaluateSpec, 'a submission');
  const format = args.text('format');
  if (format !== undefined) {
    await checkFormat(submission, format, args, io);
    if (args.text('labels') === undefined) return exitCode.ok;
  }
  const labels = args.required('labels');
  const svg = args.text('svg');
  if (svg !== undefined) await requireFree(pathOf(svg), args.flag('overwrite'));
  const columns = nested(flagValues(args, columnRows, evaluateSpec.name));
  const own = {
    patients: args.text('patients'),
    patientColumn: args.text('patient-column'),
    minTruePositiveRate: args.number('min-true-positive-rate'),
    samples: args.number('samples'),
    seed: args.number('seed'),
  };
  const found = await io.library.evaluateSubmission(submission, { ...columns, ...own, labels } as EvaluateOptions);
  if (svg !== undefined) await writeFileWhole(pathOf(svg), Buffer.from(evaluationPicture(found)));
  if (args.flag('json')) io.stdout.write(`${JSON.stringify({ submission, labels, ...found })}\n`);
  else io.stdout.write(textOf(submission, found));
  if (!found.sameOrder)
    io.stderr.write(
      'note: the two files have their rows in different orders; a program that compares rows by position finds another log loss\n',
    );
  return exitCode.ok;
}

async function checkFormat(submission: string, format: string, args: ParsedArgs, io: CliIo): Promise<void> {
  const columns = nested(flagValues(args, columnRows, evaluateSpec.name));
  const found = await checkSubmission(submission, { ...columns, format } as CheckSubmissionOptions);
  if (args.flag('json')) io.stdout.write(`${JSON.stringify({ submission, format, ...found })}\n`);
  else io.stdout.write(`${printable(submission)} has the ${found.rows} rows of ${printable(format)}, in its order\n`);
}

async function requireFree(path: string, overwrite: boolean): Promise<void> {
  if (!/\.svg$/i.test(path))
    throw new UsageError(
      `--svg is ${JSON.stringify(shownPath(path))}, expected a name that ends in .svg`,
      evaluateSpec.name,
    );
  if (overwrite || !(await isThere(path))) return;
  const advice = 'choose another name, or pass --overwrite';
  throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${path} is there already`, { path, advice });
}

function textOf(submission: string, found: Evaluation): string {
  const { rows, positives, patients, clipped, intervals, minTruePositiveRate } = found;
  const figure = (heading: string, name: MeasureName, what = ''): string[] => {
    const interval = intervals?.of[name];
    const range = interval === undefined ? '' : ` (${interval.low.toFixed(6)} to ${interval.high.toFixed(6)})`;
    return [heading, `${(found[name] ?? Number.NaN).toFixed(name === 'logLoss' ? 9 : 6)}${range}${what}`];
  };
  const lines = [
    ['submission', printable(submission)],
    ['rows', `${rows}, of which ${positives} are labelled 1${patients === null ? '' : `; ${patients} patients`}`],
    figure('log loss', 'logLoss'),
  ];
  if (clipped > 0) lines.push(['', `values that count as 1e-16 or 1 - 1e-16: ${clipped}`]);
  lines.push(
    figure('AUC', 'auc'),
    figure('partial AUC', 'partialAuc', `, above a true-positive rate of ${minTruePositiveRate}`),
  );
  if (found.topSensitivity !== null) lines.push(figure('top-15 sensitivity', 'topSensitivity'));
  lines.push(figure('Brier score', 'brierScore'), figure('calibration error', 'calibrationError'));
  if (intervals !== null) {
    const dropped = intervals.dropped === 0 ? '' : `; ${intervals.dropped} of them had one class only and do not count`;
    lines.push([
      'in brackets',
      `95 % intervals of ${intervals.samples} samples of the ${intervals.drawn} (seed ${intervals.seed})${dropped}`,
    ]);
  }
  return table(lines);
}
