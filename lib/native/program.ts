/**
 * What a model asks of one slide, as the addon takes it: tile and image inputs, encoders, selection, heads, outputs. Indices
 * count in the lists of the program. Values are checked before they get here; the addon checks them once more.
 */

import type { NativeGridOptions, NativeSlideOutput, NativeStopping, NativeTensorFormat } from './contract.js';

/** What is done with a tile, or an image, before it is encoded; the rows of all turns are averaged. */
export type Turn =
  | 'identity'
  | 'flipX'
  | 'flipY'
  | 'rotate90'
  | 'rotate180'
  | 'rotate270'
  | 'transpose'
  | 'antitranspose';

/** One picture of the whole slide, reduced by area averaging. */
export interface NativeImageInput {
  /** Read from this level; null: from the smallest that is large enough. */
  readonly level: number | null;
  /**
   * `stretch`: exactly width x height, whatever the aspect. `contain`: as large as fits, the rest is background. `budget`: the
   * largest level of at most `maxPixels` pixels, as it is, or where none is so small the smallest level, reduced.
   */
  readonly fit: 'stretch' | 'contain' | 'budget';
  readonly widthPx: number;
  readonly heightPx: number;
  readonly maxPixels: number;
  /** Both sides are rounded down to a multiple of this. */
  readonly multipleOf: number;
  readonly background: readonly [number, number, number];
}

export interface NativeEncoder {
  readonly name: string;
  /** Of the engine's graphs. */
  readonly graph: number;
  readonly input: { readonly kind: 'tiles' | 'image'; readonly index: number };
  /** Of an image input, `sizePx` is not used. */
  readonly format: NativeTensorFormat;
  readonly turns: readonly Turn[];
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

/** Rules apply in order, each to the tiles of one input that the earlier ones left. */
export type NativeSelectRule =
  | {
      readonly kind: 'filter';
      readonly input: number;
      readonly by: NativeTileValue;
      readonly min: number | null;
      readonly max: number | null;
    }
  | { readonly kind: 'highest'; readonly input: number; readonly by: NativeTileValue; readonly count: number }
  | {
      /** Keeps the tiles from `start` on; while these are fewer than `atLeast`, the threshold is lowered by `step`, down to `end`. */
      readonly kind: 'threshold';
      readonly input: number;
      readonly by: NativeTileValue;
      readonly start: number;
      readonly step: number;
      readonly end: number;
      readonly atLeast: number;
    }
  | {
      readonly kind: 'quality';
      readonly input: number;
      readonly measure: QualityMeasure;
      readonly min: number | null;
      readonly max: number | null;
    };

/**
 * Of one tile: `sharpness` is the variance of the Laplacian of its grey values; the others are shares of its pixels, from 0
 * to 1.
 */
export type QualityMeasure = 'sharpness' | 'white' | 'black' | 'grey' | 'pen';

export type NativeHead =
  | {
      readonly kind: 'simple';
      readonly name: string;
      readonly of: NativeTileValue;
      readonly method: 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr';
      readonly k: number;
      readonly fraction: number;
      readonly quantile: number;
    }
  | {
      /** A graph over the bag of one input's tiles. */
      readonly kind: 'onnx';
      readonly name: string;
      readonly graph: number;
      readonly inputs: readonly NativeHeadInput[];
      readonly outputs: readonly {
        /** In the graph. */
        readonly tensor: string;
        /** Of a row; of one that has a value for each tile: 1. */
        readonly columns: number;
        readonly activation: 'none' | 'sigmoid' | 'softmax';
        /** True: one value for each tile, such as attention. */
        readonly perTile: boolean;
      }[];
    };

/** `tensor`: in the graph. Its rank and element type (float32, float16, float64, int64, int32) are those of the graph. */
export type NativeHeadInput = { readonly tensor: string } & (
  | { readonly from: 'features'; readonly encoder: number; readonly output: number }
  | {
      readonly from: 'coordinates';
      readonly input: number;
      /** `level0Px` and `levelPx`: of the tile's upper left corner; `grid`: that corner divided by the stride. */
      readonly unit: 'level0Px' | 'levelPx' | 'grid';
      readonly order: 'xy' | 'yx';
    }
  | { readonly from: 'clinical'; readonly values: Float64Array }
  | { readonly from: 'head'; readonly head: number; readonly output: number }
);

/** A head's value in an output of the slide. */
export interface NativeOutputPart {
  readonly head: number;
  readonly output: number;
  readonly column: number;
  readonly weight: number;
}

export type NativeProgramOutput = Omit<NativeSlideOutput, 'of'> & {
  readonly of: readonly NativeOutputPart[];
  /** `logit`: the mean is taken of the log odds of the parts, and turned back into a probability. */
  readonly mean: 'value' | 'logit';
};

export interface NativeProgram {
  readonly tiles: readonly NativeGridOptions[];
  readonly images: readonly NativeImageInput[];
  readonly encoders: readonly NativeEncoder[];
  readonly select: readonly NativeSelectRule[];
  /** A head reads heads before it only. */
  readonly heads: readonly NativeHead[];
  /** What comes out of a slide; the first one is the score. May be empty where `rows` is not. */
  readonly outputs: readonly NativeProgramOutput[];
  /** Rows that are given away while the slide is encoded, instead of being kept. */
  readonly rows: readonly { readonly encoder: number; readonly output: number }[];
  readonly stopping: NativeStopping | null;
  readonly batchSize: number;
  readonly reproducible: boolean;
  /** Places of tiles, all rows, and the values per tile of heads are in the result. */
  readonly keepTiles: boolean;
}
