/** microtome manifest: says which kinds there are; each is a command of its own. */
import type { CommandSpec, ParsedArgs } from '../args.js';
import { nearest } from '../../core/near-miss.js';
import type { CliIo } from '../io.js';
import { UsageError } from '../usage-error.js';

const kinds = [
  'pvc',
  'secret',
  'job',
  'pytorchjob',
  'trainjob',
  'experiment',
  'inferenceservice',
  'check',
  'delete',
] as const;

export const manifestSpec: CommandSpec = {
  name: 'manifest',
  positionals: '<kind> …',
  summary:
    'Print an object of Kubernetes or Kubeflow as YAML, for kubectl apply -f -; with --apply it is applied. Each kind has options of its own: microtome manifest job --help',
  options: {},
  notes: [
    'pvc               storage that outlives pods',
    'secret            the variables of a pod whose values are in a Secret',
    'job               score on many machines: an Indexed Job, one index for each shard',
    "pytorchjob        train with Kubeflow's Training Operator",
    'trainjob          train with Kubeflow Trainer',
    'experiment        train many times with other parameters, with Katib',
    'inferenceservice  score on request, with KServe',
    'check             show what a cluster would refuse of manifests, without one',
    'delete            delete everything that a run made in a cluster',
  ],
};

export async function manifest(args: ParsedArgs, _io: CliIo): Promise<number> {
  const [kind] = args.positionals;
  const all = kinds.join(', ');
  if (kind === undefined) throw new UsageError(`a kind is missing: ${all}`, manifestSpec.name);
  const hint = nearest(kind, kinds);
  const advice = hint === null ? `kinds: ${all}` : `did you mean ${hint}?`;
  throw new UsageError(`unknown kind ${JSON.stringify(kind)}; ${advice}`, manifestSpec.name);
}
