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
export type * from './ir/types.js';
