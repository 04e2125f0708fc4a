/** Images that are scored one by one, as the addon takes and gives them. */

import type { NativeSlideOutput } from './contract.js';
import type { NativeEncoder, NativeHead } from './program.js';

/** A head of one item. */
export type NativeSimpleHead = Extract<NativeHead, { readonly kind: 'simple' }>;

/** How an image becomes as large as the model's input: as Pillow does it, or as OpenCV's INTER_AREA. */
export type ImageResize = 'pil-bilinear' | 'pil-bicubic' | 'opencv-area';

export type NativeImageBatch =
  | {
      readonly kind: 'places';
      readonly path: string;
      readonly offsets: Float64Array;
      readonly bytes: Float64Array;
    }
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** Copied before the call returns. */
  | { readonly kind: 'bytes'; readonly images: readonly Uint8Array[] }
  /** Rows of the encoder's input that are tensors already, one after another. Copied before the call returns. */
  | { readonly kind: 'tensors'; readonly data: Uint8Array; readonly rows: number };

/** One encoder, and heads of one item. Indices count in these lists. */
export interface NativeImageProgram {
  readonly encoder: NativeEncoder;
  readonly resize: ImageResize;
  readonly heads: readonly NativeSimpleHead[];
  readonly outputs: readonly NativeSlideOutput[];
  readonly batchSize: number;
  readonly reproducible: boolean;
  /** Of a stored image; not there: as memory goes. */
  readonly mostPixels?: number;
  /** Of a batch of tensors: the sides of one row. */
  readonly rowShape?: readonly number[];
  /** True: whole rows of the encoder's outputs are given, too. */
  readonly keepRows?: boolean;
}

/** What may be said of an image: bit i of its mark is the i-th of these. */
export const imageMarks: readonly string[] = Object.freeze([
  'grey',
  'progressive',
  'cmyk',
  'turned by EXIF',
  'bytes behind the end of the image',
  '16-bit samples',
  'palette',
  'transparency on white',
]);

export interface NativeImageRows {
  /** `unclipped`: the values before they were held to the range of the output. NaN where there is a failure. */
  readonly outputs: readonly {
    readonly name: string;
    readonly values: Float64Array;
    readonly unclipped: Float64Array;
  }[];
  /** With `keepRows`: rows of the encoder's outputs, after their activation; empty where no image has run. */
  readonly rows: readonly { readonly tensor: string; readonly columns: number; readonly values: Float64Array }[];
  /** By index. `error`: a plain Error that carries NativeErrorFields. */
  readonly failures: readonly { readonly index: number; readonly error: unknown }[];
  /** By image: bits, see imageMarks. */
  readonly marks: Uint8Array;
}

export interface NativeImageJob {
  readonly result: Promise<NativeImageRows>;
  /** Returns at once; `result` then rejects with CANCELLED within one image and one inference call. */
  cancel(): void;
}
