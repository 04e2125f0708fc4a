/** The three tile inputs of the row one-pass: two scales that are read from level 0 of a dense slide, and one from level 1. */
import { MODEL_TILE_PX, STORED_TILE_PX } from './tile-sizes.js';

export interface Scale {
  readonly name: string;
  readonly level: number;
  /** Pixels of the level for each pixel of a model tile. */
  readonly reduction: number;
}

export const scales: readonly Scale[] = [
  { name: 'level 0', level: 0, reduction: 1 },
  { name: 'level 0 reduced by 1.6', level: 0, reduction: 1.6 },
  { name: 'level 1', level: 1, reduction: 1 },
];

/** `side`: of level 0, in stored tiles. Stored tiles of all levels that a scale reads; each level is covered without remainder. */
export function distinctStoredTiles(side: number): number {
  const levels = new Set(scales.map(({ level }) => level));
  return [...levels].reduce((sum, level) => sum + (side / 2 ** level) ** 2, 0);
}

/** Model tiles on a side of the grid. */
export function tilesOnSide(side: number, { level, reduction }: Scale): number {
  return Math.round((side * STORED_TILE_PX) / 2 ** level / (MODEL_TILE_PX * reduction));
}
