/**
 * Tiles at a target resolution against the same reduction in double precision: the level's own pixels, a triangle filter as
 * wide as the reduction, rounded once at the end.
 *   reduction.js <slide> <slide mpp> <target mpp> <tile size> <tiles>
 */
import { openSlide, type Slide } from 'microtome';

export interface ReductionReport {
  readonly targetMpp: number;
  readonly level: number;
  /** Level pixels per model pixel. */
  readonly scale: number;
  readonly tiles: number;
  /** Over all samples of all tiles; Infinity, written as null, where every sample is equal. */
  readonly psnrDb: number | null;
  readonly largestDifference: number;
}

interface Tap {
  readonly start: number;
  readonly weights: Float64Array;
}

/** Weights of the input positions for every output position of one axis; both ends are half a pixel outside the centres. */
function tapsOf(inPx: number, outPx: number): Tap[] {
  const step = inPx / outPx;
  const radius = Math.max(step, 1);
  return Array.from({ length: outPx }, (_, o) => {
    const centre = (o + 0.5) * step;
    const start = Math.max(0, Math.ceil(centre - radius - 0.5));
    const end = Math.min(inPx - 1, Math.floor(centre + radius - 0.5));
    const weights = Float64Array.from({ length: end - start + 1 }, (_, i) =>
      Math.max(0, 1 - Math.abs(start + i + 0.5 - centre) / radius),
    );
    const sum = weights.reduce((total, w) => total + w, 0);
    return { start, weights: weights.map((w) => w / sum) };
  });
}

/** Square interleaved RGB, inPx to outPx on a side; not rounded. */
function reduce(input: Uint8Array, inPx: number, outPx: number): Float64Array {
  const taps = tapsOf(inPx, outPx);
  const rows = new Float64Array(outPx * inPx * 3);
  for (const [y, { start, weights }] of taps.entries()) {
    for (const [i, weight] of weights.entries()) {
      const from = (start + i) * inPx * 3;
      for (let x = 0; x < inPx * 3; x++)
        rows[y * inPx * 3 + x] = (rows[y * inPx * 3 + x] ?? 0) + weight * (input[from + x] ?? 0);
    }
  }
  const out = new Float64Array(outPx * outPx * 3);
  for (let y = 0; y < outPx; y++) {
    for (const [x, { start, weights }] of taps.entries()) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (const [i, weight] of weights.entries()) sum += weight * (rows[(y * inPx + start + i) * 3 + c] ?? 0);
        out[(y * outPx + x) * 3 + c] = sum;
      }
    }
  }
  return out;
}

/** Index of the coarsest level that is still finer than the target, within half a per cent. */
function levelFor(slide: Slide, slideMpp: number, targetMpp: number): number {
  const fine = slide.levels.filter((level) => slideMpp * level.downsample <= targetMpp * 1.005);
  return fine.reduce((best, level) => (level.downsample > best.downsample ? level : best)).index;
}

const [path, ...rest] = process.argv.slice(2) as [string, ...string[]];
const [slideMpp, targetMpp, size, wanted] = rest.map(Number) as [number, number, number, number];

const slide = await openSlide(path, { slideMpp });
const level = levelFor(slide, slideMpp, targetMpp);
const scale = targetMpp / (slideMpp * (slide.levels[level]?.downsample ?? 1));
const footprint = Math.round(size * scale);
let squares = 0;
let samples = 0;
let largest = 0;
let tiles = 0;
const options = { mpp: targetMpp, size, keep: 'all', maxTiles: wanted, batchSize: 1 } as const;
for await (const batch of slide.tiles(options)) {
  if (batch.level !== level) throw new Error(`level ${batch.level} was read, expected ${level}`);
  const region = { level, x: batch.x[0] as number, y: batch.y[0] as number, width: footprint, height: footprint };
  const { data } = await slide.readRegion(region);
  const expected = reduce(data, footprint, size);
  for (const [i, value] of expected.entries()) {
    const difference = (batch.data[i] as number) - value;
    squares += difference * difference;
    largest = Math.max(largest, Math.abs(difference));
  }
  samples += expected.length;
  tiles++;
  batch.release();
}
await slide.close();
const psnrDb = squares === 0 ? null : 10 * Math.log10(255 ** 2 / (squares / samples));
const report: ReductionReport = { targetMpp, level, scale, tiles, psnrDb, largestDifference: largest };
process.stdout.write(`${JSON.stringify(report)}\n`);
