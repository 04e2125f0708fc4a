/** microtome evaluate: the log loss of a submission. */
import { type Evaluation, type EvaluateOptions, optionTable } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { onePositional } from '../positionals.js';
import { flagValues, nested } from '../table-flags.js';
import { printable, table } from '../text.js';

/** A run has these options too; their flags have the same names. */
const columnRows = optionTable.filter(({ name }) => ['preset', 'idColumn', 'valueColumn'].includes(name));
const presets = columnRows.flatMap(({ kind }) => (kind.type === 'choice' ? kind.values : []));

export const evaluateSpec: CommandSpec = {
  name: 'evaluate',
  positionals: '<submission.csv>',
  summary: 'Show the log loss of a submission: how far its values are from the labels.',
  options: {
    labels: { kind: 'text', value: 'L.csv', help: 'CSV with the true value of each row, 0 or 1 (required)' },
    json: { kind: 'flag', help: 'print one line of JSON' },
    preset: {
      kind: 'text',
      value: 'NAME',
      choices: presets,
      help: 'names of the two columns of both files (default: the preset whose columns the labels have)',
    },
    'id-column': { kind: 'text', value: 'NAME', help: 'column that names the slide (default: filename)' },
    'value-column': { kind: 'text', value: 'NAME', help: 'column that holds the value (default: relapse)' },
  },
  notes: [
    'Rows are joined by the name of the slide; their order does not matter. Both files must have the same names.',
    'A value below 1e-16 counts as 1e-16 and one above 1 - 1e-16 as 1 - 1e-16, as in the scoring script of VisioMel.',
  ],
};

export async function evaluate(args: ParsedArgs, io: CliIo): Promise<number> {
  const submission = onePositional(args, evaluateSpec, 'a submission');
  const labels = args.required('labels');
  const columns = nested(flagValues(args, columnRows, evaluateSpec.name));
  const found = await io.library.evaluateSubmission(submission, { ...columns, labels } as EvaluateOptions);
  if (args.flag('json')) io.stdout.write(`${JSON.stringify({ submission, labels, ...found })}\n`);
  else io.stdout.write(textOf(submission, found));
  if (!found.sameOrder)
    io.stderr.write(
      'note: the two files have their rows in different orders; a program that compares rows by position finds another log loss\n',
    );
  return exitCode.ok;
}

function textOf(submission: string, { rows, positives, logLoss, clipped }: Evaluation): string {
  const lines = [
    ['submission', printable(submission)],
    ['rows', `${rows}, of which ${positives} are labelled 1`],
    ['log loss', logLoss.toFixed(9)],
  ];
  if (clipped > 0) lines.push(['', `values that count as 1e-16 or 1 - 1e-16: ${clipped}`]);
  return table(lines);
}
