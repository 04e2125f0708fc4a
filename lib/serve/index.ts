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
export { writeModelRepository } from './repository/write-repository.js';
export type { RepositoryOptions, WrittenRepository } from './repository/write-repository.js';
export { readModelRepository } from './repository/read-repository.js';
export type { FoundModels } from './repository/read-repository.js';
