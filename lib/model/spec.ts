/**
 * A model in the one form that scoring uses, whatever it was read from. Kept beside the public Model in a WeakMap, so
 * that only what loadModel made can be scored with.
 */

import type { NativeModelInfo } from '../native/contract.js';
import type { NativeHead, NativeOutputPart } from '../native/program.js';
import { MicrotomeError } from '../core/errors.js';
import type { Activation, KeepRule } from '../options/types.js';
import type { ClipRange } from '../scoring/result.js';
import type { Model } from './model.js';

/** One number of one column, over the tiles of a slide. */
export type SimpleHead = Extract<NativeHead, { readonly kind: 'simple' }>;

/** A graph output that is read for every tile. */
export interface TileOutputSpec {
  /** Public name. */
  readonly name: string;
  /** Name in the graph. */
  readonly tensor: string;
  /** Values of one row; null when neither the graph nor a declaration says. */
  readonly columns: number | null;
  readonly columnNames: readonly string[] | null;
  readonly activation: Activation;
  /** The operator of the graph that makes it, such as `Softmax`; null where it is not known. */
  readonly operator: string | null;
  /** A row may be a list of tokens: `columns` counts the values of all of them. */
  readonly tokens?: boolean;
}

export type Calibration =
  | { readonly method: 'logistic'; readonly slope: number; readonly intercept: number; readonly on?: 'value' | 'logit' }
  | { readonly method: 'isotonic'; readonly x: readonly number[]; readonly y: readonly number[] };

/** A slide-level output: the weighted mean of heads, calibrated, clipped. */
export interface OutputSpec {
  readonly name: string;
  readonly of: readonly NativeOutputPart[];
  readonly calibration: Calibration | null;
  /** The declared range; null: declared as none; undefined: not declared. */
  readonly clip: ClipRange | null | undefined;
  readonly fallback: number | null;
}

/** Which tiles the model wants; null where it does not say. */
export interface SelectSpec {
  readonly keep: KeepRule | null;
  readonly minTissueFraction: number | null;
  readonly maxTiles: number | null;
  readonly seed: number | null;
}

/** A file of a model as it was when the model was read. */
export interface ModelFile {
  /** Absolute. */
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Of weights that are not beside the graph, such as in a cache of links: what the graph calls them. */
  readonly location?: string;
}

export interface ModelSpec {
  readonly graphPath: string;
  readonly graphSha256: string;
  /** The files that the graph keeps weights in. */
  readonly weights: readonly ModelFile[];
  /** Name of the graph's image input; null: its only one. */
  readonly inputTensor: string | null;
  readonly tileOutputs: readonly TileOutputSpec[];
  readonly heads: readonly SimpleHead[];
  readonly outputs: readonly OutputSpec[];
  readonly select: SelectSpec;
  /** Side of the input where the graph fixes it, else null. */
  readonly fixedSizePx: number | null;
  /** Tiles of one run where the graph fixes them, else null. */
  readonly fixedRows: number | null;
  /** Options that the caller must still give before a slide can be scored, by what is missing. */
  readonly needsColumn: string | null;
}

/** The tensors as the file, or the runtime, lists them. */
export type GraphInfo = Pick<NativeModelInfo, 'inputs' | 'outputs'>;

const specs = new WeakMap<Model, ModelSpec>();

export function attachSpec(model: Model, spec: ModelSpec): Model {
  specs.set(model, spec);
  return model;
}

/** Undefined for an object that loadModel did not make. */
export function findSpec(model: Model): ModelSpec | undefined {
  return specs.get(model);
}

/** Throws INVALID_OPTION for an object that loadModel did not make. */
export function specOf(model: Model): ModelSpec {
  const spec = typeof model === 'object' && model !== null ? specs.get(model) : undefined;
  if (spec === undefined) {
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      'Expected a path, a built-in name or the result of loadModel() for model',
    );
  }
  return spec;
}
