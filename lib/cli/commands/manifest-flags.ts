/** The flags that several kinds of manifests have, and what they say. */
import {
  parseSecretKey,
  type ClaimMount,
  type DeleteOptions,
  type ObjectOptions,
  type PodOptions,
  type QueueOptions,
} from '../../kube/index.js';
import type { OptionSpec, ParsedArgs } from '../args.js';
import { UsageError } from '../usage-error.js';

type Flags = Readonly<Record<string, OptionSpec>>;

/** Values may hold commas, but no line break. */
const many = { kind: 'text', isList: true, separator: '\n' } as const;

export const objectFlags: Flags = {
  run: {
    kind: 'text',
    value: 'LABEL',
    help: 'label of everything that belongs together; manifest delete --run removes it (required)',
  },
  name: { kind: 'text', help: 'name of the object (default: a word and a hash of its content)' },
  namespace: { kind: 'text', help: "namespace (default: that of the kubeconfig's context)" },
  label: { ...many, value: 'K=V', help: 'one more label; may be given again' },
  annotation: { ...many, value: 'K=V', help: 'one more annotation of the object; may be given again' },
};

export const queueFlags: Flags = {
  queue: { kind: 'text', help: 'queue of Kueue; the job begins suspended, and Kueue starts it' },
  suspend: { kind: 'flag', help: 'begin suspended' },
};

export const endFlags: Flags = {
  'ttl-seconds': { kind: 'integer', help: 'delete it so long after its end (default: it stays)' },
  'deadline-seconds': { kind: 'integer', help: 'it has failed after so long (default: no limit)' },
};

export const podFlags: Flags = {
  image: { kind: 'text', help: 'image of the container, with its tag or digest (required)' },
  env: { ...many, value: 'NAME=VALUE', help: 'a variable that is no secret; may be given again' },
  'secret-env': {
    ...many,
    value: 'NAME=SECRET/KEY',
    help: 'a variable whose value is in a Secret; may be given again',
  },
  claim: { ...many, value: 'CLAIM=/PATH[:ro]', help: 'mount a PersistentVolumeClaim; may be given again' },
  'secret-mount': { ...many, value: 'SECRET=/PATH', help: 'mount a Secret, one file for each key; may be given again' },
  cpu: { kind: 'text', help: 'cores, such as 4 or 500m' },
  memory: { kind: 'text', help: 'memory, such as 16Gi; more ends the container' },
  gpus: { kind: 'integer', help: 'GPUs for each pod (default 0)' },
  'gpu-resource': { kind: 'text', help: 'name of the resource (default nvidia.com/gpu)' },
  'shared-memory': { kind: 'text', help: "size of /dev/shm, such as 2Gi (default: the node's, often 64 MiB)" },
  'node-selector': { ...many, value: 'K=V', help: 'run on nodes with this label; may be given again' },
  toleration: { ...many, value: 'KEY[=V][:EFFECT]', help: 'put up with this taint of a node; may be given again' },
  'service-account': { kind: 'text', help: 'account of the pods (default: none, and no token in the pod)' },
  'priority-class': { kind: 'text', help: 'priority class of the pods' },
  'pull-secret': { ...many, value: 'SECRET', help: 'Secret with the credentials of a registry; may be given again' },
  'user-id': { kind: 'integer', help: 'user and group of the processes, never 0 (default 10001)' },
};

export const trainerFlag: Flags = {
  trainer: {
    kind: 'text',
    choices: ['2.1', '2.2+'],
    help: 'version of Kubeflow Trainer in the cluster (default 2.2+)',
  },
};

export function objectOptions(args: ParsedArgs, command: string): ObjectOptions {
  return {
    run: args.required('run'),
    name: args.text('name'),
    namespace: args.text('namespace'),
    labels: pairs(args, 'label', command),
    annotations: pairs(args, 'annotation', command),
  };
}

export const pipelineFlags: Flags = {
  pipeline: { kind: 'text', value: 'ID', help: 'only what this pipeline has made (annotation microtome/pipeline)' },
  'all-pipelines': { kind: 'flag', help: 'what several pipelines have made that were given one label, too' },
};

/** Whose objects are deleted. */
export function pipelineOptions(args: ParsedArgs, command: string): Pick<DeleteOptions, 'pipeline' | 'allPipelines'> {
  const [pipeline, allPipelines] = [args.text('pipeline'), args.flag('all-pipelines')];
  if (pipeline !== undefined && allPipelines)
    throw new UsageError('--pipeline and --all-pipelines were given together', command);
  return { pipeline, allPipelines };
}

export function queueOptions(args: ParsedArgs): QueueOptions {
  return { queue: args.text('queue'), suspend: args.flag('suspend') ? true : undefined };
}

export function endOptions(args: ParsedArgs): { ttlSeconds: number | undefined; deadlineSeconds: number | undefined } {
  return { ttlSeconds: args.number('ttl-seconds'), deadlineSeconds: args.number('deadline-seconds') };
}

/** `needsImage`: false where the image is not the caller's. */
export function podOptions(args: ParsedArgs, command: string, needsImage = true): PodOptions {
  const secrets = Object.entries(pairs(args, 'secret-env', command) ?? {});
  const claims = args.texts('claim').map((text) => claimOf(text, command));
  const mounts = Object.entries(pairs(args, 'secret-mount', command) ?? {});
  const tolerations = args.texts('toleration').map(tolerationOf);
  const pullSecrets = args.texts('pull-secret');
  return {
    image: needsImage ? args.required('image') : '',
    env: pairs(args, 'env', command),
    secretEnv: Object.fromEntries(secrets.map(([name, text]) => [name, parseSecretKey(text)])),
    claims,
    secretMounts: mounts.map(([secret, path]) => ({ secret, path })),
    resources: {
      cpu: args.text('cpu'),
      memory: args.text('memory'),
      gpus: args.number('gpus'),
      gpuResource: args.text('gpu-resource'),
    },
    sharedMemory: args.text('shared-memory'),
    nodeSelector: pairs(args, 'node-selector', command),
    tolerations: tolerations.length === 0 ? undefined : tolerations,
    serviceAccount: args.text('service-account'),
    priorityClass: args.text('priority-class'),
    imagePullSecrets: pullSecrets.length === 0 ? undefined : pullSecrets,
    userId: args.number('user-id'),
  };
}

/** `NAME=VALUE` several times. The text is not repeated in an error: it may be a secret. */
export function pairs(args: ParsedArgs, flag: string, command: string): Record<string, string> | undefined {
  const texts = args.texts(flag);
  if (texts.length === 0) return undefined;
  const found: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at <= 0) throw new UsageError(`--${flag} needs the form NAME=VALUE`, command);
    const name = text.slice(0, at);
    if (Object.hasOwn(found, name)) throw new UsageError(`--${flag} has a name twice`, command);
    Object.defineProperty(found, name, { value: text.slice(at + 1), enumerable: true, configurable: true });
  }
  return found;
}

function claimOf(text: string, command: string): ClaimMount {
  const [, claim, path, ro] = /^([^=]+)=(\/[^:]*)(:ro)?$/.exec(text) ?? [];
  if (claim === undefined || path === undefined)
    throw new UsageError('--claim needs the form CLAIM=/PATH or CLAIM=/PATH:ro', command);
  return { claim, path, readOnly: ro === undefined ? undefined : true };
}

type Effect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';

/** Whether the effect is one is a matter of the check of the manifest. */
function tolerationOf(text: string): NonNullable<PodOptions['tolerations']>[number] {
  const [taint = '', effect] = text.split(':');
  const [key = '', value] = taint.split('=');
  return {
    key,
    ...(value === undefined ? { operator: 'Exists' as const } : { operator: 'Equal' as const, value }),
    ...(effect === undefined ? {} : { effect: effect as Effect }),
  };
}

/** The words after `--`, and before it where the command takes none there. */
export function programOf(args: ParsedArgs, command: string): readonly string[] {
  if (args.positionals.length === 0)
    throw new UsageError('the program is missing; it stands after two dashes: -- python3 train.py', command);
  return args.positionals;
}
