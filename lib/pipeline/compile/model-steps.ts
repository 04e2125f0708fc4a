/** The steps that make the model: training on the cluster, the bundle of its best epoch, and the model repository. */
import { inputArtifact, inputParameter as input, outputArtifact, outputParameter } from '../ir/placeholders.js';
import type { Source, Step } from './builder.js';
import { jobCommand } from './cluster-commands.js';
import { places, runFiles, runKey, trainingParameters, volumeOf } from './data-steps.js';
import type { PipelineParams } from './params.js';

export const bundle: NonNullable<Step['artifacts']> = {
  bundle: { from: 'export', name: 'bundle', kind: 'system.Model' },
};

/** SHA-256 of the bundle, and its first digits, which name the folder of the repository. */
export const modelDigest: { readonly model_digest: Source; readonly model_key: Source } = {
  model_digest: { step: 'model-digest', output: 'model_digest' },
  model_key: { step: 'model-digest', output: 'model_key' },
};

export function modelSteps(params: PipelineParams): readonly Step[] {
  return [trainStep(params), exportStep(params), modelDigestStep(params), repositoryStep(params)];
}

/** The words of the training, which every pod of the job runs. */
function trainingWords({ data, training }: PipelineParams): readonly string[] {
  const start = training.operator === 'trainjob' ? ['torchrun'] : ['python3'];
  const options: readonly (readonly [string, string])[] = [
    ['--images', `${places.data}/${data.images}`],
    ['--index', runFiles.index],
    ['--metadata', `${places.data}/${data.metadata}`],
    ['--folds', runFiles.folds],
    ['--fold', input('fold')],
    ['--out', runFiles.folder],
    ['--backbone', input('backbone')],
    ['--size-px', input('size_px')],
    ['--epochs', input('epochs')],
    ['--batch', input('batch')],
    ['--rate', input('rate')],
    ['--negatives-per-positive', input('negatives_per_positive')],
    ['--best-by', input('best_by')],
    ['--seed', input('seed')],
  ];
  return [...start, '-m', 'train.lesions', 'train', ...options.flat(), ...training.extraArgs];
}

/** Applies the job and waits; the step fails when the job does. */
function trainStep(params: PipelineParams): Step {
  const { folds: _, ...chosen } = trainingParameters;
  return {
    name: 'train',
    image: params.images.tools,
    ...jobCommand(params, trainingWords(params)),
    parameters: {
      ...runKey,
      ...chosen,
      run_label: { parameter: 'run_label' },
      data_volume: { parameter: 'data_volume' },
      runs_volume: { parameter: 'runs_volume' },
    },
    after: ['folds', 'index'],
    labels: params.labels,
    // What the pods do by themselves has a deadline in the job; this one is for a cluster that never starts them.
    deadlineSeconds: params.training.deadlineSeconds + 3600,
    cached: false,
  };
}

function exportStep(params: PipelineParams): Step {
  const { model, images, labels } = params;
  return {
    name: 'export',
    image: images.trainer,
    command: ['python3', '-m', 'train.lesions', 'export'],
    args: [
      runFiles.folder,
      outputArtifact('bundle'),
      '--name',
      model.name,
      '--licence',
      model.licence,
      `--training-data=${model.trainingData}`,
    ],
    parameters: runKey,
    outputArtifacts: { bundle: 'system.Model' },
    volumes: { [places.runs]: volumeOf(params, 'runs') },
    after: ['train'],
    labels,
    cached: false,
  };
}

function modelDigestStep({ images, labels }: PipelineParams): Step {
  return {
    name: 'model-digest',
    image: images.tools,
    command: ['microtome', 'pipeline', 'digest'],
    args: [inputArtifact('bundle'), '--to', outputParameter('model_digest'), '--key-to', outputParameter('model_key')],
    artifacts: bundle,
    outputParameters: { model_digest: 'STRING', model_key: 'STRING' },
    labels,
    // Its outputs follow from the bundle alone.
    cached: true,
  };
}

/** A folder for each model, so that a service never sees one change below it. */
export const repositoryFolder: string = `repository-${input('model_key')}`;

function repositoryStep(params: PipelineParams): Step {
  return {
    name: 'repository',
    image: params.images.tools,
    command: ['microtome', 'model', 'repository'],
    args: [
      inputArtifact('bundle'),
      '--name',
      params.model.name,
      '--out',
      `${places.models}/${repositoryFolder}`,
      '--keep',
    ],
    parameters: { model_key: modelDigest.model_key },
    artifacts: bundle,
    volumes: { [places.models]: volumeOf(params, 'models') },
    labels: params.labels,
    cached: false,
  };
}
