/** What the rest of the library, and a caller, sees of a loaded model. */

import type { ElementType } from '../native/names.js';
import type { ClipRange } from '../scoring/result.js';

/** A tensor of the graph. */
export interface TensorInfo {
  readonly name: string;
  readonly type: ElementType;
  /** -1: dynamic. */
  readonly shape: readonly number[];
}

/** How a model takes its tiles. */
export interface TileInput {
  readonly name: string;
  /** Side of the square tile, in model pixels. */
  readonly sizePx: number;
  /** Distance of tiles, in model pixels. */
  readonly stridePx: number;
  /** Microns per model pixel; null where `level` is used, or where neither is declared. */
  readonly mpp: number | null;
  readonly level: number | null;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 'RGB' | 'BGR';
  readonly type: 'float32' | 'float16' | 'uint8';
  /** value = (sample * scale - mean) / std */
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
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
  /** The value that stands in for a slide that could not be scored; null when the model declares none. */
  readonly fallback: number | null;
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
  readonly input: TileInput;
  /** Slide-level outputs; the first is the score. */
  readonly outputs: readonly ModelOutput[];
  readonly graph: {
    readonly path: string;
    readonly inputs: readonly TensorInfo[];
    readonly outputs: readonly TensorInfo[];
  };
  readonly warnings: readonly string[];
}
