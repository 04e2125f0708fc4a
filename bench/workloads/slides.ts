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
  /** Stored tiles on a side of level 0. */
  readonly side: number;
  /** Tiles on a side of a grid of this tile size without gaps. */
  tilesOf(sizePx: number): number;
}

function denseOptions(units: number): BlockSlideOptions {
  const side = units * GRID_UNIT;
  const block = { x: 0, y: 0, width: side, height: side };
  return { columns: side, rows: side, block, distinctTiles: Math.min(441, side * side), seed: SEED };
}

/** Tissue everywhere: `units` * 7 stored tiles on a side, of which 441 are different. */
export async function denseSlide(units: number): Promise<DenseSlide> {
  const options = denseOptions(units);
  const path = await blockSlide('dense', options);
  const streams = await denseStreams(units, 0);
  return { path, streams, side: options.columns, tilesOf: (sizePx) => (options.columns * 256) / sizePx };
}

/** The stored tiles of one level of a dense slide. */
export function denseStreams(units: number, level: number): Promise<string> {
  const options = denseOptions(units);
  // Written again: the same encoder settings, so the streams hold the pixels of the slide's tiles.
  return cached('dense', 'streams', level === 0 ? options : [options, level], async (target) => {
    await writeBlockSlide(`${target}.tif`, options, target, level);
    await rm(`${target}.tif`);
  });
}

/** Any other slide of one block. */
export function blockSlide(kind: string, options: BlockSlideOptions): Promise<string> {
  return cached(kind, 'tif', options, (path) => writeBlockSlide(path, options));
}
