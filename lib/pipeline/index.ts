/** The public names of `microtome/pipeline`, and nothing else. Importing this starts nothing and opens no connection. */

export { compilePipeline } from './compile/compile.js';
export { readParams } from './compile/params.js';
export type {
  DataParams,
  DownloadParams,
  PipelineParams,
  ServingParams,
  TrainingParams,
  VolumeParams,
} from './compile/params.js';
export { checkPipeline, pipelineProblems } from './ir/check.js';
export { parsePipeline, pipelineText } from './ir/file.js';
export { orderOf } from './ir/order.js';
export type { Order } from './ir/order.js';
export { parameterTypes } from './ir/types.js';
export type * from './ir/types.js';
export { digestOf } from './digest.js';
export { readImages } from './local/images.js';
export type { LocalImage, LocalImages } from './local/images.js';
export type { LocalEvent, LocalRun, LocalRunOptions, LocalService, LocalStep } from './local/options.js';
export { runPipelineLocally } from './local/run.js';
export { readSecrets } from './local/secrets.js';
export type { LocalSecrets } from './local/secrets.js';
export { parameterFromText } from './run-parameters.js';
export { submitPipeline } from './rest/submit.js';
export type { SubmitOptions, SubmittedRun } from './rest/submit.js';
export { KfpRefusal } from './rest/transport.js';
export type { KfpOptions } from './rest/transport.js';
export { deleteSubmittedRun, requireSuccess, terminateRun, watchRun } from './rest/watch.js';
export type { RuntimeState, WatchEvent, WatchedRun, WatchedTask, WatchOptions } from './rest/watch.js';
