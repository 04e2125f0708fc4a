/**
 * What a model asks of one slide, as the addon takes it: tile inputs, encoders, selection, heads, outputs. Indices count in
 * the lists of the program.
 */

import type { NativeGridOptions, NativeSlideOutput, NativeStopping, NativeTensorFormat } from './contract.js';

export interface NativeEncoder {
  readonly name: string;
  /** Of the engine's graphs. */
  readonly graph: number;
  /** Of `tiles`. */
  readonly input: number;
  /** Its size is the grid's. */
  readonly format: NativeTensorFormat;
  readonly outputs: readonly {
    /** In the graph. */
    readonly tensor: string;
    readonly activation: 'none' | 'sigmoid' | 'softmax';
  }[];
}

/** One column of the rows of an encoder. */
export interface NativeTileValue {
  readonly encoder: number;
  readonly output: number;
  readonly column: number;
}

/**
 * Of one tile: `sharpness` is the variance of the Laplacian of its grey values; the others are shares of its pixels, from 0
 * to 1.
 */
export type QualityMeasure = 'sharpness' | 'white' | 'black' | 'grey' | 'pen';

/** Rules apply in order, each to the tiles of one input that the earlier ones left. Bounds are included; null: none. */
export type NativeSelectRule = { readonly input: number } & (
  | {
      readonly kind: 'filter';
      readonly by: NativeTileValue;
      readonly min: number | null;
      readonly max: number | null;
    }
  | { readonly kind: 'highest'; readonly by: NativeTileValue; readonly count: number }
  | {
      /** Keeps the tiles from `start` on; while these are fewer than `atLeast`, the threshold is lowered by `step`, down to `end`. */
      readonly kind: 'threshold';
      readonly by: NativeTileValue;
      readonly start: number;
      readonly step: number;
      readonly end: number;
      readonly atLeast: number;
    }
  | {
      readonly kind: 'quality';
      readonly measure: QualityMeasure;
      readonly min: number | null;
      readonly max: number | null;
    }
);

/** One number of one column, over the tiles that selection leaves. */
export interface NativeHead {
  readonly name: string;
  readonly of: NativeTileValue;
  readonly method: 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr';
  readonly k: number;
  readonly fraction: number;
  readonly quantile: number;
}

export interface NativeProgram {
  /** All are laid on one mask, that of the first that has one. */
  readonly tiles: readonly NativeGridOptions[];
  readonly encoders: readonly NativeEncoder[];
  readonly select: readonly NativeSelectRule[];
  readonly heads: readonly NativeHead[];
  /** What comes out of a slide; the first one is the score. */
  readonly outputs: readonly NativeSlideOutput[];
  /** null: every planned tile is scored. */
  readonly stopping: NativeStopping | null;
  readonly batchSize: number;
  /** True: the same bits for any batch size, thread count and company. */
  readonly reproducible: boolean;
  readonly keepTiles: boolean;
}
