/** What comes of a slide whose tiles were encoded: where they are, and what scoring says of a slide beside its score. */
import { MicrotomeError } from '../core/errors.js';
import type { Model } from '../model/model.js';
import { programOf } from '../model/program/compile.js';
import { specOf } from '../model/spec.js';
import type { NativeMaskSource, NativeRowPlan, NativeScoreResult } from '../native/contract.js';
import type { NativePool, NativeProgram } from '../native/program.js';
import type { SlideSettings } from '../options/score-options.js';
import { scaledBy } from '../slide/places.js';
import type { ReadPolicy, SlideResult, TileTable } from './result.js';

/** One output of an encoder of the model, and how its tokens become a row. */
export interface RowsAsked {
  /** Of the model's encoders of tiles. */
  readonly encoder: number;
  /** Of its outputs. */
  readonly output: number;
  readonly pool: NativePool | null;
}

/** The facts of a slide that a score has too. */
export type EncodedFacts = { readonly read: ReadPolicy } & Pick<
  SlideResult,
  'path' | 'badTiles' | 'missingTiles' | 'tissueFraction' | 'timings' | 'warnings' | 'model' | 'reproducible'
>;

/** Where the tiles are. */
export type EncodedTiles = Pick<
  TileTable,
  'count' | 'level0X' | 'level0Y' | 'level0Width' | 'level' | 'level0PerPxX' | 'level0PerPxY'
>;

export interface EncodedSlide {
  readonly facts: EncodedFacts;
  readonly tiles: EncodedTiles;
  /** Of a row, all its tokens together. */
  readonly columns: number;
  readonly tokens: number;
}

/**
 * A program that gives rows away and makes no score: one encoder and the tiles that it reads. Rules of selection are left out:
 * every planned tile is encoded. Throws INTERNAL.
 */
export function encodingProgram(
  settings: SlideSettings,
  model: Model,
  mask: NativeMaskSource,
  { encoder, output, pool }: RowsAsked,
): NativeProgram {
  const spec = specOf(model);
  const found = spec.encoders[encoder];
  const read = found?.outputs[output];
  const tiles = found === undefined ? undefined : spec.tiles[found.input];
  const grid = found === undefined ? undefined : settings.grids[found.input];
  if (found === undefined || read === undefined || tiles === undefined || grid === undefined)
    throw new MicrotomeError('INTERNAL', 'options', `the model has no output ${output} of encoder ${encoder}`);
  const own = {
    ...spec,
    tiles: [tiles],
    images: [],
    encoders: [{ ...found, input: 0, outputs: [read] }],
    rules: [],
    heads: [],
    outputs: [],
  };
  // With its tiles kept, an encoder that nothing reads is in the program.
  const kept = { ...settings.program, tiles: [{ ...grid, mask }], stopping: null, keepTiles: true };
  return { ...programOf(own, kept, null), rows: [{ encoder: 0, output: 0, pool }], keepTiles: false };
}

export function encodedTiles(found: NativeScoreResult, plan: NativeRowPlan): EncodedTiles {
  const [table] = found.tables;
  if (table === undefined) throw new MicrotomeError('INTERNAL', 'aggregate', 'the result has no tile input');
  const { level, footprintPx, level0PerPxX, level0PerPxY } = table;
  return {
    count: plan.tiles,
    level0X: scaledBy(plan.x, level0PerPxX),
    level0Y: scaledBy(plan.y, level0PerPxY),
    level0Width: footprintPx * level0PerPxX,
    level,
    level0PerPxX,
    level0PerPxY,
  };
}
