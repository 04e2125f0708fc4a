/** microtome model check: runs a model on noise and shows what came out. */
import { messageWith, type EncoderCheck, type ModelCheck } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode, exitCodeOf } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { onePositional } from '../positionals.js';
import { flagSpecs, flagValues, nested, optionsIn } from '../table-flags.js';
import { printable, table } from '../text.js';

const modelRows = optionsIn('model');
const runtimeRows = optionsIn('runtime');

export const modelCheckSpec: CommandSpec = {
  name: 'model check',
  positionals: '<bundle|model.onnx|name>',
  summary: 'Run a model on noise: shapes, speed, and whether the row of a tile depends on its neighbours in the batch.',
  options: {
    json: { kind: 'flag', help: 'print one line of JSON' },
    ...flagSpecs(modelRows),
    ...flagSpecs(runtimeRows),
  },
};

export async function modelCheck(args: ParsedArgs, io: CliIo): Promise<number> {
  const { library, signal } = io;
  const model = await library.loadModel(
    onePositional(args, modelCheckSpec, 'a model'),
    nested(flagValues(args, modelRows, modelCheckSpec.name)),
  );
  const runtime = nested(flagValues(args, runtimeRows, modelCheckSpec.name));
  const found = await library.checkModel(model, { ...runtime, signal });
  io.stdout.write(args.flag('json') ? `${JSON.stringify(found)}\n` : textOf(found, args));
  const { failure } = found;
  // Rules of a model are made for tissue: that they leave no noise is no fault.
  return failure === null || failure.code === 'NO_TISSUE' ? exitCode.ok : exitCodeOf(failure);
}

function encoderText({ reads, inputShape, outputs, perSecond, dependsOnNeighbours }: EncoderCheck): string {
  const rows = outputs.map(({ name, columns }) => `${name} ${columns}`).join(', ');
  const speed = `${perSecond.toPrecision(3)} ${reads === 'tiles' ? 'tiles' : 'images'} per second`;
  const neighbours = dependsOnNeighbours === true ? '; ROWS DEPEND ON THE OTHER TILES OF THE BATCH' : '';
  return `${reads === 'tiles' ? 'a tile' : 'an image'} [${inputShape.join(', ')}] gives ${rows}; ${speed}${neighbours}`;
}

function wholeText({ failure, notTried }: Pick<ModelCheck, 'failure' | 'notTried'>, { naming }: ParsedArgs): string {
  if (notTried === 'tooLarge') return 'not tried: a slide for it would be too large';
  if (notTried === 'noColumn') return 'not tried: nobody said which column is the score';
  if (failure === null) return 'runs on noise';
  if (failure.code === 'NO_TISSUE') return 'the rules of the model leave no tile of noise, so its heads were not run';
  return `${failure.code}: ${messageWith(failure, naming)}`;
}

function textOf({ model, encoders, ...whole }: ModelCheck, args: ParsedArgs): string {
  const rows = [
    ['model', printable(model.name)],
    ['sha256', model.sha256],
    ...encoders.map((encoder) => [printable(encoder.name), printable(encoderText(encoder))]),
    ['whole', printable(wholeText(whole, args))],
  ];
  return table(rows);
}
