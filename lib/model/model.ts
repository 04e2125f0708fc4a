/** What the rest of the library, and a caller, sees of a loaded model. */

import type { Activation, HeadOptions } from '../options/types.js';
import type { ImageResize } from '../native/images.js';
import type { ElementType } from '../native/names.js';
import type { ClipRange } from '../scoring/result.js';

/** A tensor of the graph. */
export interface TensorInfo {
  readonly name: string;
  readonly type: ElementType;
  /** -1: dynamic. */
  readonly shape: readonly number[];
}

/** How 8-bit RGB becomes a tensor: value = (sample * scale - mean) / std. A model that takes bytes gets the samples. */
export interface PixelFormat {
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 'RGB' | 'BGR';
  readonly type: 'float32' | 'float16' | 'uint8';
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** How a model takes its tiles. */
export interface TileInput extends PixelFormat {
  readonly name: string;
  /** Side of the square tile, in model pixels. */
  readonly sizePx: number;
  /** Distance of tiles, in model pixels. */
  readonly stridePx: number;
  /** Microns per model pixel; null where `level` is used, or where neither is declared. */
  readonly mpp: number | null;
  readonly level: number | null;
  /** A tile that goes beyond the slide is filled with white (`pad`), or left out (`drop`). */
  readonly edge: 'pad' | 'drop';
  /** How an image that is scored by itself, such as one of a lesion, is resized; not there where the model does not say. */
  readonly imageResize?: ImageResize;
}

/** How a model takes a picture of the whole slide. */
export interface ImageInput extends PixelFormat {
  readonly name: string;
  /** null: as large as `maxPixels` allows. */
  readonly widthPx: number | null;
  /** null: as large as `maxPixels` allows. */
  readonly heightPx: number | null;
  /** Most pixels of a picture whose size is not fixed; null: it is. */
  readonly maxPixels: number | null;
  /** Level that is read; null: chosen by the size. */
  readonly level: number | null;
}

/** A value of the metadata that a model reads. */
export interface ClinicalInput {
  readonly name: string;
  /** Column of the metadata, or key of the option `clinical`. */
  readonly column: string;
  readonly type: 'number' | 'interval' | 'boolean' | 'category';
  /** True: a slide without the value cannot be scored. */
  readonly isRequired: boolean;
}

/** One ONNX graph of a model. */
export interface ModelGraph {
  readonly path: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** What a bundle says of itself. */
export interface ModelCard {
  readonly licence: string;
  readonly intendedUse: string;
  /** False: not for clinical use. */
  readonly clinicalUse: boolean;
  readonly authors: readonly string[];
  readonly trainingData: string | null;
  readonly evaluation: string | null;
  readonly limitations: string | null;
  readonly citation: string | null;
}

/** A slide-level output. */
export interface ModelOutput {
  readonly name: string;
  /** The range a table of results holds it to; null: none. */
  readonly clip: ClipRange | null;
  /**
   * True: the model, or the option `clip`, says what `clip` is. False: it is the range of a probability, which nobody
   * said the score to be; then a run takes a score outside [0, 1] for an error of its slide.
   */
  readonly clipDeclared: boolean;
  /**
   * The value that stands in for a slide that could not be scored; null when the model declares none. Where the model has
   * one for each value of a column of the metadata (`fallbackBy`), it is the one of every other value.
   */
  readonly fallback: number | null;
  /** The column of the metadata that the fallback depends on; null: on none. */
  readonly fallbackBy: string | null;
}

/**
 * What a model does not say of itself and nobody told: the values that are used instead. Each has the name of the option that
 * says it; only what was assumed is there.
 */
export interface ModelAssumptions {
  readonly input?: {
    readonly layout?: 'NCHW' | 'NHWC';
    readonly channels?: 'RGB' | 'BGR';
    /** 1/255: the model sees samples from 0 to 1; 1: from 0 to 255. Not there for a model that takes bytes. */
    readonly scale?: number;
    readonly mean?: readonly [number, number, number];
    readonly std?: readonly [number, number, number];
  };
  readonly activation?: Activation;
  /** The column of the output that is the score. */
  readonly column?: number;
  readonly head?: HeadOptions;
  /** What was not told either, but needs no guess: the graph leaves no other choice. Not there for a bundle. */
  readonly fromGraph?: GraphFacts;
}

/** What the graph of a model without a bundle shows. */
export interface GraphFacts {
  /** The name of its only image input. */
  readonly input: string;
  readonly size?: number;
  readonly layout?: 'NCHW' | 'NHWC';
  readonly graphOutput?: string;
  readonly column?: number;
  /** The operator that makes the output, such as `Softmax` or `Gemm`, where the file shows it. */
  readonly operator?: string;
}

/**
 * A model that was read and checked: its files have the declared hashes and its graph is the declared one. Made by
 * {@link loadModel} only; holds no native resources.
 */
export interface Model {
  readonly name: string;
  readonly kind: 'bundle' | 'onnx' | 'wsinfer';
  /** The folder of a bundle, or the .onnx file. */
  readonly path: string;
  /** SHA-256, lower-case hex: of microtome.json for a bundle, of the file for a bare .onnx. */
  readonly sha256: string;
  /** null for a bare .onnx. */
  readonly card: ModelCard | null;
  readonly intendedUse: string;
  /** The first of `inputs`; null for a model that reads no tiles. */
  readonly input: TileInput | null;
  /** Its tile inputs, one for each scale. */
  readonly inputs: readonly TileInput[];
  /** Pictures of the whole slide that it reads. */
  readonly images: readonly ImageInput[];
  /** Clinical features that it reads, in the order of its feature vector. */
  readonly clinical: readonly ClinicalInput[];
  /** Columns of the metadata that must be there: of the clinical features, and those that a head is chosen by. */
  readonly columns: readonly string[];
  /** Slide-level outputs; the first is the score. */
  readonly outputs: readonly ModelOutput[];
  /** The graph of its first encoder. */
  readonly graph: ModelGraph;
  /** All its graphs: of encoders, then of heads. */
  readonly graphs: readonly ModelGraph[];
  readonly warnings: readonly string[];
  /** What was assumed of the model, since neither it nor the caller says it; null: nothing was. */
  readonly assumed: ModelAssumptions | null;
}
