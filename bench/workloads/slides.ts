/** The slides of the benchmark rows. */
import { rm } from 'node:fs/promises';
import { writeBlockSlide, type BlockSlideOptions, type TilePixels } from './block-slide.js';
import { cached } from './cache.js';
import { realTiles } from './real-tiles.js';

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

function allTissue(units: number, distinctTiles: number): BlockSlideOptions {
  const side = units * GRID_UNIT;
  const block = { x: 0, y: 0, width: side, height: side };
  return { columns: side, rows: side, block, distinctTiles: Math.min(distinctTiles, side * side), seed: SEED };
}

async function dense(kind: string, options: BlockSlideOptions, pixels?: TilePixels): Promise<DenseSlide> {
  const path = await cached(kind, 'tif', options, (target) => writeBlockSlide(target, options, undefined, pixels));
  // Written again: the same encoder settings, so the streams hold the pixels of the slide's tiles.
  const streams = await cached(kind, 'streams', options, async (target) => {
    await writeBlockSlide(`${target}.tif`, options, target, pixels);
    await rm(`${target}.tif`);
  });
  return { path, streams, side: options.columns, tilesOf: (sizePx) => (options.columns * 256) / sizePx };
}

/** Tissue everywhere: `units` * 7 stored tiles on a side, of which 441 are different. */
export function denseSlide(units: number): Promise<DenseSlide> {
  return dense('dense', allTissue(units, 441));
}

/** The same from tiles of a real slide. Throws an Error with the reason where there is none. */
export async function realTextureSlide(units: number): Promise<DenseSlide> {
  const pixels = await realTiles();
  return dense('real', allTissue(units, pixels.tissue.length), pixels);
}

/** Any other slide of one block. */
export function blockSlide(kind: string, options: BlockSlideOptions): Promise<string> {
  return cached(kind, 'tif', options, (path) => writeBlockSlide(path, options));
}
