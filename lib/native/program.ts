/**
 * What a model asks of one slide, as the addon takes it: tile and image inputs, encoders, selection, heads, outputs. Indices
 * count in the lists of the program.
 */

import type { NativeGridOptions, NativeSlideOutput, NativeStopping, NativeTensorFormat } from './contract.js';

/** What is done with a picture before it is encoded. The rows of all turns of an encoder are averaged. */
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
  /** Not used by `budget`. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Of `budget`. */
  readonly maxPixels: number;
  /** Of `budget`: both sides are rounded down to a multiple of this. */
  readonly multipleOf: number;
  /** Of `contain`. */
  readonly background: readonly [number, number, number];
  readonly onBadTile: 'error' | 'fill';
}

/** Done to every pixel of the tiles and images of a slide, in this order, before it becomes a tensor. */
export interface NativeColour {
  /** From the colours of the slide's ICC profile to sRGB; a slide without one is read as sRGB, with a warning. */
  readonly icc: boolean;
  /** The slide's own fit is made from a seeded sample of the planned tiles of the first tile input. */
  readonly stain: {
    readonly method: 'macenko' | 'reinhard';
    /** Macenko: two stain vectors of three, then two concentrations. Reinhard: three means, three deviations. */
    readonly reference: Float64Array;
    readonly seed: number;
  } | null;
}

export interface NativeEncoder {
  readonly name: string;
  /** Of the engine's graphs. */
  readonly graph: number;
  /** Of `tiles`. */
  readonly input: number;
  /** Its size is the grid's. */
  readonly format: NativeTensorFormat;
  /** At least one. */
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

/** Clinical features as numbers: of the slide that a program is for. */
export interface NativeValues {
  readonly values: Float64Array;
}

/** `Clinical`: where clinical features come from. */
export type NativeHead<Clinical = NativeValues> =
  | {
      /** One number of one column, over the tiles that selection leaves. */
      readonly kind: 'simple';
      readonly name: string;
      readonly of: NativeTileValue;
      readonly method: 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr';
      readonly k: number;
      readonly fraction: number;
      readonly quantile: number;
    }
  | {
      /** A graph that runs once for the slide: over the tiles of one input, an image, clinical features, values of heads. */
      readonly kind: 'onnx';
      readonly name: string;
      /** Of the engine's head graphs. */
      readonly graph: number;
      readonly inputs: readonly NativeHeadInput<Clinical>[];
      /** Of its image input, where it has one; else `identity` alone. The rows of all turns are averaged. */
      readonly turns: readonly Turn[];
      readonly outputs: readonly {
        /** In the graph. */
        readonly tensor: string;
        /** Of the row; of one that has a value for each tile: 1. */
        readonly columns: number;
        readonly activation: 'none' | 'sigmoid' | 'softmax';
        /** True: one value for each tile, such as attention. All inputs of such a head that have tiles have the same. */
        readonly perTile: boolean;
      }[];
    };

/**
 * `tensor`: in the graph. Its rank and element type (float32, float16, float64, int64, int32) are those of the graph, but
 * of an image the format says the type.
 */
export type NativeHeadInput<Clinical = NativeValues> = { readonly tensor: string } & (
  | { readonly from: 'features'; readonly encoder: number; readonly output: number }
  | {
      readonly from: 'coordinates';
      readonly input: number;
      /** `level0Px` and `levelPx`: of the tile's upper left corner; `grid`: column and row in the grid, whole numbers from 0. */
      readonly unit: 'level0Px' | 'levelPx' | 'grid';
      readonly order: 'xy' | 'yx';
    }
  /** `sizePx` of the format is not used. */
  | { readonly from: 'image'; readonly image: number; readonly format: NativeTensorFormat }
  | ({ readonly from: 'clinical' } & Clinical)
  /** A row of an earlier head. */
  | { readonly from: 'head'; readonly head: number; readonly output: number }
);

/** A head's value in an output of the slide. */
export interface NativeOutputPart {
  readonly head: number;
  /** 0 of a simple head. */
  readonly output: number;
  readonly column: number;
  readonly weight: number;
}

/** The tokens of a tile to one row: the class token, or the mean of those after `skip`. */
export type NativePool = { readonly kind: 'cls' } | { readonly kind: 'mean'; readonly skip: number };

/** Rows of an output that are given away while the slide is encoded, instead of being kept. */
export interface NativeRows {
  readonly encoder: number;
  /** Of the encoder. */
  readonly output: number;
  /** null: the row as the graph gives it, all tokens one after another. */
  readonly pool: NativePool | null;
}

export interface NativeProgram {
  /** All are laid on one mask, that of the first that has one. May be empty where heads read no tiles. */
  readonly tiles: readonly NativeGridOptions[];
  readonly images: readonly NativeImageInput[];
  /** null: pixels as they are. */
  readonly colour: NativeColour | null;
  readonly encoders: readonly NativeEncoder[];
  readonly select: readonly NativeSelectRule[];
  /** A head reads heads before it only. */
  readonly heads: readonly NativeHead[];
  /** What comes out of a slide; the first one is the score. May be empty where there are rows. */
  readonly outputs: readonly NativeSlideOutput[];
  /** Not with `stopping`. */
  readonly rows: readonly NativeRows[];
  /** null: every planned tile is scored. */
  readonly stopping: NativeStopping | null;
  readonly batchSize: number;
  /** True: the same bits for any batch size, thread count and company. */
  readonly reproducible: boolean;
  readonly keepTiles: boolean;
}
