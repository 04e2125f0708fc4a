/** The model that features are taken from, and which of its outputs they are. */
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { specOf } from '../../model/spec.js';
import { parseScorerOptions, type ParsedScorerOptions } from '../../options/score-options.js';
import type { ScorerOptions } from '../../options/types.js';
import { tileColumns, type TileColumnSource } from '../../model/tile-columns.js';
import type { RowsAsked } from '../../model/program/compile.js';
import { createParsedScorer, modelOf, type EncodingScorer, type Scorer } from '../../scoring/scorer.js';
import { firstInputText } from '../first-input.js';
import type { FeatureSettings } from './embed-options.js';
import { poolOf } from './pooling.js';

/** A scorer for a model of which nobody asks for a score: a file of many columns needs none that is the score. */
export async function encodingScorer(options: ScorerOptions): Promise<EncodingScorer> {
  const parsed = withTokens(parseScorerOptions(options));
  const model = await modelOf(parsed);
  if (specOf(model).needsColumn === null) return createParsedScorer({ ...parsed, model });
  if (typeof options.model === 'object' && !(options.model instanceof URL)) {
    const advice = `pass the path of the model, or ${optionMark('column', '0')} to loadModel()`;
    throw new MicrotomeError('INVALID_OPTION', 'options', 'The model was loaded without a column for the score', {
      advice,
    });
  }
  return createParsedScorer(withTokens(parseScorerOptions({ ...options, column: 0, clip: null })));
}

function withTokens(parsed: ParsedScorerOptions): ParsedScorerOptions {
  return { ...parsed, modelOptions: { ...parsed.modelOptions, tokens: true } };
}

export interface FeatureOutput {
  /** By its name in the model. */
  readonly name: string;
  readonly source: TileColumnSource;
  readonly rows: RowsAsked;
}

/** The output of the model that features are taken from. Throws INVALID_OPTION. */
export function featureOutputOf(scorer: Scorer, features: FeatureSettings): FeatureOutput {
  requireTiles(scorer);
  const { model } = scorer;
  const { output: asked } = features;
  const columns = tileColumns(specOf(model), 0).filter(({ of }) => of === 'encoder');
  const names = columns.map(({ name }) => name);
  const found =
    asked === null ? (columns.length === 1 ? columns[0] : undefined) : columns.find(({ name }) => name === asked);
  if (found !== undefined) {
    const { name, encoder, index: output } = found;
    return { name, source: found, rows: { encoder, output, pool: poolOf(model, found, features) } };
  }
  const listed = names.map((name) => JSON.stringify(name)).join(', ');
  const what =
    asked === null
      ? `${optionMark('featureOutput')} is missing`
      : `${optionMark('featureOutput')} is ${JSON.stringify(asked)}`;
  const first = firstInputText(model);
  const of = first === null ? 'the model has' : `for the tiles of ${first} the model has`;
  const has = names.length === 0 ? 'no outputs' : `the outputs ${listed}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', `${what}: ${of} ${has}`, {
    path: model.path,
    advice: names.length === 0 ? 'use a model that encodes the tiles of its first tile input' : 'name one of them',
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
