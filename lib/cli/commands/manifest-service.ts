/** microtome manifest inferenceservice: microtome serve, or Triton. */
import { inferenceService, tritonService } from '../../kube/index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import type { CliIo } from '../io.js';
import { UsageError } from '../usage-error.js';
import { applyFlags, finish } from './manifest-finish.js';
import { objectFlags, objectOptions, podFlags, podOptions } from './manifest-flags.js';

const kModes = ['RawDeployment', 'Standard', 'Serverless', 'Knative'] as const;

export const manifestServiceSpec: CommandSpec = {
  name: 'manifest inferenceservice',
  positionals: '',
  summary:
    'Print an InferenceService of KServe that runs microtome serve; with --triton-repository it runs NVIDIA Triton. Options of microtome serve follow after two dashes.',
  options: {
    ...objectFlags,
    model: {
      kind: 'text',
      value: 'M',
      help: 'the model, in the container (required, but not with --triton-repository)',
    },
    port: { kind: 'integer', help: 'port of the container (default 8080)' },
    'triton-repository': {
      kind: 'text',
      value: 'URI',
      help: 'model repository for Triton, such as pvc://claim/folder',
    },
    'triton-version': {
      kind: 'text',
      value: 'TAG',
      help: "tag of Triton's image, such as 24.06-py3 (with --triton-repository)",
    },
    'min-replicas': { kind: 'integer', help: 'pods at least (default 1)' },
    'max-replicas': { kind: 'integer', help: 'pods at most (default 1)' },
    'timeout-seconds': { kind: 'integer', help: "for one request (default: KServe's, 60)" },
    mode: { kind: 'text', choices: kModes, help: 'how KServe runs it (default RawDeployment, without Knative)' },
    ...podFlags,
    image: {
      kind: 'text',
      help: 'image of the container, with its tag or digest (required, but not with --triton-repository)',
    },
    ...applyFlags,
  },
};

/** What Triton's own image and repository leave to be said. */
const kForTriton = [
  'env',
  'secret-env',
  'cpu',
  'memory',
  'gpus',
  'gpu-resource',
  'node-selector',
  'toleration',
  'service-account',
  'user-id',
];

export async function manifestService(args: ParsedArgs, io: CliIo): Promise<number> {
  const { name } = manifestServiceSpec;
  const shared = {
    ...objectOptions(args, name),
    minReplicas: args.number('min-replicas'),
    maxReplicas: args.number('max-replicas'),
    timeoutSeconds: args.number('timeout-seconds'),
    deploymentMode: kModes.find((one) => one === args.text('mode')),
  };
  const repository = args.text('triton-repository');
  if (repository !== undefined) return finish([triton(args, repository, shared)], args, io);
  if (args.value('triton-version') !== undefined)
    throw new UsageError('--triton-version needs --triton-repository', name);
  const service = inferenceService({
    ...shared,
    ...podOptions(args, name),
    model: args.required('model'),
    port: args.number('port'),
    serveArguments: args.positionals,
  });
  return finish([service], args, io);
}

function triton(
  args: ParsedArgs,
  storageUri: string,
  shared:
    | Parameters<typeof tritonService>[0]
    | Omit<Parameters<typeof tritonService>[0], 'storageUri' | 'runtimeVersion'>,
): ReturnType<typeof tritonService> {
  const { name } = manifestServiceSpec;
  const foreign = ['model', 'port', ...Object.keys(podFlags)].find(
    (flag) => !kForTriton.includes(flag) && args.value(flag) !== undefined,
  );
  if (foreign !== undefined) throw new UsageError(`--${foreign} is not for --triton-repository`, name);
  if (args.positionals.length > 0) throw new UsageError('options of serve are not for --triton-repository', name);
  const { env, secretEnv, resources, nodeSelector, tolerations, serviceAccount, userId } = podOptions(
    args,
    name,
    false,
  );
  return tritonService({
    ...shared,
    storageUri,
    runtimeVersion: args.required('triton-version'),
    ...{ env, secretEnv, resources, nodeSelector, tolerations, serviceAccount, userId },
  });
}
