/** One batch of tiles as {@link Slide.tiles} and {@link Slide.tensors} give it. */

import { MicrotomeError } from '../core/errors.js';
import type { NativeTensorFormat, NativeTileBatch } from '../native/contract.js';
import { scaledBy } from './places.js';

/** What all batches have. The samples are the caller's until {@link Batch.release}. */
export interface Batch {
  /** Left edge of each tile, in pixels of level 0. Not rounded: a level's pixel need not be a whole number of them. */
  readonly level0X: Float64Array;
  /** Upper edge of each tile, in pixels of level 0. */
  readonly level0Y: Float64Array;
  /** Width of what a tile shows, in pixels of level 0. Tiles at the right and lower edge show white beyond the image. */
  readonly level0Width: number;
  /** Height of what a tile shows, in pixels of level 0. */
  readonly level0Height: number;
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
  /** Side of what a tile shows, in pixels of `level`. */
  readonly footprintPx: number;
  /** Side of a tile in `data`, in pixels. */
  readonly sizePx: number;
  /** Number of tiles in this batch. */
  readonly tiles: number;
  /** Number of tiles of all batches together. */
  readonly total: number;
  /** Number of tiles in the batches before this one. */
  readonly first: number;
  /** Stored tiles below this batch that could not be decoded or are missing; white in `data`. */
  readonly badTiles: number;
  /**
   * Gives the memory of `data` back, to be filled with a later batch: a loop that releases every batch allocates nothing
   * large. Arrays made of it are empty afterwards. May be called more than once; else the garbage collector does it.
   */
  release(this: Batch): void;
}

/** Tiles as pixels. */
export interface TileBatch extends Batch {
  /** RGB, interleaved: `tiles * sizePx * sizePx * 3` bytes. Throws INVALID_OPTION after `release()`. */
  readonly data: Uint8Array;
}

/** What `slide.tensors` can give, and the array that it comes in: `float16` as its 16 bits. */
export interface TensorData {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly uint8: Uint8Array;
}

/** The option `type` of {@link Slide.tensors}. */
export type TensorType = keyof TensorData;

/** Tiles as model input. */
export interface TensorBatch<T extends TensorType = TensorType> extends Batch {
  /** Samples of the type that was asked for. Throws INVALID_OPTION after `release()`. */
  readonly data: TensorData[T];
  /** `[tiles, 3, sizePx, sizePx]` or `[tiles, sizePx, sizePx, 3]`. */
  readonly dims: readonly [number, number, number, number];
}

abstract class OwnedBatch<Data> implements Batch {
  readonly #batch: NativeTileBatch;
  #data: Data | null;
  readonly level0X: Float64Array;
  readonly level0Y: Float64Array;
  readonly level0Width: number;
  readonly level0Height: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly level: number;
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  readonly footprintPx: number;
  readonly sizePx: number;
  readonly tiles: number;
  readonly total: number;
  readonly first: number;
  readonly badTiles: number;

  protected constructor(batch: NativeTileBatch, data: Data) {
    this.#batch = batch;
    this.#data = data;
    this.level0X = scaledBy(batch.x, batch.level0PerPxX);
    this.level0Y = scaledBy(batch.y, batch.level0PerPxY);
    this.level0Width = batch.footprintPx * batch.level0PerPxX;
    this.level0Height = batch.footprintPx * batch.level0PerPxY;
    this.x = batch.x;
    this.y = batch.y;
    this.level = batch.level;
    this.level0PerPxX = batch.level0PerPxX;
    this.level0PerPxY = batch.level0PerPxY;
    this.footprintPx = batch.footprintPx;
    this.sizePx = batch.sizePx;
    this.tiles = batch.tiles;
    this.total = batch.total;
    this.first = batch.first;
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

export class OwnedTensorBatch<T extends TensorType> extends OwnedBatch<TensorData[T]> implements TensorBatch<T> {
  readonly dims: readonly [number, number, number, number];

  /** `T` is the type of the format. */
  constructor(batch: NativeTileBatch, { type, layout }: NativeTensorFormat) {
    super(batch, new views[type](batch.buffer) as TensorData[T]);
    const { tiles, sizePx } = batch;
    this.dims = layout === 'NCHW' ? [tiles, 3, sizePx, sizePx] : [tiles, sizePx, sizePx, 3];
  }
}
