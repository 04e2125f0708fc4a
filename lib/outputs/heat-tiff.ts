/** The heat map that lies over the slide: each level is drawn from the tiles themselves, so that none is a copy of a copy. */
import { heatColours, heatStep } from './heat-colours.js';
import { HeatGrid, type HeatSquare, type HeatValues } from './heat-grid.js';
import type { ByteSink } from './new-file.js';
import { tiffTilePx, writePyramid, type TiffLevel } from './pyramid-tiff.js';

/** The slide that a picture lies over. */
export interface PictureOfSlide {
  readonly width: number;
  readonly height: number;
  readonly mpp: { readonly x: number; readonly y: number } | null;
}

/** A heat map and the values of its first and last colour. */
export interface Heat extends HeatValues {
  readonly low: number;
  readonly high: number;
}

/** A tile that is drawn smaller than this hides what is beside it. */
const kTilePx = 8;

/** Level-0 pixels for each pixel of the largest level, where nobody says: a power of two. */
export function heatDownsample({ width, height }: Pick<HeatValues, 'width' | 'height'>): number {
  let downsample = 1;
  while (Math.min(width, height) / (downsample * 2) >= kTilePx) downsample *= 2;
  return downsample;
}

/** Downsamples of the levels, each twice the one before; the last fits into one stored tile. */
export function levelDownsamples({ width, height }: PictureOfSlide, first: number): readonly number[] {
  const downsamples = [first];
  for (let last = first; Math.max(width, height) / last > tiffTilePx; last *= 2) downsamples.push(last * 2);
  return downsamples;
}

export async function writeHeatTiff(
  sink: ByteSink,
  heat: Heat,
  slide: PictureOfSlide,
  first: number,
  description: string,
): Promise<void> {
  const sidePx = tiffTilePx;
  const square = { sums: new Float32Array(sidePx * sidePx), weights: new Float32Array(sidePx * sidePx) };
  const pixels = new Uint8Array(sidePx * sidePx * 4);
  const levels = levelDownsamples(slide, first).map((downsample) => levelOf(heat, slide, downsample, square, pixels));
  await writePyramid(sink, levels, description);
}

/** `square` and `pixels` are used for each tile in turn. The list of the level's tiles is made when its first one is drawn. */
function levelOf(
  heat: Heat,
  { width, height, mpp }: PictureOfSlide,
  downsample: number,
  square: HeatSquare,
  pixels: Uint8Array,
): TiffLevel {
  const size = { widthPx: Math.ceil(width / downsample), heightPx: Math.ceil(height / downsample) };
  let grid: HeatGrid | null = null;
  const isLast = (column: number, row: number, { across, down }: HeatGrid): boolean =>
    column === across - 1 && row === down - 1;
  return {
    ...size,
    mpp: mpp === null ? null : { x: mpp.x * downsample, y: mpp.y * downsample },
    tile(column, row) {
      const scale = { ...size, level0PerPxX: downsample, level0PerPxY: downsample, squarePx: tiffTilePx };
      const drawn = grid ?? new HeatGrid(heat, scale);
      grid = isLast(column, row, drawn) ? null : drawn;
      if (drawn.isEmpty(column, row)) return null;
      drawn.draw(column, row, square);
      colour(square, heat, pixels);
      return pixels;
    },
  };
}

function colour({ sums, weights }: HeatSquare, { low, high }: Heat, to: Uint8Array): void {
  to.fill(0);
  for (let i = 0; i < weights.length; ++i) {
    const weight = weights[i] ?? 0;
    if (weight === 0) continue;
    const step = heatStep((sums[i] ?? 0) / weight, low, high) * 3;
    for (let c = 0; c < 3; ++c) to[i * 4 + c] = heatColours[step + c] ?? 0;
    to[i * 4 + 3] = Math.round(Math.min(weight, 1) * 255);
  }
}
