/** Slides of 1 and of 72 gigapixels: 124 x 124 tiles, and 1,049 x 1,049, which are 1.1 million. */
import { blockSlide } from './slides.js';

/** Mean of the published distribution. */
const TISSUE_SHARE = 0.149;

const SIDES = { 'one gigapixel': 124, 'seventy-two gigapixels': 1049 } as const;

export type GiantSize = keyof typeof SIDES;

/** `blockTiles`: side of the square of tissue in the middle, in tiles. @defaultValue the published share of the area */
export function giantSlide(size: GiantSize, blockTiles?: number): Promise<string> {
  const columns = SIDES[size];
  const side = blockTiles ?? Math.round(columns * Math.sqrt(TISSUE_SHARE));
  const at = (columns - side) >> 1;
  const block = { x: at, y: at, width: side, height: side };
  return blockSlide('giant', { columns, rows: columns, block, distinctTiles: 100, seed: 22 });
}
