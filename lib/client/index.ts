/** Asks a server of the Open Inference Protocol: the public names of `microtome/client`, and nothing else. No addon. */

export { createClient, InferenceClient } from './client.js';
export type { ImageScores, SlideWait } from './client.js';
export type { Inference, InferOptions, TensorInput, TensorOutput } from './infer.js';
export type { TensorValues } from './element-types.js';
export { ServerRefusal } from './transport.js';
export type { ClientOptions } from './transport.js';
export { imageInputName } from './protocol.js';
export type {
  Datatype,
  ModelMetadata,
  ServerMetadata,
  SlideJob,
  SlideJobState,
  SlideScores,
  TensorMetadata,
} from './protocol.js';
