/** Training under Kubeflow Trainer, `trainer.kubeflow.org/v1alpha1`. */
import { MicrotomeError } from '../../core/errors.js';
import { checked } from '../checked.js';
import { shown } from '../checks/part.js';
import type { TrainerVersion } from '../checks/training.js';
import type { Json, TrainingRuntime, TrainJob } from '../objects.js';
import {
  containerOf,
  containerSecurity,
  envOf,
  mountsOf,
  podSettings,
  podTemplate,
  resourcesOf,
  type PodOptions,
} from '../pod.js';
import { objectOf, suspendOf, withoutUndefined, type ObjectOptions, type QueueOptions } from '../run.js';

const kApi = 'trainer.kubeflow.org/v1alpha1';
const kStepLabel = 'trainer.kubeflow.org/trainjob-ancestor-step';

/** What a runtime and a job have in common. */
export interface TrainerOptions extends ObjectOptions, PodOptions {
  /** Version of Kubeflow Trainer in the cluster; its fields changed with 2.2. @defaultValue '2.2+' */
  readonly trainer?: TrainerVersion | undefined;
  /** Pods, each with `processesPerNode` processes. @defaultValue 1 */
  readonly nodes?: number | undefined;
}

/** Options of {@link trainingRuntime}. */
export interface TrainingRuntimeOptions extends TrainerOptions {
  /** How often all pods are made again after a failure. @defaultValue 3 */
  readonly retries?: number | undefined;
  /** The pods are deleted so many seconds after the end. Left out: they stay. */
  readonly ttlSeconds?: number | undefined;
}

/** Options of {@link trainJob}. */
export interface TrainJobOptions extends TrainerOptions, QueueOptions {
  /** The runtime: one that `trainingRuntime` made, or one of the cluster, such as `torch-distributed`. */
  readonly runtime: { readonly name: string; readonly kind: 'TrainingRuntime' | 'ClusterTrainingRuntime' };
  /**
   * The program and its arguments; begin with `torchrun`, such as `['torchrun', '-m', 'train.lesions', 'train', …]`.
   * Trainer sets PET_* only, which torchrun turns into RANK and WORLD_SIZE.
   */
  readonly command: readonly string[];
  /** Processes in each pod: one for each GPU. A word, `auto`, `cpu` or `gpu`, is for Trainer 2.1. @defaultValue 1 */
  readonly processesPerNode?: number | 'auto' | 'cpu' | 'gpu' | undefined;
  /** The job has failed after so many seconds; for Trainer 2.2 and later. */
  readonly deadlineSeconds?: number | undefined;
}

/**
 * A TrainingRuntime of the project's own: the pods of a TrainJob with their volumes, rights and places, so that the job
 * needs no change of the cluster. Throws INVALID_OPTION.
 */
export function trainingRuntime(options: TrainingRuntimeOptions): TrainingRuntime {
  const { trainer = '2.2+', nodes = 1, retries = 3, ttlSeconds } = options;
  const container = containerOf(options, { name: 'node' });
  const template = podTemplate(options, 'training', container);
  return checked(
    // Of the two objects the job alone waits in a queue.
    objectOf(
      { ...options, queue: undefined },
      {
        apiVersion: kApi,
        kind: 'TrainingRuntime',
        component: 'training',
        word: 'runtime',
        spec: {
          mlPolicy: { numNodes: nodes, torch: trainer === '2.1' ? { numProcPerNode: 'auto' } : {} },
          template: {
            spec: {
              ...(ttlSeconds === undefined ? {} : { ttlSecondsAfterFinished: ttlSeconds }),
              failurePolicy: { maxRestarts: retries },
              replicatedJobs: [
                {
                  name: 'node',
                  replicas: 1,
                  // One pod that fails fails the job of all, which JobSet then makes again.
                  template: { metadata: { labels: { [kStepLabel]: 'trainer' } }, spec: { backoffLimit: 0, template } },
                },
              ],
            },
          },
        },
      },
    ),
    { trainer },
  );
}

/**
 * A TrainJob over a runtime that knows nothing of this run: the volumes, rights and places of its pods are in
 * `runtimePatches`, or for Trainer 2.1 in `podTemplateOverrides`, which has no rights: those are the runtime's. Throws
 * INVALID_OPTION, also for an option that neither can say.
 */
export function trainJob(options: TrainJobOptions): TrainJob {
  const { trainer = '2.2+' } = options;
  const unsaid = (['imagePullPolicy', 'priorityClass'] as const).filter((name) => options[name] !== undefined);
  const names = trainer === '2.1' && options.userId !== undefined ? [...unsaid, 'userId'] : unsaid;
  if (names.length > 0) {
    const found = `TrainJob: ${names.join(' and ')} cannot be changed in a job over the runtime ${shown(options.runtime.name)}`;
    const advice = "leave it out, or use trainJobWithRuntime, whose runtime is the run's own";
    throw new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
  }
  return jobOf(options, patches(options, trainer));
}

/** `patched`: what the runtime lacks. */
function jobOf(options: TrainJobOptions, patched: object): TrainJob {
  const { trainer = '2.2+', runtime, nodes = 1, processesPerNode = 1, deadlineSeconds, command } = options;
  const suspend = suspendOf(options);
  return checked(
    objectOf(options, {
      apiVersion: kApi,
      kind: 'TrainJob',
      component: 'training',
      word: 'train',
      spec: {
        runtimeRef: { apiGroup: 'trainer.kubeflow.org', kind: runtime.kind, name: runtime.name },
        trainer: {
          image: options.image,
          command,
          env: envOf(options),
          numNodes: nodes,
          numProcPerNode: processesPerNode,
          ...withResources(options),
        },
        ...(suspend === undefined ? {} : { suspend }),
        ...(deadlineSeconds === undefined ? {} : { activeDeadlineSeconds: deadlineSeconds }),
        ...patched,
      },
    }),
    { trainer },
  );
}

/**
 * A TrainingRuntime and the TrainJob that uses it: apply both, in this order. Throws INVALID_OPTION.
 *
 * @example
 * ```ts
 * const [runtime, job] = trainJobWithRuntime({
 *   run: 'isic-1',
 *   image: 'registry.example.org/microtome-trainer:0.1.0',
 *   command: ['torchrun', '-m', 'train.lesions', 'train', '--images', '/data/train-image.hdf5', '--out', '/runs/1'],
 *   nodes: 2,
 *   claims: [{ claim: 'isic-data', path: '/data' }, { claim: 'isic-runs', path: '/runs' }],
 * });
 * ```
 */
export function trainJobWithRuntime(
  options: Omit<TrainJobOptions, 'runtime'> & TrainingRuntimeOptions,
): [TrainingRuntime, TrainJob] {
  const runtime = trainingRuntime(options);
  const { name = '' } = runtime.metadata;
  return [runtime, jobOf({ ...options, runtime: { name, kind: 'TrainingRuntime' } }, {})];
}

function withResources(options: PodOptions): object {
  const resources = resourcesOf(options.resources);
  return resources === undefined ? {} : { resourcesPerNode: resources };
}

/** What a runtime of the cluster lacks, in the words of the version. */
function patches(options: TrainJobOptions, trainer: TrainerVersion): object {
  const { volumes, nodeSelector, tolerations, serviceAccountName, imagePullSecrets, securityContext } =
    podSettings(options);
  const { volumeMounts } = mountsOf(options);
  const { metadata } = podTemplate(options, 'training', { name: 'node', image: options.image });
  const places = { volumes, nodeSelector, tolerations, serviceAccountName, imagePullSecrets };
  if (trainer === '2.1') {
    // Rights cannot be said in this version: the runtime of the cluster has them.
    const spec = { ...places, containers: [{ name: 'node', volumeMounts }] };
    return withoutUndefined({ podTemplateOverrides: [{ targetJobs: [{ name: 'node' }], metadata, spec }] });
  }
  const containers = [{ name: 'node', volumeMounts, securityContext: containerSecurity }];
  const template = { metadata, spec: { ...places, securityContext, containers } };
  const replicatedJobs = [{ name: 'node', template: { spec: { template } } }];
  const trainingRuntimeSpec = { template: { spec: { replicatedJobs } } };
  return withoutUndefined({ runtimePatches: [{ manager: kManager, trainingRuntimeSpec } as unknown as Json] });
}

/** Who wrote a patch; others may add theirs beside it. */
const kManager = 'microtome/manifest';
