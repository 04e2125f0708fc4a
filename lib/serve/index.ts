/** Models behind HTTP: the public names of `microtome/serve`, and nothing else. */

export { createServer } from './server.js';
export type { InferenceServer } from './server.js';
export { defaultLimits } from './options.js';
export type {
  DeclaredTensors,
  DescribedModel,
  ModelToServe,
  ServerLimits,
  ServerOptions,
  TensorModel,
} from './options.js';
