/** Scoring on many machines: an Indexed Job, one index for each shard. */
import { checked } from '../checked.js';
import type { Job, PodFailureRule } from '../objects.js';
import { containerOf, podTemplate, type PodOptions } from '../pod.js';
import { objectOf, suspendOf, type ObjectOptions, type QueueOptions } from '../run.js';

/** Options of {@link scoreJob}. */
export interface ScoreJobOptions extends ObjectOptions, QueueOptions, PodOptions {
  /** What `microtome score` reads: folders, slides, an HDF5 file, in the container or by address. */
  readonly inputs: readonly string[];
  /** The model, in the container: a bundle, an .onnx file or a name. */
  readonly model: string;
  /** Folder in the container that all pods write their parts to; it must outlive them, so it is in a claim. */
  readonly out: string;
  /** Parts that the work is divided into. Choose it so that one takes 15 to 60 minutes. */
  readonly shards: number;
  /** Pods at once. @defaultValue as many as shards, at most 100 */
  readonly parallelism?: number | undefined;
  /** More arguments of `microtome score`, such as `['--metadata', '/data/test_metadata.csv']`. */
  readonly scoreArguments?: readonly string[] | undefined;
  /** How often a shard is tried again after an end that another try may mend. @defaultValue 3 */
  readonly retriesPerShard?: number | undefined;
  /** More failed shards end the job. Left out: every shard gets its tries. */
  readonly maxFailedShards?: number | undefined;
  /** The job has failed after so many seconds. */
  readonly deadlineSeconds?: number | undefined;
  /** The job is deleted so many seconds after its end, with its pods and their logs. Left out: it stays. */
  readonly ttlSeconds?: number | undefined;
  /** Seconds between SIGTERM and SIGKILL. @defaultValue 60 */
  readonly graceSeconds?: number | undefined;
}

/** Name of the container of a scoring pod. */
export const scorerContainer = 'scorer';

/**
 * What the exit codes of a shard of `microtome score` mean. Every other code, such as 75 (may be gone in a while), 1 (the
 * work failed), 130 (interrupted) or 137 (killed, often for memory), is tried again. 0 is a part that is there, also one
 * with rows that failed: the merge tells them.
 */
export const scoreExitCodes = {
  /** The command line, the model, the tables or the folder of inputs: wrong for all shards. */
  configuration: [2, 4],
  /** What this shard alone reads cannot be scored: another try would end as this one. */
  input: [5],
} as const;

/**
 * The rules of a scoring job, the first that fits counts. A pod that the cluster took away (drained node, preemption) is
 * no failure of the shard.
 */
const rules: readonly PodFailureRule[] = [
  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  exitRule('FailJob', scoreExitCodes.configuration),
  exitRule('FailIndex', scoreExitCodes.input),
];

function exitRule(action: PodFailureRule['action'], values: readonly number[]): PodFailureRule {
  return { action, onExitCodes: { containerName: scorerContainer, operator: 'In', values } };
}

/**
 * An Indexed Job that runs `microtome score … --shard-index I --shard-count N --out DIR` for each shard. A shard that is
 * tried again goes on where the other try stopped. Afterwards `microtome merge DIR` joins the parts. Needs Kubernetes 1.33,
 * or 1.29 with what is beta there. Throws INVALID_OPTION.
 *
 * @example
 * ```ts
 * const job = scoreJob({
 *   run: 'cohort-7',
 *   image: 'registry.example.org/microtome-scorer:0.1.0',
 *   inputs: ['/data/slides'],
 *   model: '/data/my-bundle',
 *   out: '/out/parts',
 *   shards: 8,
 *   parallelism: 2,
 *   claims: [{ claim: 'slides', path: '/data', readOnly: true }, { claim: 'scores', path: '/out' }],
 *   resources: { cpu: '4', memory: '8Gi' },
 * });
 * ```
 */
export function scoreJob(options: ScoreJobOptions): Job {
  const { shards, parallelism = Math.min(shards, 100), retriesPerShard = 3, maxFailedShards } = options;
  const { deadlineSeconds, ttlSeconds, graceSeconds = 60 } = options;
  const suspend = suspendOf(options);
  const container = containerOf(options, { name: scorerContainer, command: commandOf(options) });
  const { metadata, spec } = podTemplate(options, 'scoring', container, 'Never');
  return checked(
    objectOf(options, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      component: 'scoring',
      word: 'score',
      spec: {
        completionMode: 'Indexed',
        completions: shards,
        parallelism,
        backoffLimitPerIndex: retriesPerShard,
        ...(maxFailedShards === undefined ? {} : { maxFailedIndexes: maxFailedShards }),
        podFailurePolicy: { rules },
        ...(deadlineSeconds === undefined ? {} : { activeDeadlineSeconds: deadlineSeconds }),
        ...(ttlSeconds === undefined ? {} : { ttlSecondsAfterFinished: ttlSeconds }),
        ...(suspend === undefined ? {} : { suspend }),
        template: {
          ...(metadata === undefined ? {} : { metadata }),
          spec: { ...spec, terminationGracePeriodSeconds: graceSeconds },
        },
      },
    }),
  );
}

/** The kubelet puts the value of the variable in the place of `$(JOB_COMPLETION_INDEX)`. */
function commandOf({ inputs, model, out, shards, scoreArguments = [] }: ScoreJobOptions): string[] {
  return [
    'microtome',
    'score',
    ...inputs,
    ...['--model', model],
    ...['--shard-index', '$(JOB_COMPLETION_INDEX)'],
    ...['--shard-count', String(shards)],
    ...['--out', out],
    ...scoreArguments,
  ];
}
