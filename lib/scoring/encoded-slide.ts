/** What comes of a slide whose tiles were encoded: where they are, and what scoring says of a slide beside its score. */
import { MicrotomeError } from '../core/errors.js';
import type { NativeScoreResult } from '../native/contract.js';
import type { NativeRowPlan } from '../native/rows.js';
import type { NativePool, NativeProgram } from '../native/program.js';
import { scaledBy } from '../slide/places.js';
import type { SlideResult, TileTable } from './result.js';

/** One output of the model's encoder, and how its tokens become a row. */
export interface RowsAsked {
  /** Index in the model's outputs for tiles. */
  readonly output: number;
  readonly pool: NativePool | null;
}

/** The facts of a slide that a score has too. */
export type EncodedFacts = Pick<
  SlideResult,
  'path' | 'read' | 'badTiles' | 'missingTiles' | 'tissueFraction' | 'timings' | 'warnings' | 'model' | 'reproducible'
>;

/** Where the tiles are. */
export type EncodedTiles = Pick<
  TileTable,
  'count' | 'level0X' | 'level0Y' | 'level0Width' | 'level0Height' | 'level' | 'level0PerPxX' | 'level0PerPxY'
>;

export interface EncodedSlide {
  readonly facts: EncodedFacts;
  readonly tiles: EncodedTiles;
  /** Of a row, all its tokens together. */
  readonly columns: number;
  readonly tokens: number;
}

/** A program that gives rows away and makes no score. Rules of selection are left out: every planned tile is encoded. */
export function encodingProgram(program: NativeProgram, { output, pool }: RowsAsked): NativeProgram {
  const [encoder] = program.encoders;
  const read = encoder?.outputs[output];
  if (encoder === undefined || read === undefined)
    throw new MicrotomeError('INTERNAL', 'options', `the model has no output ${output}`);
  return {
    ...program,
    encoders: [{ ...encoder, outputs: [read] }],
    select: [],
    heads: [],
    outputs: [],
    rows: [{ encoder: 0, output: 0, pool }],
    stopping: null,
    keepTiles: false,
  };
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
    level0Height: footprintPx * level0PerPxY,
    level,
    level0PerPxX,
    level0PerPxY,
  };
}
