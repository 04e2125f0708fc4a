/**
 * What Kubeflow Trainer (v2) makes of a TrainJob and its runtime: one pod for each node. Its processes get PET_* alone,
 * from which torchrun makes the ranks.
 */
import { pipelineInvalid } from '../../failure.js';
import { anything, anyText, integer, list, optional, text } from '../../shape.js';
import {
  claimsOf,
  containerNamed,
  envOf,
  field,
  fieldAs,
  nameOf,
  wordsOf,
  type EmulatedPod,
  type Manifest,
} from './pods.js';
import type { Meeting } from './pytorch-job.js';

/**
 * The pods of a TrainJob. `runtime`: the TrainingRuntime that it names; null for one of the cluster, of which nothing is
 * known but that it runs torch. Throws PIPELINE_INVALID.
 */
export function podsOfTrainJob(
  job: Manifest,
  runtime: Manifest | null,
  { address, port }: Meeting,
): readonly EmulatedPod[] {
  const own = field(job, 'spec.trainer') ?? {};
  const nodes =
    fieldAs(own, 'numNodes', optional(integer(1, 1000))) ??
    fieldAs(runtime, 'spec.mlPolicy.numNodes', optional(integer(1, 1000))) ??
    1;
  const perNode = perNodeOf(field(own, 'numProcPerNode') ?? field(runtime, 'spec.mlPolicy.torch.numProcPerNode'));
  const base = runtime === null ? null : templateOf(runtime);
  const image = fieldAs(own, 'image', optional(text())) ?? fieldAs(base?.container, 'image', text());
  const words = (['command', 'args'] as const).flatMap(
    (name) =>
      fieldAs(own, name, optional(list(anyText))) ?? fieldAs(base?.container, name, optional(list(anyText))) ?? [],
  );
  const patched = patchesOf(job).flatMap((pod) => claimsOf(pod, containerNamed(pod, 'node')));
  const claims = [...(base === null ? [] : claimsOf(base.pod, base.container)), ...patched];
  const env = { ...(base === null ? {} : envOf(base.container)), ...envOf(own) };
  const reserved = Object.keys(env).find((name) => name.startsWith('PET_') && !mayBeSet.has(name));
  if (reserved !== undefined) throw pipelineInvalid(`the TrainJob sets ${reserved}, which Trainer sets itself`);
  return Array.from({ length: nodes }, (_, rank) => ({
    name: `${nameOf(job)}-node-0-${rank}`,
    image,
    words: words.length > 0 ? words : wordsOf(base?.container),
    env: {
      ...env,
      PET_NNODES: String(nodes),
      PET_NPROC_PER_NODE: perNode,
      PET_NODE_RANK: String(rank),
      PET_MASTER_ADDR: address,
      PET_MASTER_PORT: String(port),
    },
    claims,
  }));
}

/** Variables of torchrun that Trainer leaves to others. */
const mayBeSet: ReadonlySet<string> = new Set(['PET_REDIRECTS', 'PET_TEE']);

function perNodeOf(value: unknown): string {
  if (value === undefined) return 'auto';
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return String(value);
  if (typeof value === 'string' && /^(auto|cpu|gpu|[1-9]\d*)$/.test(value)) return value;
  throw pipelineInvalid(`numProcPerNode of the TrainJob is ${JSON.stringify(value)}, expected a whole number from 1`);
}

function templateOf(runtime: Manifest): { readonly pod: unknown; readonly container: unknown } {
  const jobs = fieldAs(runtime, 'spec.template.spec.replicatedJobs', list(anything));
  const node = jobs.find((one) => field(one, 'name') === 'node');
  if (node === undefined) throw pipelineInvalid(`the runtime ${nameOf(runtime)} has no job node`);
  const pod = field(node, 'template.spec.template.spec');
  return { pod, container: containerNamed(pod, 'node') };
}

/** Specs of pods that the job adds to those of its runtime, in the fields of either version of Trainer. */
function patchesOf(job: Manifest): readonly unknown[] {
  const overrides = fieldAs(job, 'spec.podTemplateOverrides', optional(list(anything))) ?? [];
  const patches = fieldAs(job, 'spec.runtimePatches', optional(list(anything))) ?? [];
  const jobs = patches.flatMap(
    (patch) => fieldAs(patch, 'trainingRuntimeSpec.template.spec.replicatedJobs', optional(list(anything))) ?? [],
  );
  return [
    ...overrides.map((one) => field(one, 'spec')),
    ...jobs.filter((one) => field(one, 'name') === 'node').map((one) => field(one, 'template.spec.template.spec')),
  ].filter((pod) => field(pod, 'containers') !== undefined);
}

/** How often the job is begun again after a pod failed. */
export function restartsOfTrainJob(runtime: Manifest | null): number {
  return fieldAs(runtime, 'spec.template.spec.failurePolicy.maxRestarts', optional(integer(0, 100))) ?? 0;
}
