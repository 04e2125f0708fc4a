/** The first steps: volumes, the data, their digest, where each image is, and the folds. */
import { createVolumeImage } from '../ir/volumes.js';
import { inputParameter as input, outputParameter } from '../ir/placeholders.js';
import type { Source, Step } from './builder.js';
import type { PipelineParams, VolumeParams } from './params.js';

/** Where the volumes are in every container. */
export const places: { readonly data: string; readonly runs: string; readonly models: string } = {
  data: '/data',
  runs: '/runs',
  models: '/models',
};

/** Parameters of a run that decide what comes out of a training. */
export const trainingParameters: Readonly<Record<string, Source>> = {
  backbone: { parameter: 'backbone' },
  size_px: { parameter: 'size_px', type: 'NUMBER_INTEGER' },
  epochs: { parameter: 'epochs', type: 'NUMBER_INTEGER' },
  batch: { parameter: 'batch', type: 'NUMBER_INTEGER' },
  rate: { parameter: 'rate', type: 'NUMBER_DOUBLE' },
  negatives_per_positive: { parameter: 'negatives_per_positive', type: 'NUMBER_DOUBLE' },
  best_by: { parameter: 'best_by' },
  folds: { parameter: 'folds', type: 'NUMBER_INTEGER' },
  fold: { parameter: 'fold', type: 'NUMBER_INTEGER' },
  seed: { parameter: 'seed', type: 'NUMBER_INTEGER' },
};

const volumeNames = ['data', 'runs', 'models'] as const;

/** KFP makes a claim itself where a step has its image. */
export function volumeSteps({ volumes }: PipelineParams): readonly Step[] {
  return volumeNames.filter((name) => volumes[name].create).map((name) => volumeStep(name, volumes[name]));
}

function volumeStep(name: string, { size, storageClass, accessMode }: VolumeParams): Step {
  return {
    name: `create-${name}-volume`,
    image: createVolumeImage,
    command: [],
    parameters: {
      pvc_name: { parameter: `${name}_volume` },
      size: { constant: size },
      access_modes: { constant: [accessMode], type: 'LIST' },
      ...(storageClass === '' ? {} : { storage_class_name: { constant: storageClass } }),
    },
    outputParameters: { name: 'STRING' },
    // An earlier run's claim may have been deleted since.
    cached: false,
  };
}

/** The claim of a volume: what its step gives, so that nothing mounts it before it is there; else the run's parameter. */
export function volumeOf({ volumes }: PipelineParams, name: (typeof volumeNames)[number]): Source {
  return volumes[name].create ? { step: `create-${name}-volume`, output: 'name' } : { parameter: `${name}_volume` };
}

export function dataSteps(params: PipelineParams): readonly Step[] {
  const fetched = params.download === null ? [] : [downloadStep(params)];
  return [...fetched, digestStep(params), indexStep(params), foldsStep(params)];
}

const inData = (name: string): string => `${places.data}/${name}`;

function downloadStep(params: PipelineParams): Step {
  const { download, labels } = params;
  if (download === null) throw new Error('no download');
  const { image, command, args, secret, retries } = download;
  return {
    name: 'download',
    image,
    command,
    args,
    volumes: { [places.data]: volumeOf(params, 'data') },
    secret: secret === undefined ? undefined : { name: { constant: secret.name }, keys: secret.keys },
    labels,
    retries,
    // It leaves files in a volume, which may be another one in the next run.
    cached: false,
  };
}

/** The digest names the data in every later step, so that a step with other data has other inputs. */
function digestStep(params: PipelineParams): Step {
  const { data, images, training, labels } = params;
  const files = [data.images, data.metadata, data.testImages, data.sampleSubmission].map(inData);
  const withs = Object.keys(trainingParameters).map((name) => `--with=${name}=${input(name)}`);
  return {
    name: 'digest',
    image: images.tools,
    command: ['microtome', 'pipeline', 'digest'],
    args: [
      ...files,
      `--expect=${input('data_digest')}`,
      ...withs,
      `--with=args=${JSON.stringify(training.extraArgs)}`,
      '--to',
      outputParameter('data_digest'),
      '--key-to',
      outputParameter('run_key'),
    ],
    parameters: { ...trainingParameters, data_digest: { parameter: 'data_digest' } },
    outputParameters: { data_digest: 'STRING', run_key: 'STRING' },
    volumes: { [places.data]: volumeOf(params, 'data') },
    after: params.download === null ? [] : ['download'],
    labels,
    cached: false,
  };
}

/** Of the digest step: it stands for the data and for everything that a training is told. */
export const runKey: Readonly<Record<string, Source>> = { run_key: { step: 'digest', output: 'run_key' } };

/** Files of one training, side by side in the volume of runs. */
export const runFiles: { readonly index: string; readonly folds: string; readonly folder: string } = {
  index: `${places.runs}/${input('run_key')}.index.json`,
  folds: `${places.runs}/${input('run_key')}.folds.json`,
  folder: `${places.runs}/${input('run_key')}`,
};

function indexStep(params: PipelineParams): Step {
  return {
    name: 'index',
    image: params.images.tools,
    command: ['microtome', 'pipeline', 'index'],
    args: [inData(params.data.images), '--to', runFiles.index],
    parameters: runKey,
    volumes: { [places.data]: volumeOf(params, 'data'), [places.runs]: volumeOf(params, 'runs') },
    labels: params.labels,
    cached: false,
  };
}

function foldsStep(params: PipelineParams): Step {
  return {
    name: 'folds',
    image: params.images.trainer,
    command: ['python3', '-m', 'train.lesions', 'folds'],
    args: [inData(params.data.metadata), runFiles.folds, '--count', input('folds'), '--seed', input('seed')],
    parameters: { ...runKey, ...pick('folds', 'seed') },
    volumes: { [places.data]: volumeOf(params, 'data'), [places.runs]: volumeOf(params, 'runs') },
    labels: params.labels,
    cached: false,
  };
}

/** Some of the parameters of the training. */
export function pick(...names: readonly string[]): Record<string, Source> {
  return Object.fromEntries(Object.entries(trainingParameters).filter(([name]) => names.includes(name)));
}
