/** microtome model init: a bundle of an .onnx file. Everything is told by flags; nothing is asked. */
import type { BundleOptions } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { onePositional } from '../positionals.js';
import { flagSpecs, flagValues, nested, optionsIn } from '../table-flags.js';
import { printable } from '../text.js';

const rows = optionsIn('model');

export const modelInitSpec: CommandSpec = {
  name: 'model init',
  positionals: '<folder>',
  summary:
    'Write a bundle: a copy of an .onnx file, and a microtome.json that says how it is used. The folder must not be there.',
  options: {
    onnx: { kind: 'text', value: 'F.onnx', help: 'the model (required)' },
    name: { kind: 'text', help: 'name of the model in results (default: the name of the file)' },
    licence: { kind: 'text', help: 'licence of the weights (required)' },
    'intended-use': { kind: 'text', help: 'what the model is for (required)' },
    fallback: { kind: 'number', help: 'value that is written for a slide that could not be scored (default: none)' },
    json: { kind: 'flag', help: 'print one line of JSON' },
    ...flagSpecs(rows),
  },
};

export async function modelInit(args: ParsedArgs, io: CliIo): Promise<number> {
  const folder = onePositional(args, modelInitSpec, 'the folder of the bundle');
  const name = args.text('name');
  const fallback = args.number('fallback');
  const options: BundleOptions = {
    ...nested(flagValues(args, rows, modelInitSpec.name)),
    licence: args.required('licence'),
    intendedUse: args.required('intended-use'),
    ...(name === undefined ? {} : { name }),
    ...(fallback === undefined ? {} : { fallback }),
  };
  const made = await io.library.createBundle(args.required('onnx'), folder, options);
  const { path, sha256, warnings } = made;
  for (const warning of warnings) io.stderr.write(`warning: ${printable(warning)}\n`);
  if (args.flag('json')) io.stdout.write(`${JSON.stringify({ name: made.name, path, sha256, warnings })}\n`);
  else io.stdout.write(`wrote ${printable(path)}; look at it with: microtome model ${printable(folder)}\n`);
  return exitCode.ok;
}
