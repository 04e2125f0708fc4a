/** Slides of 1 and of 72 gigapixels with the tissue share of the published distribution (its mean: 14.9 % of the area). */
import { blockSlide } from './slides.js';

const TISSUE_SHARE = 0.149;

function giant(sideTiles: number): Promise<string> {
  const side = Math.round(sideTiles * Math.sqrt(TISSUE_SHARE));
  const at = (sideTiles - side) >> 1;
  return blockSlide('giant', {
    columns: sideTiles,
    rows: sideTiles,
    block: { x: at, y: at, width: side, height: side },
    distinctTiles: 100,
    seed: 22,
  });
}

/** 124 x 124 tiles: 1.0 gigapixel. */
export const oneGigapixel = (): Promise<string> => giant(124);

/** 1,049 x 1,049 tiles: 1.1 million, 72.1 gigapixels. */
export const seventyTwoGigapixels = (): Promise<string> => giant(1049);
