/**
 * A model in the one form that scoring uses, whatever it was read from. Kept beside the public Model in a WeakMap, so
 * that only what loadModel made can be scored with. Indices count in the lists of the spec.
 */

import type { NativeModelInfo } from '../native/contract.js';
import type { NativeColour, NativeHead, NativeImageInput, NativeSelectRule, Turn } from '../native/program.js';
import { MicrotomeError } from '../core/errors.js';
import type { Activation, KeepRule } from '../options/types.js';
import type { ClipRange } from '../scoring/result.js';
import type { ImageInput, Model, TensorInfo, TileInput } from './model.js';

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
  | { readonly method: 'temperature'; readonly temperature: number }
  | { readonly method: 'isotonic'; readonly x: readonly number[]; readonly y: readonly number[] };

/** A value of a head. The head may stand for others (choose), so the output is a name; null: the first one. */
export interface HeadPart {
  readonly head: number;
  readonly output: string | null;
  readonly column: number;
  readonly weight: number;
}

/** Numbers are compared as numbers, texts as whole texts. */
export interface Case<T> {
  readonly equals: readonly (string | number)[];
  readonly tolerance: number;
  readonly gives: T;
}

/** Something for each value of a column of the metadata. The first case that is equal counts. */
export interface Choice<T> {
  readonly column: string;
  readonly cases: readonly Case<T>[];
  /** Where no case is equal; null: that is an error. */
  readonly otherwise: T | null;
}

/** A slide-level output: the weighted mean of values of heads, calibrated, clipped. */
export interface OutputSpec {
  readonly name: string;
  readonly of: readonly HeadPart[];
  readonly mean: 'value' | 'logit';
  readonly calibration: Calibration | null;
  /** The declared range; null: declared as none; undefined: not declared. */
  readonly clip: ClipRange | null | undefined;
  /** Where `fallbackBy` is not null: the value where no case is equal. */
  readonly fallback: number | null;
  readonly fallbackBy: Choice<number> | null;
}

/** Which tiles of an input the model wants; null where it does not say. */
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

export interface GraphSpec extends ModelFile {
  /** The files that the graph keeps weights in. */
  readonly weights: readonly ModelFile[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

export interface TileInputSpec {
  readonly input: TileInput;
  readonly select: SelectSpec;
}

/** A picture of the whole slide, and how it becomes a tensor. */
export interface ImageInputSpec {
  readonly input: ImageInput;
  readonly native: Omit<NativeImageInput, 'onBadTile'>;
}

/** One clinical feature, with every default filled in. */
export interface ClinicalFeature {
  readonly name: string;
  readonly column: string;
  readonly type: 'number' | 'interval' | 'boolean' | 'category';
  readonly intervalValue: 'lower' | 'middle' | 'upper';
  readonly trueWords: readonly string[];
  readonly falseWords: readonly string[];
  readonly categories: readonly string[];
  readonly isOneHot: boolean;
  readonly isCaseSensitive: boolean;
  /** By spelling: the value that it means. */
  readonly synonyms: ReadonlyMap<string, string>;
  readonly missing: {
    readonly rule: 'error' | 'value' | 'category' | 'indicator';
    /** null: zeros. */
    readonly value: number | null;
    readonly category: string | null;
  };
  /** A value that is not understood counts as none. */
  readonly unknownIsMissing: boolean;
  /** Where the row stands among those with the same value of `column`; null: the value itself. */
  readonly within: { readonly column: string; readonly as: 'standardScore' | 'count' } | null;
  readonly mean: number;
  readonly std: number;
}

/** Says where the description of a model declares something, for a message; null: it has no description. */
export type DeclaredAt = (() => string) | null;

/** A graph that runs on every tile of one input. */
export interface EncoderSpec {
  readonly name: string;
  readonly graph: number;
  /** Of the tile inputs. */
  readonly input: number;
  /** Name of the graph's image input; null: its only one. */
  readonly tensor: string | null;
  readonly turns: readonly Turn[];
  readonly outputs: readonly TileOutputSpec[];
  /** Side of the input where the graph fixes it, else null. */
  readonly fixedSizePx: number | null;
  /** Tiles of one run where the graph fixes them, else null. */
  readonly fixedRows: number | null;
  readonly at: DeclaredAt;
}

/** An output of a graph that runs once for the slide. */
export interface HeadOutputSpec extends TileOutputSpec {
  readonly columns: number;
  /** True: one value for each tile, such as attention. */
  readonly perTile: boolean;
}

/** `tensor`: in the graph; null: its only input. */
export type HeadInputSpec = { readonly tensor: string | null } & (
  | { readonly from: 'features'; readonly encoder: number; readonly output: number }
  | {
      readonly from: 'coordinates';
      readonly input: number;
      readonly unit: 'level0Px' | 'levelPx' | 'grid';
      readonly order: 'xy' | 'yx';
    }
  | { readonly from: 'clinical'; readonly features: readonly number[] }
  | { readonly from: 'head'; readonly head: number; readonly output: string | null }
);

/** An encoder of a picture of the whole slide: it runs once, as a head does. */
export interface ImageHeadSpec {
  readonly kind: 'image';
  readonly name: string;
  /** Of the head graphs. */
  readonly graph: number;
  readonly image: number;
  readonly tensor: string | null;
  readonly turns: readonly Turn[];
  readonly outputs: readonly HeadOutputSpec[];
  readonly at: DeclaredAt;
}

export interface OnnxHeadSpec {
  readonly kind: 'onnx';
  readonly name: string;
  /** Of the head graphs. */
  readonly graph: number;
  readonly inputs: readonly HeadInputSpec[];
  readonly outputs: readonly HeadOutputSpec[];
  readonly at: DeclaredAt;
}

/** One value of an image encoder, under a name of its own. */
export interface ValueHeadSpec {
  readonly kind: 'value';
  readonly name: string;
  readonly of: { readonly head: number; readonly output: string; readonly column: number };
}

/** Stands for another head, by a value of the metadata. */
export interface ChooseHeadSpec {
  readonly kind: 'choose';
  readonly name: string;
  readonly choice: Choice<number>;
}

export type HeadSpec = SimpleHead | ImageHeadSpec | OnnxHeadSpec | ValueHeadSpec | ChooseHeadSpec;

export interface ModelSpec {
  readonly tiles: readonly TileInputSpec[];
  readonly images: readonly ImageInputSpec[];
  readonly colour: NativeColour | null;
  readonly clinical: readonly ClinicalFeature[];
  /** Of encoders of tiles, and of heads; equal files are one. */
  readonly graphs: readonly GraphSpec[];
  readonly headGraphs: readonly GraphSpec[];
  readonly encoders: readonly EncoderSpec[];
  readonly rules: readonly NativeSelectRule[];
  /** Encoders of images come first. */
  readonly heads: readonly HeadSpec[];
  readonly outputs: readonly OutputSpec[];
  /** Options that the caller must still give before a slide can be scored, by what is missing. */
  readonly needsColumn: string | null;
}

/** The tensors as the file, or the runtime, lists them. */
export type GraphInfo = Pick<NativeModelInfo, 'inputs' | 'outputs'>;

export const everyTile: SelectSpec = Object.freeze({ keep: null, minTissueFraction: null, maxTiles: null, seed: null });

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
