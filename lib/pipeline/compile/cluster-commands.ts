/** Commands of steps that have a cluster do something: `microtome manifest … --apply --wait`. */
import { inputParameter as input } from '../ir/placeholders.js';
import { places } from './data-steps.js';
import type { PipelineParams } from './params.js';

interface Command {
  readonly command: readonly string[];
  readonly args: readonly string[];
}

/** Flags of every object: whose it is. */
function commonFlags({ labels, namespace }: PipelineParams): readonly string[] {
  const own = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  return ['--run', input('run_label'), ...(namespace === undefined ? [] : ['--namespace', namespace]), ...own];
}

/** The job that trains. Its name comes from its content, so that the same training is the same job. */
export function jobCommand(params: PipelineParams, words: readonly string[]): Command {
  const { training, images, queue, ttlSecondsAfterFinished } = params;
  const env = Object.entries(training.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  return {
    command: ['microtome', 'manifest', training.operator],
    args: [
      ...commonFlags(params),
      '--image',
      images.trainer,
      '--nodes',
      String(training.nodes),
      ...(training.gpusPerNode === 0 ? [] : ['--gpus', String(training.gpusPerNode)]),
      '--cpu',
      training.cpu,
      '--memory',
      training.memory,
      '--shared-memory',
      training.sharedMemory,
      '--claim',
      `${input('data_volume')}:${places.data}:ro`,
      '--claim',
      `${input('runs_volume')}:${places.runs}`,
      ...env,
      '--deadline',
      String(training.deadlineSeconds),
      '--ttl',
      String(ttlSecondsAfterFinished),
      ...(queue === '' ? [] : ['--queue', queue]),
      '--apply',
      '--wait',
      '--timeout',
      String(training.deadlineSeconds),
      '--',
      ...words,
    ],
  };
}

/** The service: our server on the folder of the repository. */
export function serviceCommand(params: PipelineParams, folder: string): Command {
  const { serving, images } = params;
  if (serving === null) throw new Error('no service');
  return {
    command: ['microtome', 'manifest', 'inferenceservice'],
    args: [
      ...commonFlags(params),
      '--name',
      serving.name,
      '--image',
      images.server,
      '--storage',
      `pvc://${input('models_volume')}/${folder}`,
      '--min-replicas',
      String(serving.minReplicas),
      '--max-replicas',
      String(serving.maxReplicas),
      '--apply',
      '--wait',
      '--timeout',
      String(serving.deadlineSeconds),
    ],
  };
}
