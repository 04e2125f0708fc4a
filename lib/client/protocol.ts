/** The JSON of the Open Inference Protocol, version 2, and what this server adds to it. Types and names, no code. */

/** Element types by the protocol's names. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** What a tensor, a request or an answer may carry beside its values. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** A tensor of a request or of an answer. Its values are in `data`, or `parameters.binary_data_size` bytes of the body. */
export interface TensorJson {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: Datatype;
  readonly parameters?: Parameters;
  readonly data?: readonly unknown[];
}

export interface InferRequestJson {
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly inputs: readonly TensorJson[];
  readonly outputs?: readonly { readonly name: string; readonly parameters?: Parameters }[];
}

export interface InferResponseJson {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly outputs: readonly TensorJson[];
}

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** A tensor as the metadata of a model has it. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1: any length. The first one is the batch. */
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** Where a job over a slide stands. The last three are ends. */
export type SlideJobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** A job over a slide, as the server tells it. */
export interface SlideJob {
  readonly id: string;
  readonly model: string;
  /** As it was asked for: relative to the server's folder of slides. */
  readonly path: string;
  readonly state: SlideJobState;
  /** Null until the tiles are known. */
  readonly progress: { readonly tilesDone: number; readonly tilesTotal: number } | null;
  /** Of a job that is done. */
  readonly result: SlideScores | null;
  /** Of a job that failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What became of a slide. */
export interface SlideScores {
  /** The first output. */
  readonly score: number;
  /** Every output of the model, by name. */
  readonly outputs: Readonly<Record<string, number>>;
  readonly tileCount: number;
  /** Values that were held to the range of their output. */
  readonly isClipped: boolean;
  readonly warnings: readonly string[];
  readonly elapsedMs: number;
}

/** The header that says where the JSON of a body ends and its binary tensors begin. */
export const headerLengthName = 'inference-header-content-length';

/** The input of a model that takes encoded images: JPEG or PNG bytes, one element of BYTES for each image. */
export const imageInputName = 'encoded_image';

/** The parameter, and its value, of an input of BYTES whose elements are base64 in JSON. */
export const contentTypeParameter = 'content_type';
export const base64ContentType = 'base64';
