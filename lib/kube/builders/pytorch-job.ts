/** Training under Kubeflow's Training Operator, `kubeflow.org/v1`. */
import { checked } from '../checked.js';
import type { PyTorchJob, ReplicaSpec } from '../objects.js';
import { containerOf, podTemplate, type PodOptions } from '../pod.js';
import { objectOf, suspendOf, type ObjectOptions, type QueueOptions } from '../run.js';

/** Options of {@link pyTorchJob}. */
export interface PyTorchJobOptions extends ObjectOptions, QueueOptions, PodOptions {
  /**
   * The program and its arguments, the same in every pod, such as `['python3', '-m', 'train.lesions', 'train', …]`. It
   * gets MASTER_ADDR, MASTER_PORT, WORLD_SIZE and RANK.
   */
  readonly command: readonly string[];
  /** Processes beside the first one, a pod each. 0: the job has one pod, the master. @defaultValue 1 */
  readonly workers?: number | undefined;
  /**
   * `OnFailure`: a container that fails starts again in its pod. `ExitCode`: a pod is made again after an exit code of
   * 128 or more, as of a process that was killed; any other failure ends the job. @defaultValue 'OnFailure'
   */
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never' | 'ExitCode' | undefined;
  /** Restarts until the job has failed. @defaultValue 3 */
  readonly retries?: number | undefined;
  /** The job has failed after so many seconds. */
  readonly deadlineSeconds?: number | undefined;
  /** The job is deleted so many seconds after its end, with its pods and their logs. Left out: it stays. */
  readonly ttlSeconds?: number | undefined;
  /** Which pods are deleted at the end: `None` keeps all, with their logs. @defaultValue 'None' */
  readonly cleanPodPolicy?: 'All' | 'Running' | 'None' | undefined;
}

/**
 * A PyTorchJob with a master and workers. Throws INVALID_OPTION for what the cluster or the operator's webhook would
 * refuse.
 *
 * @example
 * ```ts
 * const job = pyTorchJob({
 *   run: 'isic-1',
 *   image: 'registry.example.org/microtome-trainer:0.1.0',
 *   command: ['python3', '-m', 'train.lesions', 'train', '--images', '/data/train-image.hdf5', '--out', '/runs/1'],
 *   claims: [{ claim: 'isic-data', path: '/data' }, { claim: 'isic-runs', path: '/runs' }],
 *   resources: { cpu: '4', memory: '16Gi', gpus: 1 },
 *   sharedMemory: '2Gi',
 * });
 * ```
 */
export function pyTorchJob(options: PyTorchJobOptions): PyTorchJob {
  const { workers = 1, retries = 3, deadlineSeconds, ttlSeconds, cleanPodPolicy = 'None' } = options;
  const suspend = suspendOf(options);
  return checked(
    objectOf(options, {
      apiVersion: 'kubeflow.org/v1',
      kind: 'PyTorchJob',
      component: 'training',
      word: 'train',
      spec: {
        runPolicy: {
          cleanPodPolicy,
          backoffLimit: retries,
          ...(deadlineSeconds === undefined ? {} : { activeDeadlineSeconds: deadlineSeconds }),
          ...(ttlSeconds === undefined ? {} : { ttlSecondsAfterFinished: ttlSeconds }),
          ...(suspend === undefined ? {} : { suspend }),
        },
        pytorchReplicaSpecs: {
          Master: replicas(options, 1),
          ...(workers === 0 ? {} : { Worker: replicas(options, workers) }),
        },
      },
    }),
  );
}

function replicas(options: PyTorchJobOptions, count: number): ReplicaSpec {
  const container = containerOf(options, { name: 'pytorch', command: options.command });
  const { restartPolicy = 'OnFailure' } = options;
  return { replicas: count, restartPolicy, template: podTemplate(options, 'training', container) };
}
