/** From parameters to the pipeline: which steps there are, and what each waits for. */
import { toolVersion } from '../../core/version.js';
import { checkPipeline } from '../ir/check.js';
import type { PipelineIr } from '../ir/types.js';
import { PipelineBuilder } from './builder.js';
import { readParams, type PipelineParams } from './params.js';
import { dataSteps, volumeSteps } from './data-steps.js';
import { modelSteps } from './model-steps.js';
import { serviceSteps } from './service-steps.js';

/**
 * The pipeline of these parameters: fetch the data, divide the patients, train, export, write a model repository, deploy,
 * score, and check the table of scores. `pipelineText` writes it as KFP reads it. Throws PIPELINE_INVALID.
 *
 * @example
 * ```ts
 * const pipeline = compilePipeline({
 *   name: 'lesions',
 *   images: { tools: 'r.example.org/microtome:1', trainer: 'r.example.org/trainer:1', server: 'r.example.org/server:1' },
 *   data: { images: 'train.hdf5', metadata: 'train.csv', testImages: 'test.hdf5', sampleSubmission: 'sample.csv' },
 * });
 * await writeFile('pipeline.yaml', pipelineText(pipeline));
 * ```
 */
export function compilePipeline(given: unknown, path?: string): PipelineIr {
  const params = readParams(given, path);
  const builder = new PipelineBuilder();
  declareParameters(builder, params);
  const steps = [...volumeSteps(params), ...dataSteps(params), ...modelSteps(params), ...serviceSteps(params)];
  for (const step of steps) builder.add(step);
  const pipeline = builder.finish(params.name, params.description, `microtome-${toolVersion}`);
  checkPipeline(pipeline);
  return pipeline;
}

/** What a run may choose without a new pipeline. */
function declareParameters(builder: PipelineBuilder, { training, data, volumes, name }: PipelineParams): void {
  builder.parameter('data_volume', 'STRING', volumes.data.claim, 'claim of the data');
  builder.parameter('runs_volume', 'STRING', volumes.runs.claim, 'claim of checkpoints and metrics');
  builder.parameter('models_volume', 'STRING', volumes.models.claim, 'claim of the model repository');
  builder.parameter('data_digest', 'STRING', data.digest, 'SHA-256 that the data must have, or any');
  builder.parameter('run_label', 'STRING', name, 'value of the label microtome/run of everything that the run makes');
  builder.parameter('backbone', 'STRING', training.backbone, 'network');
  builder.parameter('size_px', 'NUMBER_INTEGER', training.sizePx, 'width and height of the input in pixels');
  builder.parameter('epochs', 'NUMBER_INTEGER', training.epochs, 'epochs of the training');
  builder.parameter('batch', 'NUMBER_INTEGER', training.batch, 'images of a step over all processes');
  builder.parameter('rate', 'NUMBER_DOUBLE', training.rate, 'highest learning rate');
  builder.parameter('negatives_per_positive', 'NUMBER_DOUBLE', training.negativesPerPositive, 'negatives of an epoch');
  builder.parameter('best_by', 'STRING', training.bestBy, 'metric that chooses the epoch');
  builder.parameter('folds', 'NUMBER_INTEGER', training.folds, 'parts that the patients are divided into');
  builder.parameter('fold', 'NUMBER_INTEGER', training.fold, 'part that is not trained on');
  builder.parameter('seed', 'NUMBER_INTEGER', training.seed, 'seed of folds and training');
}
