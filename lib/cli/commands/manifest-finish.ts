/** What becomes of the objects of a command: they are printed, or applied, or the cluster is only asked. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  applyManifests,
  checkManifest,
  connectCluster,
  toYaml,
  waitFor,
  type AppliedObject,
  type Cluster,
  type KubeObject,
  type TrainerVersion,
  type WaitState,
} from '../../kube/index.js';
import type { OptionSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';

type Flags = Readonly<Record<string, OptionSpec>>;

export const clusterFlags: Flags = {
  kubeconfig: {
    kind: 'text',
    value: 'PATH',
    help: 'kubeconfig (default: KUBECONFIG, ~/.kube/config, or the pod that this runs in)',
  },
  context: { kind: 'text', help: 'context of the kubeconfig (default: its current one)' },
};

export const applyFlags: Flags = {
  apply: { kind: 'flag', help: 'apply to the cluster, and print what became of each object, instead of YAML' },
  'dry-run': { kind: 'text', choices: ['server'], help: 'ask the cluster what it would do; nothing is kept' },
  force: { kind: 'flag', help: 'with --apply: take fields that somebody else has set' },
  adopt: {
    kind: 'flag',
    help: 'with --apply: take objects of another run or of none; they are deleted with this run',
  },
  wait: { kind: 'flag', help: 'with --apply: until it is done or has failed; failed: exit code 1' },
  'wait-seconds': { kind: 'integer', help: 'with --wait: give up after so long (default: no limit)' },
  json: { kind: 'flag', help: 'with --apply or --dry-run: print one line of JSON' },
  ...clusterFlags,
};

/** Throws UsageError; what the builders and the cluster refuse. */
export async function finish(
  objects: readonly KubeObject[],
  args: ParsedArgs,
  io: CliIo,
  trainer?: TrainerVersion,
): Promise<number> {
  for (const object of objects)
    for (const { severity, path, message } of checkManifest(object, { trainer }))
      if (severity === 'warning') io.stderr.write(`warning: ${object.kind}: ${printable(`${path} ${message}`)}\n`);
  const isDry = args.text('dry-run') !== undefined;
  if (!args.flag('apply') && !isDry) {
    const alone = ['force', 'adopt', 'wait', 'wait-seconds', 'json'].find((name) => args.value(name) !== undefined);
    if (alone !== undefined) throw new UsageError(`--${alone} needs --apply`);
    io.stdout.write(toYaml(objects));
    return exitCode.ok;
  }
  if (isDry && args.flag('wait')) throw new UsageError('--wait needs --apply without --dry-run');
  const cluster = await clusterOf(args);
  const { signal } = io;
  const [force, adopt] = [args.flag('force'), args.flag('adopt')];
  const options = { force, adopt, signal, ...(isDry ? { dryRun: 'server' as const } : {}) };
  const applied = await applyManifests(cluster, objects, options);
  io.stdout.write(
    args.flag('json') ? `${JSON.stringify(applied)}\n` : applied.map((one) => lineOf(one, isDry)).join(''),
  );
  if (args.flag('wait')) for (const object of objects) await waitForOne(cluster, object, args, io);
  return exitCode.ok;
}

function lineOf({ kind, name, namespace, action }: AppliedObject, isDry: boolean): string {
  return `${kind} ${name} in ${namespace}: ${isDry ? 'would be ' : ''}${action}\n`;
}

/** Kinds that come to an end, or to be ready. */
const kWaited = ['Job', 'PyTorchJob', 'TrainJob', 'Experiment', 'InferenceService'];

async function waitForOne(cluster: Cluster, object: KubeObject, args: ParsedArgs, io: CliIo): Promise<void> {
  if (!kWaited.includes(object.kind)) return;
  const seconds = args.number('wait-seconds');
  const title = `${object.kind} ${object.metadata.name}`;
  await waitFor(cluster, object, {
    signal: io.signal,
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
    onState: (state) => io.stderr.write(`${printable(`${title}: ${stateText(state)}`)}\n`),
  });
}

function stateText({ state, reason, message, pods }: WaitState): string {
  const why = [reason, message].filter((text) => text !== '').join(': ');
  const phases = new Map<string, number>();
  for (const { phase, reason: podReason } of pods) {
    const key = podReason === '' ? phase : `${phase} (${podReason})`;
    phases.set(key, (phases.get(key) ?? 0) + 1);
  }
  const counts = [...phases].map(([phase, count]) => `${count} ${phase}`).join(', ');
  return `${state}${why === '' ? '' : `, ${why}`}${counts === '' ? '' : `; pods: ${counts}`}`;
}

/** The cluster that flags, the environment or the pod name. Throws UsageError where none does. */
export async function clusterOf(args: ParsedArgs): Promise<Cluster> {
  const [namespace, context] = [args.text('namespace'), args.text('context')];
  const kubeconfig = args.text('kubeconfig') ?? kubeconfigOfEnvironment();
  if (kubeconfig !== null) return connectCluster({ kubeconfig, context, namespace });
  if (existsSync('/var/run/secrets/kubernetes.io/serviceaccount/token'))
    return connectCluster({ inCluster: true, context, namespace });
  throw new UsageError('no cluster is known; pass --kubeconfig, or set KUBECONFIG');
}

function kubeconfigOfEnvironment(): string | null {
  const given = process.env['KUBECONFIG'];
  if (given !== undefined && given !== '') {
    if (given.includes(':')) throw new UsageError('KUBECONFIG names several files; pass one of them with --kubeconfig');
    return given;
  }
  const usual = join(homedir(), '.kube', 'config');
  return existsSync(usual) ? usual : null;
}
