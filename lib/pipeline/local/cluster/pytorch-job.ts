/**
 * What the Training Operator (v1) makes of a PyTorchJob: one pod for each replica, each with its rank. A machine has no
 * service of the name `<job>-master-0`, so the caller says where rank 0 listens.
 */
import { pipelineInvalid } from '../../failure.js';
import { choice, integer, optional, text } from '../../shape.js';
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

/** Where rank 0 listens. */
export interface Meeting {
  readonly address: string;
  readonly port: number;
}

const types = ['Master', 'Worker'] as const;

/** The pods of a PyTorchJob, by rank. Throws PIPELINE_INVALID for a job that the operator's webhook would refuse. */
export function podsOfPyTorchJob(job: Manifest, { address, port }: Meeting): readonly EmulatedPod[] {
  const name = nameOf(job);
  const counts = types.map((type) => replicasOf(job, type));
  if (counts[0] !== 1) throw pipelineInvalid(`the PyTorchJob ${name} has ${counts[0]} masters, expected 1`);
  const pods = counts.reduce((sum, count) => sum + count, 0);
  const perNode =
    fieldAs(job, 'spec.nprocPerNode', optional(text(/^(auto|cpu|gpu|[1-9]\d*)$/, 'a number, or auto'))) ?? 'auto';
  // The operator counts one process where it is not told how many.
  const worldSize = pods * (Number.isNaN(Number(perNode)) ? 1 : Number(perNode));
  return types.flatMap((type, at) =>
    Array.from({ length: counts[at] ?? 0 }, (_, i) => {
      const rank = type === 'Master' ? 0 : i + 1;
      const pod = field(job, `spec.pytorchReplicaSpecs.${type}.template.spec`);
      const container = containerNamed(pod, 'pytorch');
      const meeting = { MASTER_ADDR: address, MASTER_PORT: String(port) };
      return {
        name: `${name}-${type.toLowerCase()}-${i}`,
        image: fieldAs(container, 'image', text()),
        words: wordsOf(container),
        env: {
          ...envOf(container),
          PYTHONUNBUFFERED: '1',
          ...meeting,
          WORLD_SIZE: String(worldSize),
          RANK: String(rank),
          PET_MASTER_ADDR: meeting.MASTER_ADDR,
          PET_MASTER_PORT: meeting.MASTER_PORT,
          PET_NODE_RANK: String(rank),
          PET_NNODES: String(pods),
          PET_NPROC_PER_NODE: perNode,
        },
        claims: claimsOf(pod, container),
      };
    }),
  );
}

function replicasOf(job: Manifest, type: 'Master' | 'Worker'): number {
  const spec = field(job, `spec.pytorchReplicaSpecs.${type}`);
  if (spec === undefined && type === 'Worker') return 0;
  fieldAs(spec, 'restartPolicy', optional(choice('Always', 'OnFailure', 'Never', 'ExitCode')));
  return fieldAs(spec, 'replicas', optional(integer(1, 1000))) ?? 1;
}

/** How often the job is begun again after a pod failed. */
export function restartsOfPyTorchJob(job: Manifest): number {
  const policy = field(job, 'spec.pytorchReplicaSpecs.Master.restartPolicy');
  return policy === 'Never' ? 0 : (fieldAs(job, 'spec.runPolicy.backoffLimit', optional(integer(0, 100))) ?? 0);
}
