/** microtome pipeline submit, watch, delete: runs on Kubeflow Pipelines. */
import { deleteRun } from '../../../kube/index.js';
import {
  deleteSubmittedRun,
  requireSuccess,
  submitPipeline,
  terminateRun,
  watchRun,
  type KfpOptions,
} from '../../../pipeline/index.js';
import type { CommandSpec, ParsedArgs } from '../../args.js';
import { exitCode } from '../../exit-codes.js';
import type { CliIo } from '../../io.js';
import { noPositional, onePositional } from '../../positionals.js';
import { printable, table } from '../../text.js';
import { UsageError } from '../../usage-error.js';
import { clusterFlags, clusterOf } from '../manifest-finish.js';
import { pipelineFlags, pipelineOptions } from '../manifest-flags.js';
import { parameterFlags, parametersOf, pipelineOf, textOf } from './files.js';

const serverFlags = {
  endpoint: {
    kind: 'text',
    value: 'URL',
    help: 'address of Kubeflow Pipelines, such as https://kubeflow.example.org/pipeline (required)',
  },
  'token-file': { kind: 'text', value: 'F', help: 'file with the token that the server wants (default: none)' },
  namespace: { kind: 'text', value: 'NAME', help: "namespace (default: the server's)" },
} as const;

export const submitSpec: CommandSpec = {
  name: 'pipeline submit',
  positionals: '<pipeline.yaml>',
  summary: 'Upload a pipeline to Kubeflow Pipelines, and begin a run of it.',
  options: {
    ...serverFlags,
    experiment: { kind: 'text', value: 'NAME', help: 'experiment of the run (default: the name of the pipeline)' },
    'run-name': { kind: 'text', value: 'NAME', help: 'name of the run (default: the pipeline and a hash)' },
    'service-account': { kind: 'text', value: 'NAME', help: "service account of the pods (default: the server's)" },
    ...parameterFlags,
    wait: { kind: 'flag', help: 'watch the run to its end; exit code 1 where it fails' },
    json: { kind: 'flag', help: 'print one line of JSON' },
  },
};

export const watchSpec: CommandSpec = {
  name: 'pipeline watch',
  positionals: '<run id>',
  summary: 'Follow a run to its end: states of its tasks, and why one failed. Exit code 1 where the run fails.',
  options: {
    ...serverFlags,
    poll: { kind: 'number', value: 'S', help: 'seconds between two looks (default: 5)' },
    json: { kind: 'flag', help: 'print one line of JSON' },
  },
};

export const deleteSpec: CommandSpec = {
  name: 'pipeline delete',
  positionals: '',
  summary: 'Delete what a run made: objects of the cluster by their label, and the run on Kubeflow Pipelines.',
  options: {
    'run-label': {
      kind: 'text',
      value: 'LABEL',
      help: 'deletes objects with this label microtome/run; it is the parameter run_label of the run, and every run that was given none has the name of the pipeline',
    },
    'keep-volumes': { kind: 'flag', help: 'leave claims with their data' },
    ...pipelineFlags,
    'dry-run': { kind: 'flag', help: 'show what would be deleted' },
    'run-id': { kind: 'text', value: 'ID', help: 'ends and deletes this run on Kubeflow Pipelines' },
    ...serverFlags,
    ...clusterFlags,
  },
};

async function serverOf(args: ParsedArgs, io: CliIo): Promise<KfpOptions> {
  const tokenFile = args.text('token-file');
  const token = tokenFile === undefined ? undefined : (await textOf(tokenFile, 'the file of the token')).trim();
  return { endpoint: args.required('endpoint'), token, namespace: args.text('namespace'), signal: io.signal };
}

export async function submit(args: ParsedArgs, io: CliIo): Promise<number> {
  const pipeline = await pipelineOf(onePositional(args, submitSpec, 'a pipeline file'));
  const server = await serverOf(args, io);
  const submitted = await submitPipeline({
    ...server,
    pipeline,
    parameters: await parametersOf(args, pipeline, submitSpec.name),
    experiment: args.text('experiment'),
    runName: args.text('run-name'),
    serviceAccount: args.text('service-account'),
  });
  const { runId, runName, page, versionWasThere } = submitted;
  if (args.flag('json')) io.stdout.write(`${JSON.stringify(submitted)}\n`);
  else {
    const version = versionWasThere ? 'was there already' : 'is new';
    io.stdout.write(
      table([
        ['run', printable(runName)],
        ['id', printable(runId)],
        ['page', printable(page)],
        ['version', version],
      ]),
    );
  }
  return args.flag('wait') ? watched({ ...server, runId }, undefined, false, io) : exitCode.ok;
}

export async function watch(args: ParsedArgs, io: CliIo): Promise<number> {
  const runId = onePositional(args, watchSpec, 'the id of a run');
  const seconds = args.number('poll');
  if (seconds !== undefined && seconds <= 0)
    throw new UsageError('--poll is 0 or less, expected seconds', watchSpec.name);
  return watched({ ...(await serverOf(args, io)), runId }, seconds, args.flag('json'), io);
}

async function watched(
  options: KfpOptions & { readonly runId: string },
  seconds: number | undefined,
  json: boolean,
  io: CliIo,
): Promise<number> {
  const ended = await watchRun({
    ...options,
    pollMs: seconds === undefined ? undefined : seconds * 1000,
    onEvent: ({ task, state, error }) =>
      io.stderr.write(`${task === null ? 'run' : `task ${task}`} ${state}${error === '' ? '' : `: ${error}`}\n`),
  });
  if (json) io.stdout.write(`${JSON.stringify(ended)}\n`);
  requireSuccess(ended);
  return exitCode.ok;
}

export async function remove(args: ParsedArgs, io: CliIo): Promise<number> {
  noPositional(args, deleteSpec);
  const [label, runId] = [args.text('run-label'), args.text('run-id')];
  if (label === undefined && runId === undefined)
    throw new UsageError('--run-label or --run-id is missing', deleteSpec.name);
  const dryRun = args.flag('dry-run');
  if (runId !== undefined) await forget(runId, args, io, dryRun);
  if (label === undefined) return exitCode.ok;
  const cluster = await clusterOf(args);
  const keep = args.flag('keep-volumes') ? ['PersistentVolumeClaim'] : [];
  const whose = pipelineOptions(args, deleteSpec.name);
  const found = await deleteRun(cluster, label, { keep, dryRun, ...whose, signal: io.signal });
  const rows = [
    ...found.deleted.map((one) => [dryRun ? 'would be deleted' : 'deleted', one.kind, one.name, one.pipeline ?? '']),
    ...found.kept.map(({ kind, name, pipeline }) => ['kept', kind, name, pipeline ?? '']),
  ];
  io.stdout.write(table(rows.map((row) => row.map(printable))));
  if (rows.length > 0)
    io.stderr.write(
      `note: every run with the parameter run_label=${label} has this label; these are the objects of all of them, of each pipeline that is named\n`,
    );
  for (const { kind, reason } of found.notListed)
    io.stderr.write(`note: ${kind} could not be listed: ${printable(reason)}\n`);
  return found.notListed.some(({ isForbidden }) => isForbidden) ? exitCode.internal : exitCode.ok;
}

async function forget(runId: string, args: ParsedArgs, io: CliIo, dryRun: boolean): Promise<void> {
  const options = { ...(await serverOf(args, io)), runId };
  if (!dryRun) {
    // A run that is at its end cannot be ended; that is no reason to keep it.
    await terminateRun(options).catch(() => undefined);
    await deleteSubmittedRun(options);
  }
  io.stdout.write(`${dryRun ? 'would be deleted' : 'deleted'}  run ${printable(runId)}\n`);
}
