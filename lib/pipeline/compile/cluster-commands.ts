/** Commands of steps that have a cluster do something: `microtome manifest … --apply --wait`. */
import { contentHash, pipelineAnnotation } from '../../kube/run.js';
import { inputParameter as input } from '../ir/placeholders.js';
import { places } from './data-steps.js';
import type { PipelineParams } from './params.js';

interface Command {
  readonly command: readonly string[];
  readonly args: readonly string[];
}

/** What tells pipelines of one name apart: all that this one is made from. */
export function pipelineId(params: PipelineParams): string {
  return `${params.name}-${contentHash(params)}`;
}

/** Flags of every object: whose it is. */
function commonFlags(params: PipelineParams): readonly string[] {
  const { labels, namespace } = params;
  const own = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  const made = ['--annotation', `${pipelineAnnotation}=${pipelineId(params)}`];
  return ['--run', input('run_label'), ...(namespace === undefined ? [] : ['--namespace', namespace]), ...own, ...made];
}

/** The job that trains. Its name comes from its content, so that the same training is the same job. */
export function jobCommand(params: PipelineParams, words: readonly string[]): Command {
  const { training, images, queue, ttlSecondsAfterFinished } = params;
  const { operator, nodes, gpusPerNode, trainerVersion } = training;
  const env = Object.entries(training.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const processes = ['--processes-per-node', String(Math.max(1, gpusPerNode))];
  const pods =
    operator === 'pytorchjob'
      ? ['--workers', String(nodes - 1)]
      : ['--nodes', String(nodes), ...processes, '--trainer', trainerVersion];
  return {
    command: ['microtome', 'manifest', operator],
    args: [
      ...commonFlags(params),
      '--image',
      images.trainer,
      ...pods,
      ...(gpusPerNode === 0 ? [] : ['--gpus', String(gpusPerNode)]),
      '--cpu',
      training.cpu,
      '--memory',
      training.memory,
      '--shared-memory',
      training.sharedMemory,
      '--claim',
      `${input('data_volume')}=${places.data}:ro`,
      '--claim',
      `${input('runs_volume')}=${places.runs}`,
      ...env,
      '--deadline-seconds',
      String(training.deadlineSeconds),
      '--ttl-seconds',
      String(ttlSecondsAfterFinished),
      ...(queue === '' ? [] : ['--queue', queue]),
      '--apply',
      '--wait',
      '--',
      ...words,
    ],
  };
}

/** The service: our server on the bundle in the folder of the repository. */
export function serviceCommand(params: PipelineParams, folder: string): Command {
  const { serving, images, model } = params;
  if (serving === null) throw new Error('no service');
  return {
    command: ['microtome', 'manifest', 'inferenceservice'],
    args: [
      ...commonFlags(params),
      '--name',
      serving.name,
      '--image',
      images.server,
      '--claim',
      `${input('models_volume')}=${places.models}:ro`,
      '--model',
      `${places.models}/${folder}/${model.name}/1`,
      '--min-replicas',
      String(serving.minReplicas),
      '--max-replicas',
      String(serving.maxReplicas),
      '--apply',
      '--wait',
      '--wait-seconds',
      String(serving.deadlineSeconds),
    ],
  };
}
