/** microtome model: the card, the inputs and the outputs of a model. */
import type { Model, TensorInfo } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { assumedText } from '../assumptions.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { onePositional } from '../positionals.js';
import { flagSpecs, flagValues, nested, optionsIn } from '../table-flags.js';
import { printable, table } from '../text.js';

const rows = optionsIn('model');

export const modelSpec: CommandSpec = {
  name: 'model',
  positionals: '<bundle|model.onnx|name>',
  summary: 'Show what a model expects and gives, its card and its hash.',
  options: { json: { kind: 'flag', help: 'print one line of JSON' }, ...flagSpecs(rows) },
};

export async function model(args: ParsedArgs, io: CliIo): Promise<number> {
  const loaded = await io.library.loadModel(
    onePositional(args, modelSpec, 'a model'),
    nested(flagValues(args, rows, modelSpec.name)),
  );
  io.stdout.write(args.flag('json') ? `${JSON.stringify(factsOf(loaded))}\n` : textOf(loaded));
  return exitCode.ok;
}

function factsOf(loaded: Model): object {
  const { name, kind, path, sha256, card, intendedUse, input, outputs, graph, warnings, assumed } = loaded;
  return { name, kind, path, sha256, card, intendedUse, input, outputs, graph, warnings, assumed };
}

/** What must be said about a model wherever it is shown; null where its card claims clinical use. */
export function clinicalNotice(loaded: Model): string | null {
  if (loaded.card === null) return 'it has no card, so nothing is known about its use; not for clinical use';
  return loaded.card.clinicalUse ? null : 'not for clinical use';
}

function textOf(loaded: Model): string {
  const rows: string[][] = [];
  const add = (name: string, value: string | null): void => {
    if (value !== null && value !== '') rows.push([name, printable(value)]);
  };
  add('model', loaded.name);
  add('kind', loaded.kind);
  add('path', loaded.path);
  add('sha256', loaded.sha256);
  add('notice', clinicalNotice(loaded)?.toUpperCase() ?? null);
  add('intended use', loaded.intendedUse);
  const { card, input } = loaded;
  if (card !== null) {
    add('licence', card.licence);
    add('authors', card.authors.join(', '));
    add('training data', card.trainingData);
    add('evaluation', card.evaluation);
    add('limitations', card.limitations);
    add('citation', card.citation);
  }
  const resolution =
    input.mpp === null
      ? input.level === null
        ? `resolution: not stated; pass ${loaded.kind === 'onnx' ? '--input-mpp or --input-level' : '--mpp or --level'}`
        : `level ${input.level}`
      : `${input.mpp} um/px`;
  add('tiles', `${input.sizePx} px, stride ${input.stridePx} px, ${resolution}`);
  add(
    'input',
    `${input.name}: ${input.type} ${input.layout} ${input.channels}, (x * ${input.scale} - [${input.mean}]) / [${input.std}]`,
  );
  for (const output of loaded.outputs) {
    const clip = output.clip === null ? 'not clipped' : `clipped to [${output.clip[0]}, ${output.clip[1]}]`;
    const fallback = output.fallback === null ? 'no fallback' : `fallback ${output.fallback}`;
    const range = output.clipDeclared ? '' : '; no range is declared: a score outside [0, 1] is an error';
    add('output', `${output.name}: ${clip}, ${fallback}${range}`);
  }
  for (const tensor of loaded.graph.inputs) add('graph input', tensorText(tensor));
  for (const tensor of loaded.graph.outputs) add('graph output', tensorText(tensor));
  add('assumed', assumedText(loaded));
  for (const warning of loaded.warnings) add('warning', warning);
  return table(rows);
}

function tensorText(tensor: TensorInfo): string {
  return `${tensor.name}: ${tensor.type} [${tensor.shape.map((side) => (side < 0 ? '?' : side)).join(', ')}]`;
}
