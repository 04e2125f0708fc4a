/** Runs a model over the tiles of a slide and hands the rows of one of its outputs on. */
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { modelOf, createParsedScorer, type Scorer } from '../../scoring/scorer.js';
import { specOf } from '../../model/spec.js';
import { tileColumns } from '../../model/tile-columns.js';
import { parseScorerOptions } from '../../options/score-options.js';
import type { ScorerOptions, SlideScoreOptions } from '../../options/types.js';
import type { SlideResult, TileTable } from '../../scoring/result.js';
import type { Input } from '../../slide/byte-source.js';
import type { RowSink } from '../features/row-stream.js';

/** Values of the rows that are handed on together. */
const blockValues = 65_536;

/** A scorer for a model of which nobody asks for a score: a file of many columns needs none that is the score. */
export async function encodingScorer(options: ScorerOptions): Promise<Scorer> {
  const parsed = parseScorerOptions(options);
  const model = await modelOf(parsed);
  if (specOf(model).needsColumn === null) return createParsedScorer({ ...parsed, model });
  if (typeof options.model === 'object' && !(options.model instanceof URL)) {
    const advice = `pass the path of the model, or ${optionMark('column', '0')} to loadModel()`;
    throw new MicrotomeError('INVALID_OPTION', 'options', 'The model was loaded without a column for the score', {
      advice,
    });
  }
  return createParsedScorer(parseScorerOptions({ ...options, column: 0, clip: null }));
}

export interface Encoded {
  readonly result: SlideResult;
  readonly table: TileTable;
  readonly output: string;
  readonly columns: number;
}

/** The output of the model that features are taken from. Throws INVALID_OPTION. */
export function featureOutputOf(scorer: Scorer, asked: string | null): string {
  requireTiles(scorer);
  const columns = tileColumns(specOf(scorer.model), 0).filter(({ of }) => of === 'encoder');
  const names = columns.map(({ name }) => name);
  const found = asked === null ? (names.length === 1 ? names[0] : undefined) : names.find((name) => name === asked);
  if (found !== undefined) return found;
  const listed = names.map((name) => JSON.stringify(name)).join(', ');
  const what =
    asked === null
      ? `${optionMark('featureOutput')} is missing`
      : `${optionMark('featureOutput')} is ${JSON.stringify(asked)}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', `${what}: the model has the outputs ${listed}`, {
    path: scorer.model.path,
    advice: 'name one of them',
  });
}

/** Features are those of the tiles of the first tile input. Throws INVALID_OPTION. */
function requireTiles({ model }: Scorer): void {
  if (model.input !== null) return;
  throw new MicrotomeError(
    'INVALID_OPTION',
    'options',
    `The model ${model.name} reads no tiles, so it has no features of them`,
    {
      path: model.path,
      advice: 'use a model with a tile input',
    },
  );
}

/** Rejects with what `scorer.score` and `sink.rows` reject with. */
export async function encode(
  scorer: Scorer,
  input: Input,
  options: SlideScoreOptions,
  output: string,
  sink: RowSink,
): Promise<Encoded> {
  const result = await scorer.score(input, { ...options, tiles: true });
  const table = result.tiles as TileTable;
  const { columns, values } = table.outputs[output] as TileTable['outputs'][string];
  const block = Math.max(1, Math.floor(blockValues / columns));
  for (let first = 0; first < table.count; first += block) {
    const end = Math.min(first + block, table.count);
    await sink.rows({
      positions: Uint32Array.from({ length: end - first }, (_, i) => first + i),
      columns,
      values: new Float32Array(values.subarray(first * columns, end * columns)),
    });
  }
  return { result, table, output, columns };
}
