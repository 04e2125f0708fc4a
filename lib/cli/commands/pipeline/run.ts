/** microtome pipeline run --local: a pipeline as processes of this machine. */
import {
  readImages,
  readSecrets,
  runPipelineLocally,
  type LocalEvent,
  type LocalRun,
} from '../../../pipeline/index.js';
import { pathOf } from '../../../core/file-url.js';
import type { CommandSpec, ParsedArgs } from '../../args.js';
import { exitCode } from '../../exit-codes.js';
import type { CliIo } from '../../io.js';
import { onePositional } from '../../positionals.js';
import { printable, table } from '../../text.js';
import { UsageError } from '../../usage-error.js';
import { jsonOf, parameterFlags, parametersOf, pipelineOf, textOf } from './files.js';

export const runSpec: CommandSpec = {
  name: 'pipeline run',
  positionals: '<pipeline.yaml>',
  summary: 'Run a pipeline on this machine: steps are processes, volumes are folders, the cluster is emulated.',
  options: {
    local: { kind: 'flag', help: 'on this machine (required; for Kubeflow: microtome pipeline submit)' },
    images: { kind: 'text', value: 'F.json', help: 'which commands stand for the images (required)' },
    work: { kind: 'text', value: 'DIR', help: 'folder of volumes, artifacts, logs and state (required)' },
    secrets: { kind: 'text', value: 'F.json', help: 'values that stand for the Secrets of the cluster' },
    ...parameterFlags,
    hold: { kind: 'flag', help: 'keep the services that were deployed until Ctrl-C' },
    json: { kind: 'flag', help: 'print one line of JSON' },
  },
  notes: [
    'A run in the same folder goes on: steps whose inputs and outputs are as they were are skipped.',
    'Steps get these variables of yours alone: PATH, HOME, LANG, LC_ALL, TMPDIR, TZ, LD_LIBRARY_PATH, PYTHONPATH, MICROTOME_ONNXRUNTIME.',
  ],
};

const passedOn = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'TZ',
  'LD_LIBRARY_PATH',
  'PYTHONPATH',
  'MICROTOME_ONNXRUNTIME',
];

export async function run(args: ParsedArgs, io: CliIo): Promise<number> {
  const path = onePositional(args, runSpec, 'a pipeline file');
  if (!args.flag('local'))
    throw new UsageError('--local is missing; to run it on Kubeflow: microtome pipeline submit', runSpec.name);
  const map = args.required('images');
  const folder = pathOf(args.required('work'));
  const pipeline = await pipelineOf(path);
  const secrets = args.text('secrets');
  io.writesFile = true;
  const result = await runPipelineLocally({
    pipeline,
    images: readImages(await jsonOf(map, 'the map of images'), map),
    folder,
    parameters: await parametersOf(args, pipeline, runSpec.name),
    secrets: secrets === undefined ? {} : readSecrets(await textOf(secrets, 'the secrets file'), secrets),
    env: variables(process.env),
    signal: io.signal,
    onEvent: (event) => io.stderr.write(lineOf(event)),
    onServices: async (services) => {
      if (!args.flag('hold') || services.length === 0) return;
      for (const { name, url } of services) io.stderr.write(`${printable(name)} answers at ${url} until Ctrl-C\n`);
      await new Promise<void>((resolve) => io.signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  });
  io.stdout.write(args.flag('json') ? `${JSON.stringify(result)}\n` : summaryOf(result));
  return exitCode.ok;
}

function variables(all: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(passedOn.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
}

function lineOf({ step, state, text }: LocalEvent): string {
  const said = text === '' ? '' : `: ${printable(text)}`;
  return `${step} ${state === 'note' ? 'note' : state}${said}\n`;
}

function summaryOf({ steps, folder }: LocalRun): string {
  const rows = steps.map(({ name, state, elapsedMs, artifacts }) => [
    name,
    state,
    `${(elapsedMs / 1000).toFixed(1)} s`,
    Object.values(artifacts).map(printable).join(' '),
  ]);
  return `${table(rows)}volumes, logs and state: ${printable(folder)}\n`;
}
