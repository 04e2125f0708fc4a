/** microtome.json as its schema describes it. */

import type { ImageResize } from '../../native/images.js';
import type { QualityMeasure, Turn } from '../../native/program.js';
import type { Activation } from '../../options/types.js';
import type { ClipRange } from '../../scoring/result.js';
import type { Calibration } from '../spec.js';

type Three = readonly [number, number, number];

/** How 8-bit RGB becomes a tensor. */
export interface PixelsJson {
  readonly layout?: 'NCHW' | 'NHWC';
  readonly channels?: 'RGB' | 'BGR';
  readonly type?: 'float32' | 'float16' | 'uint8';
  readonly scale?: number;
  readonly mean?: Three;
  readonly std?: Three;
}

export interface TileInputJson extends PixelsJson {
  readonly name: string;
  readonly size: number;
  readonly mpp?: number;
  readonly level?: number;
  readonly stride?: number;
  readonly edge?: 'pad' | 'drop';
  readonly imageResize?: ImageResize;
}

export type ImageInputJson = PixelsJson & { readonly name: string } & (
    | {
        readonly mode: 'fixed';
        readonly width: number;
        readonly height: number;
        readonly fit?: 'stretch' | 'contain';
        readonly background?: Three;
        readonly level?: number;
      }
    | { readonly mode: 'variable'; readonly maxPixels: number; readonly multipleOf?: number }
  );

export type StainJson =
  | {
      readonly method: 'macenko';
      readonly seed?: number;
      readonly reference: {
        readonly stains: readonly [Three, Three];
        readonly concentrations: readonly [number, number];
      };
    }
  | {
      readonly method: 'reinhard';
      readonly seed?: number;
      readonly reference: { readonly mean: Three; readonly std: Three };
    };

export interface ColourJson {
  readonly icc?: boolean;
  readonly stain?: StainJson;
}

export interface ClinicalFeatureJson {
  readonly name: string;
  readonly column: string;
  readonly type: 'number' | 'interval' | 'boolean' | 'category';
  readonly parse?: {
    readonly intervalValue?: 'lower' | 'middle' | 'upper';
    readonly true?: readonly string[];
    readonly false?: readonly string[];
    readonly categories?: readonly string[];
    readonly encoding?: 'oneHot' | 'index';
    readonly caseSensitive?: boolean;
  };
  readonly synonyms?: Readonly<Record<string, string>>;
  readonly missing: {
    readonly rule: 'error' | 'value' | 'category' | 'indicator';
    readonly value?: number;
    readonly category?: string;
    readonly unknown?: 'error' | 'missing';
  };
  readonly within?: { readonly column: string; readonly as: 'standardScore' | 'count' };
  readonly mean?: number;
  readonly std?: number;
}

export interface TensorOutputJson {
  readonly name: string;
  readonly tensor?: string;
  readonly columns: number;
  readonly columnNames?: readonly string[];
  readonly activation?: Activation;
}

export interface EncoderJson {
  readonly name: string;
  readonly graph: string;
  readonly input: { readonly from: string; readonly tensor?: string };
  readonly turns?: readonly Turn[];
  readonly outputs: readonly TensorOutputJson[];
}

export interface TileValueJson {
  readonly encoder: string;
  readonly output: string;
  readonly column?: number;
}

export type SelectJson = { readonly input?: string } & (
  | { readonly rule: 'tissueFraction'; readonly min?: number }
  | { readonly rule: 'tissueCentre' | 'all' }
  | { readonly rule: 'cap'; readonly count: number; readonly seed?: number }
  | { readonly rule: 'filter'; readonly by: TileValueJson; readonly min?: number; readonly max?: number }
  | { readonly rule: 'highest'; readonly by: TileValueJson; readonly count: number }
  | {
      readonly rule: 'threshold';
      readonly by: TileValueJson;
      readonly start: number;
      readonly step: number;
      readonly end: number;
      readonly atLeast: number;
    }
  | { readonly rule: 'quality'; readonly measure: QualityMeasure; readonly min?: number; readonly max?: number }
);

export interface SimpleHeadJson {
  readonly name: string;
  readonly method: 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr';
  readonly of: TileValueJson;
  readonly k?: number;
  readonly fraction?: number;
  readonly quantile?: number;
}

export type HeadInputJson = { readonly tensor?: string } & (
  | { readonly from: 'features'; readonly encoder: string; readonly output: string }
  | {
      readonly from: 'coordinates';
      readonly input?: string;
      readonly unit: 'level0Px' | 'levelPx' | 'grid';
      readonly order: 'xy' | 'yx';
    }
  | { readonly from: 'clinical'; readonly features?: readonly string[] }
  | { readonly from: 'head'; readonly head: string; readonly output?: string }
);

export interface HeadOutputJson extends TensorOutputJson {
  readonly perTile?: boolean;
}

export interface OnnxHeadJson {
  readonly name: string;
  readonly method: 'onnx';
  readonly graph: string;
  readonly inputs: readonly HeadInputJson[];
  readonly outputs: readonly HeadOutputJson[];
}

/** A case of a value of the metadata. */
export interface CaseJson {
  readonly equals: readonly (string | number)[];
  readonly tolerance?: number;
}

export interface ChooseHeadJson {
  readonly name: string;
  readonly method: 'choose';
  readonly column: string;
  readonly cases: readonly (CaseJson & { readonly head: string })[];
  readonly default?: string;
}

export type HeadJson = SimpleHeadJson | OnnxHeadJson | ChooseHeadJson;

export interface OutputPartJson {
  readonly head: string;
  readonly output?: string;
  readonly column?: number;
  readonly weight?: number;
}

export interface FallbackJson {
  readonly column: string;
  readonly cases: readonly (CaseJson & { readonly value: number })[];
  readonly default: number;
}

export interface OutputJson {
  readonly name: string;
  readonly of: string | readonly OutputPartJson[];
  readonly mean?: 'value' | 'logit';
  readonly calibration?: Calibration;
  readonly clip?: ClipRange | null;
  readonly fallback?: number | FallbackJson;
}

export interface CardJson {
  readonly licence: string;
  readonly intendedUse: string;
  readonly clinicalUse?: boolean;
  readonly authors?: readonly string[];
  readonly trainingData?: string;
  readonly evaluation?: string;
  readonly limitations?: string;
  readonly citation?: string;
}

export interface BundleJson {
  readonly name: string;
  readonly version?: string;
  readonly inputs: {
    readonly tiles?: readonly TileInputJson[];
    readonly images?: readonly ImageInputJson[];
    readonly clinical?: readonly ClinicalFeatureJson[];
    readonly colour?: ColourJson;
  };
  readonly encoders: readonly EncoderJson[];
  readonly select?: readonly SelectJson[];
  readonly heads: readonly HeadJson[];
  readonly outputs: readonly OutputJson[];
  readonly files: Readonly<Record<string, string>>;
  readonly card: CardJson;
}
