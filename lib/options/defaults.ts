/** Every default of the public options, in one table. A bundle's own declarations come between an option and these. */

import type { NativeLimits } from '../native/contract.js';
import type { BadTiles, KeepRule } from './types.js';

const mebibyte = 2 ** 20;

interface Defaults {
  readonly device: string;
  readonly threads: number;
  readonly memoryLimit: number;
  readonly batchSize: number;
  readonly reproducible: boolean;
  readonly keep: KeepRule;
  readonly minTissueFraction: number;
  readonly tilesPerSlide: number;
  readonly seed: number;
  readonly scaledDecode: boolean;
  readonly badTiles: BadTiles;
  readonly tiles: boolean;
  readonly overviewSide: number;
  readonly minAreaFraction: number;
  readonly scale: number;
  readonly limits: NativeLimits;
}

export const defaults: Defaults = Object.freeze({
  /** The best device; the CPU in this version. */
  device: 'auto',
  /** Worker threads; 0 is one for each core that the process may use. */
  threads: 0,
  /** Bytes that a scorer may use beside the model. */
  memoryLimit: 1024 * mebibyte,
  /** Tiles in one call of the model. */
  batchSize: 16,
  /** Bit-equal results for any batch size, thread count and company. */
  reproducible: true,
  /** Which tiles of the grid are scored. */
  keep: 'fraction',
  /** For keep 'fraction': the least share of a tile that is tissue. */
  minTissueFraction: 0.25,
  /** Most tiles of one slide; 0 is no limit. */
  tilesPerSlide: 0,
  /** Of the sample that `tilesPerSlide` takes. */
  seed: 0,
  scaledDecode: false,
  /** What to do with a stored tile that cannot be decoded. */
  badTiles: 'error',
  /** Per-tile outputs in the result. */
  tiles: false,
  /** Longer side of the overview that the tissue mask is made from, in pixels. */
  overviewSide: 2048,
  /** Smallest part of the overview that counts as tissue, as a share of its area. */
  minAreaFraction: 1e-5,
  /** One sample of 8 bits becomes 0..1. */
  scale: 1 / 255,
  limits: Object.freeze({
    decodedTileBytes: 128 * mebibyte,
    storedTileBytes: 64 * mebibyte,
    directories: 512,
    tableBytes: 256 * mebibyte,
    metadataBytes: 16 * mebibyte,
    requestBytes: 1024 * mebibyte,
  }),
});
