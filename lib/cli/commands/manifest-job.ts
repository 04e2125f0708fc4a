/** microtome manifest job: scoring on many machines. */
import { scoreJob } from '../../kube/index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
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
  queueFlags,
  queueOptions,
} from './manifest-flags.js';

export const manifestJobSpec: CommandSpec = {
  name: 'manifest job',
  positionals: '<input…>',
  summary:
    'Print an Indexed Job that runs microtome score for each shard. Inputs, model and folder are as the container sees them. Options of microtome score follow after two dashes.',
  options: {
    ...objectFlags,
    model: { kind: 'text', value: 'M', help: 'the model, in the container (required)' },
    out: { kind: 'text', value: 'DIR', help: 'folder of the parts, in a claim that all pods mount (required)' },
    shards: { kind: 'integer', help: 'parts that the work is divided into, best of 15 to 60 minutes each (required)' },
    parallelism: { kind: 'integer', help: 'pods at once (default: as many as shards, at most 100)' },
    'retries-per-shard': { kind: 'integer', help: 'tries again of a shard that failed (default 3)' },
    'max-failed-shards': {
      kind: 'integer',
      help: 'more failed shards end the job (default: every shard gets its tries)',
    },
    ...podFlags,
    ...endFlags,
    ...queueFlags,
    ...applyFlags,
  },
  notes: [
    'Exit codes of a shard: 2 and 4 end the job, 5 ends the shard, all others are tried again. microtome merge joins the parts.',
    'example: microtome manifest job /data/slides --run r1 --image scorer:1 --model /data/m --out /out/parts --shards 8',
    '           --claim slides=/data:ro --claim scores=/out -- --metadata /data/test_metadata.csv',
  ],
};

export async function manifestJob(args: ParsedArgs, io: CliIo): Promise<number> {
  const { name } = manifestJobSpec;
  // What stands after two dashes begins with an option of score.
  const first = args.positionals.findIndex((word) => word.startsWith('-'));
  const inputs = first < 0 ? args.positionals : args.positionals.slice(0, first);
  if (inputs.length === 0) throw new UsageError('an input is missing', name);
  const shards = args.number('shards');
  if (shards === undefined) throw new UsageError('--shards is missing', name);
  const job = scoreJob({
    ...objectOptions(args, name),
    ...podOptions(args, name),
    ...endOptions(args),
    ...queueOptions(args),
    inputs,
    model: args.required('model'),
    out: args.required('out'),
    shards,
    parallelism: args.number('parallelism'),
    retriesPerShard: args.number('retries-per-shard'),
    maxFailedShards: args.number('max-failed-shards'),
    scoreArguments: first < 0 ? [] : args.positionals.slice(first),
  });
  return finish([job], args, io);
}
