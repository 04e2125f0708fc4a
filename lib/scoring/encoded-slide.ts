/** What comes of a slide whose tiles were encoded: where they are, and what scoring says of a slide beside its score. */
import { MicrotomeError } from '../core/errors.js';
import type { NativeScoreResult } from '../native/contract.js';
import type { NativeRowPlan } from '../native/rows.js';
import { scaledBy } from '../slide/places.js';
import type { ReadPolicy, SlideResult, TileTable } from './result.js';

/** The facts of a slide that a score has too. */
export type EncodedFacts = Pick<
  SlideResult,
  'path' | 'badTiles' | 'missingTiles' | 'tissueFraction' | 'timings' | 'warnings' | 'model' | 'device' | 'reproducible'
> & { readonly read: ReadPolicy };

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
