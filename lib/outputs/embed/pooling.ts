/** How the rows of an output become features: as they are, or one row of the tokens that a vision transformer gives. */
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import type { Model } from '../../model/model.js';
import { specOf } from '../../model/spec.js';
import type { TileColumnSource } from '../../model/tile-columns.js';
import type { NativePool } from '../../native/program.js';
import type { FeaturePool } from './types.js';

export interface PoolSettings {
  /** null: not given. */
  readonly pool: FeaturePool | null;
  readonly poolSkip: number;
}

/** Empty where the graph does not say. */
function shapeOf(model: Model, { encoder, output }: TileColumnSource): readonly number[] {
  const graph = specOf(model).encoders[encoder]?.graph ?? -1;
  return model.graphs[graph]?.outputs.find(({ name }) => name === output.tensor)?.shape ?? [];
}

/** Null where the graph does not say. */
function hasTokens(model: Model, output: TileColumnSource): boolean | null {
  const shape = shapeOf(model, output);
  return shape.length === 0 ? null : shape.length === 3 && shape[2] !== 1;
}

/** Throws INVALID_OPTION where the option and the output do not go together. */
export function poolOf(model: Model, output: TileColumnSource, { pool, poolSkip }: PoolSettings): NativePool | null {
  const tokens = hasTokens(model, output);
  if (tokens === true && pool === null) throw missingPool(output.name, model.path);
  if (tokens === false && (pool === 'cls' || pool === 'mean')) {
    const found = `${optionMark('pool')} is '${pool}', but the output "${output.name}" is one row of numbers for each tile, not a list of tokens`;
    throw new MicrotomeError('INVALID_OPTION', 'options', found, { path: model.path, advice: 'leave it out' });
  }
  if (pool === 'cls') return { kind: 'cls' };
  return pool === 'mean' ? { kind: 'mean', skip: poolSkip } : null;
}

/** The tokens of the patches of a square tile are a square number. Others in their mean are class tokens or registers. */
export function poolWarnings(model: Model, output: TileColumnSource, pool: NativePool | null): readonly string[] {
  const [, tokens = -1] = shapeOf(model, output);
  if (pool?.kind !== 'mean' || tokens < 0 || Number.isInteger(Math.sqrt(tokens - pool.skip))) return [];
  return [
    `features are the mean of ${tokens - pool.skip} tokens, which is no square number: the leading tokens that are left out (${pool.skip}) should be the class token and all registers`,
  ];
}

export function missingPool(output: string, path: string): MicrotomeError {
  const advice = `pass ${optionMark('pool')}: 'cls' for the class token, 'mean' for the mean of the tokens, 'none' for all of them`;
  const found = `The output "${output}" is a list of tokens for each tile, and ${optionMark('pool')} is missing`;
  return new MicrotomeError('INVALID_OPTION', 'options', found, { path, advice });
}
