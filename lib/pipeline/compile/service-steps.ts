/** The last steps: the service, the scores of the test, and the check of their table. */
import { inputArtifact, outputArtifact } from '../ir/placeholders.js';
import type { Source, Step } from './builder.js';
import { serviceCommand } from './cluster-commands.js';
import { places, volumeOf } from './data-steps.js';
import { bundle, modelDigest, repositoryFolder } from './model-steps.js';
import type { PipelineParams } from './params.js';

export function serviceSteps(params: PipelineParams): readonly Step[] {
  const deploy = params.serving === null ? [] : [deployStep(params)];
  return [...deploy, scoreStep(params), checkStep(params)];
}

/** Applies the service and waits until it answers. */
function deployStep(params: PipelineParams): Step {
  return {
    name: 'deploy',
    image: params.images.tools,
    ...serviceCommand(params, repositoryFolder),
    parameters: {
      model_key: modelDigest.model_key,
      run_label: { parameter: 'run_label' },
      models_volume: { parameter: 'models_volume' },
    },
    after: ['repository'],
    labels: params.labels,
    deadlineSeconds: (params.serving?.deadlineSeconds ?? 0) + 600,
    cached: false,
  };
}

/** The digests are inputs so that KFP's cache has them: the same model on the same data gives the same table. */
const keys: { readonly data_digest: Source; readonly model_digest: Source } = {
  data_digest: { step: 'digest', output: 'data_digest' },
  model_digest: modelDigest.model_digest,
};

function scoreStep(params: PipelineParams): Step {
  const { data, images, scoring, serving, labels } = params;
  return {
    name: 'score',
    image: images.tools,
    command: ['microtome', 'score'],
    args: [
      `${places.data}/${data.testImages}`,
      '--preset',
      scoring.preset,
      '--model',
      inputArtifact('bundle'),
      '--format',
      `${places.data}/${data.sampleSubmission}`,
      '--out',
      outputArtifact('submission'),
      ...scoring.args,
    ],
    parameters: { ...keys },
    artifacts: bundle,
    outputArtifacts: { submission: 'system.Dataset' },
    volumes: { [places.data]: volumeOf(params, 'data') },
    after: serving === null ? [] : ['deploy'],
    labels,
    cached: true,
  };
}

function checkStep(params: PipelineParams): Step {
  const { data, images, labels, scoring } = params;
  return {
    name: 'check',
    image: images.tools,
    command: ['microtome', 'evaluate'],
    args: [
      inputArtifact('submission'),
      '--preset',
      scoring.preset,
      '--format',
      `${places.data}/${data.sampleSubmission}`,
    ],
    parameters: { data_digest: keys.data_digest },
    artifacts: { submission: { from: 'score', name: 'submission', kind: 'system.Dataset' } },
    volumes: { [places.data]: volumeOf(params, 'data') },
    labels,
    cached: true,
  };
}
