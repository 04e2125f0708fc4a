/** Activations that cannot be meant, and those that are doubtful. */

import { printable } from '../core/printable.js';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { TileOutputSpec } from './spec.js';

/** Operators whose values are probabilities. */
const probable: ReadonlySet<string> = new Set(['HardSigmoid', 'Sigmoid', 'Softmax']);

function givesProbabilities(operator: string | null): boolean {
  return operator !== null && probable.has(operator);
}

/** `columns`: values of a row, as the file or the runtime says; null: not known. Throws INVALID_OPTION. */
export function checkActivation(output: TileOutputSpec, columns: number | null, path: string): void {
  if (output.activation !== 'softmax' || columns !== 1) return;
  const sigmoid = optionMark('activation', 'sigmoid');
  const advice = givesProbabilities(output.operator)
    ? `leave ${optionMark('activation')} out: the graph ends with ${output.operator}, its values are probabilities`
    : `pass ${sigmoid}, which is for a single column; where the values are probabilities, leave ${optionMark('activation')} out`;
  throw new MicrotomeError(
    'INVALID_OPTION',
    'options',
    `${optionMark('activation', 'softmax')} over the single column of the output "${printable(output.tensor)}" is 1 for every tile`,
    { path, advice },
  );
}

/** What is doubtful about an output; `assumed`: the column that is scored, where nobody said which. */
export function activationWarnings(output: TileOutputSpec, assumed: number | null): readonly string[] {
  const { activation, operator, columns, tensor } = output;
  const found: string[] = [];
  if (activation !== 'none' && givesProbabilities(operator)) {
    found.push(
      `the graph ends with ${operator}: the output "${printable(tensor)}" has probabilities already, and the activation ${activation} is applied to them once more; the activation none was probably meant`,
    );
  }
  if (activation === 'sigmoid' && operator === 'LogSoftmax') {
    found.push(
      `the graph ends with LogSoftmax: the output "${printable(tensor)}" has logarithms of probabilities, which the activation softmax turns back; sigmoid does not`,
    );
  }
  if (activation === 'none' && operator === 'Softmax' && columns === 1)
    found.push(
      `the graph ends with Softmax over the single column of the output "${printable(tensor)}", which is 1 for every tile`,
    );
  if (activation === 'sigmoid' && columns !== null && columns > 1 && assumed !== null) {
    found.push(
      `the activation sigmoid takes each of the ${columns} columns of the output "${printable(tensor)}" by itself, and nobody said which one is the score: column ${assumed} was taken. Where the columns are classes that exclude one another, the activation softmax was probably meant`,
    );
  }
  return found;
}
