/** One batch of tiles as {@link Slide.tiles} gives it. */

import { MicrotomeError } from './errors.js';
import type { NativeTileBatch } from './native/contract.js';

/** Tiles of one batch. The pixels are the caller's until {@link TileBatch.release}. */
export interface TileBatch {
  /** RGB, interleaved: `tiles * sizePx * sizePx * 3` bytes. Throws INVALID_OPTION after `release()`. */
  readonly data: Uint8Array;
  /** Left edge of each tile, in pixels of `level`. */
  readonly x: Float64Array;
  /** Upper edge of each tile, in pixels of `level`. */
  readonly y: Float64Array;
  /** The level that was read. */
  readonly level: number;
  /** Side of a tile in `data`. */
  readonly sizePx: number;
  /** Number of tiles in this batch. */
  readonly tiles: number;
  /** Stored tiles below this batch that could not be decoded; white in `data`. */
  readonly badTiles: number;
  /** Gives the pixels back before the garbage collector would. May be called more than once. */
  release(): void;
}

export class OwnedTileBatch implements TileBatch {
  #data: Uint8Array | null;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly level: number;
  readonly sizePx: number;
  readonly tiles: number;
  readonly badTiles: number;

  constructor(batch: NativeTileBatch) {
    this.#data = batch.data;
    this.x = batch.x;
    this.y = batch.y;
    this.level = batch.level;
    this.sizePx = batch.sizePx;
    this.tiles = batch.tiles;
    this.badTiles = batch.badTiles;
  }

  get data(): Uint8Array {
    if (this.#data === null) {
      throw new MicrotomeError('INVALID_OPTION', 'tiles', 'the pixels of this batch were released', {
        advice: 'copy what you need before release()',
      });
    }
    return this.#data;
  }

  release(): void {
    this.#data = null;
  }
}
