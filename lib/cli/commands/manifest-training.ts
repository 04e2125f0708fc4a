/** microtome manifest pytorchjob, trainjob and experiment. */
import {
  experiment,
  pyTorchJob,
  trainJob,
  trainJobWithRuntime,
  type ExperimentOptions,
  type KubeObject,
  type PyTorchJob,
  type PyTorchJobOptions,
  type TrainerVersion,
  type TrainingRuntimeOptions,
  type TrainJob,
  type TrainJobOptions,
  type TuningParameter,
} from '../../kube/index.js';
import type { CommandSpec, OptionSpec, ParsedArgs } from '../args.js';
import type { CliIo } from '../io.js';
import { UsageError } from '../usage-error.js';
import { applyFlags, finish } from './manifest-finish.js';
import {
  endFlags,
  endOptions,
  objectFlags,
  objectOptions,
  podFlags,
  podOptions,
  programOf,
  queueFlags,
  queueOptions,
  trainerFlag,
} from './manifest-flags.js';

type Flags = Readonly<Record<string, OptionSpec>>;

const kRestarts = ['Always', 'OnFailure', 'Never', 'ExitCode'] as const;
const kCleaned = ['All', 'Running', 'None'] as const;

const retries: Flags = { retries: { kind: 'integer', help: 'restarts until it has failed (default 3)' } };
const pyTorchFlags: Flags = {
  workers: { kind: 'integer', help: 'processes beside the master, a pod each (default 1)' },
  'restart-policy': { kind: 'text', choices: kRestarts, help: 'what becomes of a pod that fails (default OnFailure)' },
  'clean-pods': {
    kind: 'text',
    choices: kCleaned,
    help: 'pods that are deleted at the end (default None: they keep their logs)',
  },
};
const trainFlags: Flags = {
  ...trainerFlag,
  nodes: { kind: 'integer', help: 'pods (default 1)' },
  'processes-per-node': {
    kind: 'text',
    value: 'N',
    help: 'processes in each pod; auto, cpu and gpu are for Trainer 2.1 (default 1)',
  },
  'cluster-runtime': {
    kind: 'text',
    value: 'NAME',
    help: "a ClusterTrainingRuntime, such as torch-distributed (default: a runtime of the job's own)",
  },
};
const common: Flags = { ...objectFlags, ...podFlags, ...retries, ...endFlags, ...queueFlags };

export const manifestPyTorchJobSpec: CommandSpec = {
  name: 'manifest pytorchjob',
  positionals: '-- <program> [argument…]',
  summary:
    "Print a PyTorchJob for Kubeflow's Training Operator. The program gets MASTER_ADDR, MASTER_PORT, WORLD_SIZE and RANK.",
  options: { ...common, ...pyTorchFlags, ...applyFlags },
};

export const manifestTrainJobSpec: CommandSpec = {
  name: 'manifest trainjob',
  positionals: '-- torchrun [argument…]',
  summary:
    'Print a TrainJob for Kubeflow Trainer, with its TrainingRuntime. Start the program with torchrun: it alone reads what Trainer sets.',
  options: { ...common, ...trainFlags, ...applyFlags },
};

export const manifestExperimentSpec: CommandSpec = {
  name: 'manifest experiment',
  positionals: '-- <program> [argument…]',
  summary: `Print an Experiment of Katib: trials of one training. Write '\${trialParameters.NAME}' where the value of a parameter belongs; the program prints lines such as pauc=0.1234.`,
  options: {
    ...common,
    trial: {
      kind: 'text',
      choices: ['pytorchjob', 'trainjob'],
      help: 'what a trial is (default pytorchjob); a trainjob needs --cluster-runtime',
    },
    parameter: {
      kind: 'text',
      isList: true,
      separator: '\n',
      value: 'NAME=MIN..MAX|A,B',
      help: 'a range of numbers, of whole ones with int: before it, or a list of words; may be given again (required)',
    },
    metric: { kind: 'text', help: 'name in the lines that a trial prints (default pauc)' },
    minimize: { kind: 'flag', help: 'smaller is better' },
    target: { kind: 'number', help: 'end when a trial gets there' },
    algorithm: { kind: 'text', help: 'how values are chosen (default random)' },
    trials: { kind: 'integer', help: 'trials (default 12)' },
    'parallel-trials': { kind: 'integer', help: 'trials at once (default 3)' },
    'max-failed-trials': { kind: 'integer', help: 'more failed trials end it (default 3)' },
    ...pyTorchFlags,
    ...trainFlags,
    ...applyFlags,
  },
};

export async function manifestPyTorchJob(args: ParsedArgs, io: CliIo): Promise<number> {
  return finish([pyTorchJobOf(args, manifestPyTorchJobSpec.name)], args, io);
}

function pyTorchJobOf(args: ParsedArgs, command: string): PyTorchJob {
  const options: PyTorchJobOptions = {
    ...objectOptions(args, command),
    ...podOptions(args, command),
    ...endOptions(args),
    ...queueOptions(args),
    command: programOf(args, command),
    workers: args.number('workers'),
    retries: args.number('retries'),
    restartPolicy: kRestarts.find((one) => one === args.text('restart-policy')),
    cleanPodPolicy: kCleaned.find((one) => one === args.text('clean-pods')),
  };
  return pyTorchJob(options);
}

const trainerOf = (args: ParsedArgs): TrainerVersion => (args.text('trainer') === '2.1' ? '2.1' : '2.2+');

export async function manifestTrainJob(args: ParsedArgs, io: CliIo): Promise<number> {
  const { name } = manifestTrainJobSpec;
  const objects: readonly KubeObject[] =
    args.text('cluster-runtime') === undefined
      ? trainJobWithRuntime(trainOptions(args, name))
      : [trainJobOf(args, name)];
  return finish(objects, args, io, trainerOf(args));
}

function trainOptions(args: ParsedArgs, command: string): Omit<TrainJobOptions, 'runtime'> & TrainingRuntimeOptions {
  const perNode = args.text('processes-per-node');
  return {
    ...objectOptions(args, command),
    ...podOptions(args, command),
    ...endOptions(args),
    ...queueOptions(args),
    command: programOf(args, command),
    trainer: trainerOf(args),
    nodes: args.number('nodes'),
    retries: args.number('retries'),
    processesPerNode: perNode === undefined ? undefined : /^\d+$/.test(perNode) ? Number(perNode) : (perNode as 'auto'),
  };
}

function trainJobOf(args: ParsedArgs, command: string): TrainJob {
  const name = args.required('cluster-runtime');
  for (const flag of ['retries', 'ttl-seconds'])
    if (args.value(flag) !== undefined)
      throw new UsageError(`--${flag} belongs to the runtime, and --cluster-runtime has its own`, command);
  return trainJob({ ...trainOptions(args, command), runtime: { name, kind: 'ClusterTrainingRuntime' } });
}

export async function manifestExperiment(args: ParsedArgs, io: CliIo): Promise<number> {
  const { name } = manifestExperimentSpec;
  const isTrainJob = args.text('trial') === 'trainjob';
  const others = Object.keys(isTrainJob ? pyTorchFlags : trainFlags);
  const foreign = others.find((flag) => args.value(flag) !== undefined);
  if (foreign !== undefined) throw new UsageError(`--${foreign} is not for trials of this kind`, name);
  const parameters = args.texts('parameter').map((text) => parameterOf(text, name));
  if (parameters.length === 0) throw new UsageError('--parameter is missing', name);
  const tuning = experiment({
    ...objectOptions(args, name),
    trial: isTrainJob ? trainJobOf(args, name) : pyTorchJobOf(args, name),
    parameters,
    metric: args.text('metric'),
    goal: args.flag('minimize') ? 'minimize' : undefined,
    target: args.number('target'),
    algorithm: args.text('algorithm') as ExperimentOptions['algorithm'],
    trials: args.number('trials'),
    parallelTrials: args.number('parallel-trials'),
    maxFailedTrials: args.number('max-failed-trials'),
    trainer: trainerOf(args),
  });
  return finish([tuning], args, io, trainerOf(args));
}

/** `rate=0.0001..0.01`, `layers=int:1..4`, `backbone=a,b`. */
function parameterOf(text: string, command: string): TuningParameter {
  const [, name, range = ''] = /^([A-Za-z][\w-]*)=(.+)$/.exec(text) ?? [];
  if (name === undefined) throw new UsageError('--parameter needs the form NAME=MIN..MAX or NAME=A,B', command);
  const [, int, min, max] = /^(int:)?(-?[\d.e+-]+?)\.\.(-?[\d.e+-]+)$/i.exec(range) ?? [];
  if (min === undefined || max === undefined) return { name, type: 'categorical', list: range.split(',') };
  return { name, type: int === undefined ? 'double' : 'int', min: Number(min), max: Number(max) };
}
