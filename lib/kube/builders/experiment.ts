/** Katib: many trials of one training with other parameters. */
import { MicrotomeError } from '../../core/errors.js';
import { checked } from '../checked.js';
import { shown } from '../checks/part.js';
import type { TrainerVersion } from '../checks/training.js';
import type { Experiment, Job, Json, KubeObject, PyTorchJob, TrainJob } from '../objects.js';
import { objectOf, type ObjectOptions } from '../run.js';

/** A parameter that Katib chooses for each trial. */
export type TuningParameter =
  | {
      readonly name: string;
      readonly type: 'double' | 'int';
      readonly min: number;
      readonly max: number;
      readonly step?: number | undefined;
      readonly distribution?: 'uniform' | 'logUniform' | undefined;
    }
  | {
      readonly name: string;
      readonly type: 'categorical' | 'discrete';
      readonly list: readonly (string | number)[];
    };

/** Options of {@link experiment}. */
export interface ExperimentOptions extends ObjectOptions {
  /**
   * One trial: a PyTorchJob, a TrainJob or a Job. Its arguments hold `${trialParameters.NAME}` where the value of a
   * parameter belongs, and it prints lines such as `pauc=0.1234`.
   */
  readonly trial: PyTorchJob | TrainJob | Job;
  readonly parameters: readonly TuningParameter[];
  /** Name before `=` in the lines that a trial prints. @defaultValue 'pauc' */
  readonly metric?: string | undefined;
  /** @defaultValue 'maximize' */
  readonly goal?: 'maximize' | 'minimize' | undefined;
  /** The experiment ends when a trial gets there. */
  readonly target?: number | undefined;
  /** Other names that are kept. */
  readonly otherMetrics?: readonly string[] | undefined;
  /** @defaultValue 'random' */
  readonly algorithm?:
    | 'random'
    | 'grid'
    | 'bayesianoptimization'
    | 'tpe'
    | 'multivariate-tpe'
    | 'cmaes'
    | 'sobol'
    | 'hyperband'
    | undefined;
  /** @defaultValue 12 */
  readonly trials?: number | undefined;
  /** @defaultValue 3 */
  readonly parallelTrials?: number | undefined;
  /** @defaultValue 3 */
  readonly maxFailedTrials?: number | undefined;
  /** Keeps the objects of a trial after its end. @defaultValue false */
  readonly retain?: boolean | undefined;
  /** Version of Kubeflow Trainer that a TrainJob is for. @defaultValue '2.2+' */
  readonly trainer?: TrainerVersion | undefined;
}

const kSucceeded = 'status.conditions.#(type=="Succeeded")#|#(status=="True")#';
const kComplete = 'status.conditions.#(type=="Complete")#|#(status=="True")#';
const kFailed = 'status.conditions.#(type=="Failed")#|#(status=="True")#';

/** How Katib finds the container whose lines it reads. */
const kTrials = {
  PyTorchJob: {
    container: 'pytorch',
    labels: { 'training.kubeflow.org/job-role': 'master' },
    success: kSucceeded,
  },
  // The pod with index 0 of the job is rank 0.
  TrainJob: { container: 'node', labels: { 'batch.kubernetes.io/job-completion-index': '0' }, success: kComplete },
  Job: { container: null, labels: {}, success: kComplete },
} as const;

/**
 * An Experiment of Katib over a PyTorchJob, a TrainJob or a Job. For TrainJobs Katib's controller must be started with
 * `TrainJob.v1alpha1.trainer.kubeflow.org` among its trial resources. Throws INVALID_OPTION.
 *
 * @example
 * ```ts
 * const trial = pyTorchJob({
 *   run: 'tune-1',
 *   image: 'registry.example.org/microtome-trainer:0.1.0',
 *   command: ['python3', '-m', 'train.lesions', 'train', '--rate', '${trialParameters.rate}', '--out', '/tmp/run'],
 * });
 * const tuning = experiment({ run: 'tune-1', trial, parameters: [{ name: 'rate', type: 'double', min: 1e-4, max: 1e-2 }] });
 * ```
 */
export function experiment(options: ExperimentOptions): Experiment {
  const { metric = 'pauc', goal = 'maximize', target, otherMetrics, algorithm = 'random' } = options;
  const { trials = 12, parallelTrials = 3, maxFailedTrials = 3, retain, trial, parameters, trainer } = options;
  if (!Object.hasOwn(kTrials, trial.kind)) {
    const found = `Experiment: a trial is ${shown(trial.kind)}, expected ${Object.keys(kTrials).join(', ')}`;
    throw new MicrotomeError('INVALID_OPTION', 'options', found);
  }
  const { container, labels, success } = kTrials[trial.kind];
  return checked(
    objectOf(options, {
      apiVersion: 'kubeflow.org/v1beta1',
      kind: 'Experiment',
      component: 'tuning',
      word: 'tune',
      spec: {
        objective: {
          type: goal,
          ...(target === undefined ? {} : { goal: target }),
          objectiveMetricName: metric,
          ...(otherMetrics === undefined ? {} : { additionalMetricNames: otherMetrics }),
        },
        algorithm: { algorithmName: algorithm },
        parallelTrialCount: parallelTrials,
        maxTrialCount: trials,
        maxFailedTrialCount: maxFailedTrials,
        parameters: parameters.map(parameterOf),
        metricsCollectorSpec: { collector: { kind: 'StdOut' } },
        trialTemplate: {
          primaryContainerName: container ?? firstContainer(trial),
          primaryPodLabels: labels,
          successCondition: success,
          failureCondition: kFailed,
          ...(retain === undefined ? {} : { retain }),
          trialParameters: parameters.map(({ name }) => ({ name, reference: name })),
          trialSpec: unnamed(trial),
        },
      },
    }),
    { trainer },
  );
}

function firstContainer(trial: PyTorchJob | TrainJob | Job): string {
  return trial.kind === 'Job' ? (trial.spec.template.spec.containers[0]?.name ?? '') : '';
}

/** Katib names the trials. */
function unnamed(trial: KubeObject): KubeObject {
  const { name: _, namespace: __, ...metadata } = trial.metadata;
  return { ...trial, metadata };
}

/** Katib takes numbers as text. */
function parameterOf(parameter: TuningParameter): Experiment['spec']['parameters'][number] {
  const { name, type } = parameter;
  return { name, parameterType: type, feasibleSpace: spaceOf(parameter) };
}

function spaceOf(parameter: TuningParameter): Record<string, Json> {
  if ('list' in parameter) return { list: parameter.list.map(String) };
  const { min, max, step, distribution } = parameter;
  return {
    min: String(min),
    max: String(max),
    ...(step === undefined ? {} : { step: String(step) }),
    ...(distribution === undefined ? {} : { distribution }),
  };
}
