/** microtome manifest delete: takes away what a run made. */
import { deleteRun, type DeletedRun, type RunObject } from '../../kube/index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { noPositional } from '../positionals.js';
import { printable } from '../text.js';
import { clusterFlags, clusterOf } from './manifest-finish.js';
import { pipelineFlags, pipelineOptions } from './manifest-flags.js';

export const manifestDeleteSpec: CommandSpec = {
  name: 'manifest delete',
  positionals: '',
  summary:
    'Delete every object of a namespace that has the label of a run: jobs, services, runtimes, and claims with their data. --keep-data keeps the claims.',
  options: {
    run: { kind: 'text', value: 'LABEL', help: 'the run (required)' },
    namespace: { kind: 'text', help: "namespace (default: that of the kubeconfig's context)" },
    'keep-data': { kind: 'flag', help: 'keep PersistentVolumeClaims' },
    'dry-run': { kind: 'flag', help: 'show what would be deleted' },
    wait: { kind: 'flag', help: 'until all of it is gone' },
    'wait-seconds': { kind: 'integer', help: 'with --wait: give up after so long (default: no limit)' },
    json: { kind: 'flag', help: 'print one line of JSON' },
    ...pipelineFlags,
    ...clusterFlags,
  },
};

export async function manifestDelete(args: ParsedArgs, io: CliIo): Promise<number> {
  noPositional(args, manifestDeleteSpec);
  const run = args.required('run');
  const seconds = args.number('wait-seconds');
  const dryRun = args.flag('dry-run');
  const done = await deleteRun(await clusterOf(args), run, {
    keep: args.flag('keep-data') ? ['PersistentVolumeClaim'] : [],
    dryRun,
    ...pipelineOptions(args, manifestDeleteSpec.name),
    wait: args.flag('wait'),
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
    signal: io.signal,
  });
  io.stdout.write(args.flag('json') ? `${JSON.stringify(done)}\n` : textOf(done, dryRun));
  for (const { kind, reason } of done.notListed) io.stderr.write(`${kind}: ${reason}\n`);
  // What cannot be listed may be there still.
  return done.notListed.some(({ isForbidden }) => isForbidden) ? exitCode.internal : exitCode.ok;
}

function textOfObject({ kind, name, pipeline }: RunObject): string {
  return `${kind} ${name}${pipeline === null ? '' : ` of the pipeline ${pipeline}`}`;
}

function textOf({ run, namespace, deleted, kept }: DeletedRun, dryRun: boolean): string {
  const lines = [
    ...deleted.map((one) => `${dryRun ? 'would delete' : 'deleted'} ${textOfObject(one)}`),
    ...kept.map((one) => `kept ${textOfObject(one)}`),
  ];
  if (lines.length === 0) lines.push(`nothing in ${namespace} has the label of the run ${run}`);
  return lines.map((line) => `${printable(line)}\n`).join('');
}
