/** The slides of the benchmark rows. */
import { rm } from 'node:fs/promises';
import { writeBlockSlide, type BlockSlideOptions } from './block-slide.js';
import { cached } from './cache.js';

/** 7 stored tiles of 256 pixels are 8 model tiles of 224: squares of this many tiles hold both grids without remainder. */
const GRID_UNIT = 7;
const SEED = 20;

export interface DenseSlide {
  readonly path: string;
  readonly streams: string;
  /** Stored tiles on a side. */
  readonly side: number;
  /** Tiles on a side of a grid of this tile size without gaps. */
  tilesOf(sizePx: number): number;
}

/** Tissue everywhere: `units` * 7 stored tiles on a side, of which 441 are different. */
export async function denseSlide(units: number): Promise<DenseSlide> {
  const side = units * GRID_UNIT;
  const block = { x: 0, y: 0, width: side, height: side };
  const options = { columns: side, rows: side, block, distinctTiles: Math.min(441, side * side), seed: SEED };
  const path = await blockSlide('dense', options);
  // Written again: the same encoder settings, so the streams hold the pixels of the slide's tiles.
  const streams = await cached('dense', 'streams', options, async (target) => {
    await writeBlockSlide(`${target}.tif`, options, target);
    await rm(`${target}.tif`);
  });
  return { path, streams, side, tilesOf: (sizePx) => (side * 256) / sizePx };
}

/** Any other slide of one block. */
export function blockSlide(kind: string, options: BlockSlideOptions): Promise<string> {
  return cached(kind, 'tif', options, (path) => writeBlockSlide(path, options));
}
