/** Tiles of a scanned slide, where the folder of test data is there: real texture for the readers. */
import { openSlide } from 'microtome';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../paths.js';
import type { TilePixels } from './block-slide.js';
import { TILE_PX } from './level-tiles.js';

const SLIDE = 'slides/CMU-1-Small-Region.svs';

/** Mean sample of a tile above which it is glass. */
const GLASS_MEAN = 235;

function mean(pixels: Uint8Array): number {
  return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
}

/** Throws an Error with the reason where there is no such slide. */
export async function realTiles(): Promise<TilePixels> {
  const data = process.env['MICROTOME_TEST_DATA'] ?? resolve(root, '..', 'shared', 'data');
  const path = join(data, SLIDE);
  if (!existsSync(path)) throw new Error(`${SLIDE} is not in the folder of test data`);
  const slide = await openSlide(path);
  try {
    const tissue: Uint8Array[] = [];
    for (let y = 0; y + TILE_PX <= slide.height; y += TILE_PX) {
      for (let x = 0; x + TILE_PX <= slide.width; x += TILE_PX) {
        const { data: pixels } = await slide.readRegion({ level: 0, x, y, width: TILE_PX, height: TILE_PX });
        if (mean(pixels) < GLASS_MEAN) tissue.push(pixels);
      }
    }
    return { glass: new Uint8Array(TILE_PX * TILE_PX * 3).fill(242), tissue };
  } finally {
    await slide.close();
  }
}
