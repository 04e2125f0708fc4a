/** microtome model: the card, the inputs and the outputs of a model. */
import { basename } from 'node:path';
import type { ImageInput, Model, PixelFormat, TensorInfo, TileInput } from '../../index.js';
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
  const { name, kind, path, sha256, card, intendedUse, input, inputs, images, clinical, columns } = loaded;
  const { outputs, graph, graphs, warnings, assumed } = loaded;
  const reads = { input, inputs, images, clinical, columns };
  return { name, kind, path, sha256, card, intendedUse, ...reads, outputs, graph, graphs, warnings, assumed };
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
  const { card } = loaded;
  if (card !== null) {
    add('licence', card.licence);
    add('authors', card.authors.join(', '));
    add('training data', card.trainingData);
    add('evaluation', card.evaluation);
    add('limitations', card.limitations);
    add('citation', card.citation);
  }
  for (const input of loaded.inputs) {
    add('tiles', tilesText(input, loaded));
    add('input', `${input.name}: ${pixelsText(input)}`);
  }
  for (const image of loaded.images) {
    add('image', `${image.name}: ${imageText(image)}`);
    add('input', `${image.name}: ${pixelsText(image)}`);
  }
  for (const { name, column, type, isRequired } of loaded.clinical)
    add('clinical', `${name}: column ${column}, ${type}${isRequired ? ', needed for every slide' : ''}`);
  if (loaded.columns.length > 0) add('metadata', `columns ${loaded.columns.join(', ')}`);
  for (const output of loaded.outputs) {
    const clip = output.clip === null ? 'not clipped' : `clipped to [${output.clip[0]}, ${output.clip[1]}]`;
    const byGroup = output.fallbackBy === null ? '' : `, or by the column ${output.fallbackBy}`;
    const fallback = output.fallback === null ? 'no fallback' : `fallback ${output.fallback}${byGroup}`;
    const range = output.clipDeclared ? '' : '; no range is declared: a score outside [0, 1] is an error';
    add('output', `${output.name}: ${clip}, ${fallback}${range}`);
  }
  const isOne = loaded.graphs.length === 1;
  for (const graph of loaded.graphs) {
    const file = isOne ? '' : `${basename(graph.path)}: `;
    for (const tensor of graph.inputs) add('graph input', `${file}${tensorText(tensor)}`);
    for (const tensor of graph.outputs) add('graph output', `${file}${tensorText(tensor)}`);
  }
  add('assumed', assumedText(loaded));
  for (const warning of loaded.warnings) add('warning', warning);
  return table(rows);
}

function tilesText({ sizePx, stridePx, mpp, level }: TileInput, { kind }: Model): string {
  const notStated = `resolution: not stated; pass ${kind === 'onnx' ? '--input-mpp or --input-level' : '--mpp or --level'}`;
  const resolution = mpp === null ? (level === null ? notStated : `level ${level}`) : `${mpp} um/px`;
  return `${sizePx} px, stride ${stridePx} px, ${resolution}`;
}

function imageText({ widthPx, heightPx, maxPixels, level }: ImageInput): string {
  const size = maxPixels === null ? `${widthPx} x ${heightPx} px` : `at most ${maxPixels} pixels`;
  return level === null ? size : `${size}, from level ${level}`;
}

function pixelsText({ type, layout, channels, scale, mean, std }: PixelFormat): string {
  return `${type} ${layout} ${channels}, (x * ${scale} - [${mean}]) / [${std}]`;
}

function tensorText(tensor: TensorInfo): string {
  return `${tensor.name}: ${tensor.type} [${tensor.shape.map((side) => (side < 0 ? '?' : side)).join(', ')}]`;
}
