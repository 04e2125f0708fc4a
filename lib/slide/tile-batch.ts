/** One batch of tiles as {@link Slide.tiles} and {@link Slide.tensors} give it. */

import { MicrotomeError } from '../core/errors.js';
import type { NativeTensorFormat, NativeTileBatch } from '../native/contract.js';

/** What all batches have. The samples are the caller's until {@link Batch.release}. */
export interface Batch {
  /** Left edge of each tile, in pixels of `level`. */
  readonly x: Float64Array;
  /** Upper edge of each tile, in pixels of `level`. */
  readonly y: Float64Array;
  /** The level that was read. */
  readonly level: number;
  /** Level-0 pixels per pixel of `level`: `x[i] * level0PerPxX` is the left edge of tile i in level 0. */
  readonly level0PerPxX: number;
  /** The same downwards: `y[i] * level0PerPxY` is the upper edge of tile i in level 0. */
  readonly level0PerPxY: number;
  /** Side of a tile in `data`. */
  readonly sizePx: number;
  /** Number of tiles in this batch. */
  readonly tiles: number;
  /** Stored tiles below this batch that could not be decoded or are missing; white in `data`. */
  readonly badTiles: number;
  /**
   * Gives the memory of `data` back, to be filled with a later batch: a loop that releases every batch allocates nothing
   * large. Arrays made of it are empty afterwards. May be called more than once; else the garbage collector does it.
   */
  release(): void;
}

/** Tiles as pixels. */
export interface TileBatch extends Batch {
  /** RGB, interleaved: `tiles * sizePx * sizePx * 3` bytes. Throws INVALID_OPTION after `release()`. */
  readonly data: Uint8Array;
}

/** Tiles as model input. */
export interface TensorBatch extends Batch {
  /** `float32`, the bits of `float16`, or `uint8`, as was asked for. Throws INVALID_OPTION after `release()`. */
  readonly data: Float32Array | Uint16Array | Uint8Array;
  /** `[tiles, 3, sizePx, sizePx]` or `[tiles, sizePx, sizePx, 3]`. */
  readonly dims: readonly [number, number, number, number];
}

abstract class OwnedBatch<Data> implements Batch {
  readonly #batch: NativeTileBatch;
  #data: Data | null;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly level: number;
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  readonly sizePx: number;
  readonly tiles: number;
  readonly badTiles: number;

  protected constructor(batch: NativeTileBatch, data: Data) {
    this.#batch = batch;
    this.#data = data;
    this.x = batch.x;
    this.y = batch.y;
    this.level = batch.level;
    this.level0PerPxX = batch.level0PerPxX;
    this.level0PerPxY = batch.level0PerPxY;
    this.sizePx = batch.sizePx;
    this.tiles = batch.tiles;
    this.badTiles = batch.badTiles;
  }

  get data(): Data {
    if (this.#data === null) {
      throw new MicrotomeError('INVALID_OPTION', 'tiles', 'the pixels of this batch were released', {
        advice: 'copy what you need before release()',
      });
    }
    return this.#data;
  }

  release(): void {
    this.#data = null;
    this.#batch.release(this.#batch.buffer);
  }
}

export class OwnedTileBatch extends OwnedBatch<Uint8Array> implements TileBatch {
  constructor(batch: NativeTileBatch) {
    super(batch, new Uint8Array(batch.buffer));
  }
}

const views = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;

export class OwnedTensorBatch extends OwnedBatch<Float32Array | Uint16Array | Uint8Array> implements TensorBatch {
  readonly dims: readonly [number, number, number, number];

  constructor(batch: NativeTileBatch, { type, layout }: NativeTensorFormat) {
    super(batch, new views[type](batch.buffer));
    const { tiles, sizePx } = batch;
    this.dims = layout === 'NCHW' ? [tiles, 3, sizePx, sizePx] : [tiles, sizePx, sizePx, 3];
  }
}
