/** Manifests that are right, and single changes that a cluster would refuse. */
import {
  experiment,
  inferenceService,
  pyTorchJob,
  scoreJob,
  trainJob,
  trainJobWithRuntime,
  tritonService,
  volumeClaim,
  type ManifestRule,
  type TrainerVersion,
} from '../../../lib/kube/index.js';
import { pyTorchExperiment } from './samples.js';

export const image = 'registry.example.org/microtome:0.1.0';
export const run = 'r1';
export const command = ['torchrun', 'main.py'];
const [runtime, job] = trainJobWithRuntime({ run, image, command, nodes: 2 });
const [runtime21, job21] = trainJobWithRuntime({ run, image, command, trainer: '2.1', processesPerNode: 'auto' });
const claims = [{ claim: 'data', path: '/data' }];
export const stock = { name: 'torch-distributed', kind: 'ClusterTrainingRuntime' as const };

export const samples = {
  claim: volumeClaim({ run, name: 'data', size: '8Gi' }),
  scoring: scoreJob({ run, image, inputs: ['/data'], model: 'demo', out: '/out', shards: 8, claims }),
  training: pyTorchJob({ run, image, command: ['python3', 'main.py'], claims }),
  trainJob: job,
  patched: trainJob({ run, image, command, runtime: stock, claims }),
  runtime,
  trainJob21: job21,
  patched21: trainJob({ run, image, command, runtime: stock, claims, trainer: '2.1' }),
  runtime21,
  experiment: pyTorchExperiment,
  tuning: experiment({ run, metric: 'auc', ...tuned() }),
  service: inferenceService({ run, image, model: 'demo' }),
  triton: tritonService({ run, storageUri: 'pvc://models/repository', runtimeVersion: '24.06-py3' }),
};

function tuned(): Pick<Parameters<typeof experiment>[0], 'trial' | 'parameters'> {
  const arguments_ = [...command, `--rate=\${trialParameters.rate}`];
  return {
    trial: trainJob({ run, image, command: arguments_, runtime: stock }),
    parameters: [{ name: 'rate', type: 'double', min: 1e-4, max: 1e-2 }],
  };
}

export type Sample = keyof typeof samples;

/** A copy with one value changed; `undefined` takes it away. */
export function changed(sample: Sample, path: string, value: unknown): unknown {
  const copy = structuredClone(samples[sample]) as unknown;
  // A key may have a slash: `~1`, as in JSON pointers.
  const keys = path.split('/').map((key) => key.replaceAll('~1', '/'));
  const last = keys.pop() ?? '';
  let at = copy as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const pod = 'spec/template/spec';
const master = 'spec/pytorchReplicaSpecs/Master';
const scorer = `${pod}/containers/0`;
const rule1 = 'spec/podFailurePolicy/rules/1';
const node = 'spec/template/spec/replicatedJobs/0';
const trial = 'spec/trialTemplate';
const main = 'spec/predictor/containers/0';
const long = 'a'.repeat(64);

/** What is changed, in which sample, where, to what, and the rule that finds it. */
const table: readonly (readonly [string, Sample, string, unknown, ManifestRule, TrainerVersion?])[] = [
  ['no kind that is known', 'scoring', 'kind', 'Jobb', 'unknown-kind'],
  ['a version that is not known', 'training', 'apiVersion', 'kubeflow.org/v2', 'unknown-kind'],
  ['no metadata', 'claim', 'metadata', undefined, 'shape'],
  ['a misspelt field of a Job', 'scoring', 'spec/completion', 8, 'unknown-field'],
  ['a misspelt field of a PyTorchJob', 'training', `${master}/replica`, 1, 'unknown-field'],
  ['a misspelt field of a pod', 'training', `${master}/template/spec/restartpolicy`, 'Never', 'unknown-field'],
  ['a misspelt field of a container', 'scoring', `${scorer}/comand`, [], 'unknown-field'],
  ['a misspelt field of a TrainJob', 'trainJob', 'spec/trainer/numNode', 2, 'unknown-field'],
  ['a misspelt field of a runtime', 'runtime', 'spec/mlPolicies', {}, 'unknown-field'],
  ['a misspelt field of an Experiment', 'experiment', 'spec/maxTrialsCount', 2, 'unknown-field'],
  ['a misspelt field of a trial', 'experiment', `${trial}/trialSpec/spec/runPolicies`, {}, 'unknown-field'],
  ['a misspelt field of a service', 'triton', 'spec/predictor/model/storageURI', 's3://b', 'unknown-field'],
  ['a capital letter in a name', 'scoring', 'metadata/name', 'Score', 'name'],
  ['a name that begins with a digit, of a service', 'service', 'metadata/name', '1-service', 'name'],
  ['a name that begins with a digit, of a PyTorchJob', 'training', 'metadata/name', '1train', 'name'],
  ['no name', 'trainJob', 'metadata/name', undefined, 'name'],
  ['a namespace with a dot', 'scoring', 'metadata/namespace', 'a.b', 'name'],
  [
    'a claim with a capital letter',
    'training',
    `${master}/template/spec/volumes/0/persistentVolumeClaim/claimName`,
    'Data',
    'name',
  ],
  ['a Job whose pods have no room in a host name', 'scoring', 'metadata/name', 'a'.repeat(62), 'name-too-long'],
  ['a PyTorchJob whose workers have no room', 'training', 'metadata/name', 'a'.repeat(55), 'name-too-long'],
  ['a TrainJob whose pods have no room', 'trainJob', 'metadata/name', 'a'.repeat(52), 'name-too-long'],
  ['an Experiment whose trials have no room', 'experiment', 'metadata/name', 'a'.repeat(46), 'name-too-long'],
  ['a service with no room for its predictor', 'service', 'metadata/name', 'a'.repeat(54), 'name-too-long'],
  ['a claim of 254 letters', 'claim', 'metadata/name', 'a'.repeat(254), 'name-too-long'],
  ['a label of 64 letters', 'scoring', 'metadata/labels/microtome~1run', long, 'label'],
  ['a label of a pod with a blank', 'training', `${master}/template/metadata/labels/team`, 'a b', 'label'],
  ['a label whose key has two slashes', 'scoring', 'metadata/labels/a~1b~1c', 'd', 'label'],
  ['an annotation that is a number', 'scoring', 'metadata/annotations', { note: 3 }, 'shape'],
  ['a size in words', 'claim', 'spec/resources/requests/storage', '8 GB', 'quantity'],
  ['a limit in words', 'scoring', `${scorer}/resources`, { limits: { memory: 'much' } }, 'quantity'],
  [
    'a GPU that is requested and not limited',
    'scoring',
    `${scorer}/resources`,
    { requests: { 'nvidia.com/gpu': '1' } },
    'quantity',
  ],
  ['no size', 'claim', 'spec/resources', {}, 'shape'],
  ['an access mode that is none', 'claim', 'spec/accessModes', ['ReadWrite'], 'choice'],
  ['half a shard', 'scoring', 'spec/completions', 1.5, 'range'],
  ['a negative TTL', 'scoring', 'spec/ttlSecondsAfterFinished', -1, 'range'],
  ['no time at all', 'training', 'spec/runPolicy/activeDeadlineSeconds', 0, 'range'],
  ['an image without a tag', 'scoring', `${scorer}/image`, 'registry.example.org:5000/microtome', 'image'],
  ['the image latest', 'trainJob', 'spec/trainer/image', 'microtome:latest', 'image'],
  ['no image', 'training', `${master}/template/spec/containers/0/image`, undefined, 'shape'],
  ['root by number', 'scoring', `${pod}/securityContext/runAsUser`, 0, 'root'],
  ['root not excluded', 'scoring', `${pod}/securityContext/runAsNonRoot`, undefined, 'root'],
  ['a privileged container', 'service', `${main}/securityContext/privileged`, true, 'root'],
  [
    'rights that can be gained',
    'training',
    `${master}/template/spec/containers/0/securityContext/allowPrivilegeEscalation`,
    true,
    'root',
  ],
  ['a right that is added', 'scoring', `${scorer}/securityContext/capabilities`, { add: ['SYS_ADMIN'] }, 'root'],
  ['a mount without its volume', 'scoring', `${pod}/volumes`, [], 'mount'],
  ['a mount at a relative path', 'scoring', `${scorer}/volumeMounts/0/mountPath`, 'data', 'mount'],
  ['two mounts at one path', 'scoring', `${scorer}/volumeMounts/0/mountPath`, '/tmp', 'mount'],
  ['a path out of a volume', 'scoring', `${scorer}/volumeMounts/0/subPath`, '../x', 'mount'],
  ['two volumes of a name', 'scoring', `${pod}/volumes/0/name`, 'tmp', 'mount'],
  ['a variable with a blank', 'scoring', `${scorer}/env/0/name`, 'A B', 'env-name'],
  ['a variable twice', 'scoring', `${scorer}/env/1`, { name: 'HOME', value: '/' }, 'env-name'],
  [
    'a variable with two values',
    'scoring',
    `${scorer}/env/0/valueFrom`,
    { fieldRef: { fieldPath: 'metadata.name' } },
    'shape',
  ],
  ['a variable that is a number', 'scoring', `${scorer}/env/0/value`, 3, 'shape'],
  ['no containers', 'scoring', `${pod}/containers`, undefined, 'shape'],
  [
    'a PyTorchJob without the container pytorch',
    'training',
    `${master}/template/spec/containers/0/name`,
    'main',
    'container-missing',
  ],
  ['a PyTorchJob with neither Master nor Worker', 'training', 'spec/pytorchReplicaSpecs', {}, 'replica-type'],
  ['a replica type that is none', 'training', 'spec/pytorchReplicaSpecs/Chief', {}, 'replica-type'],
  ['no replicas at all', 'training', 'spec/pytorchReplicaSpecs', undefined, 'shape'],
  ['two masters', 'training', `${master}/replicas`, 2, 'master-replicas'],
  ['no number of masters', 'training', `${master}/replicas`, undefined, 'master-replicas'],
  ['no workers', 'training', 'spec/pytorchReplicaSpecs/Worker/replicas', 0, 'worker-replicas'],
  ['a restart policy that is none', 'training', `${master}/restartPolicy`, 'onFailure', 'choice'],
  ['a number where nprocPerNode is text', 'training', 'spec/nprocPerNode', 2, 'proc-per-node'],
  ['a policy for pods that is none', 'training', 'spec/runPolicy/cleanPodPolicy', 'Some', 'choice'],
  ['no runtime', 'trainJob', 'spec/runtimeRef', undefined, 'runtime-ref'],
  ['a runtime without a name', 'trainJob', 'spec/runtimeRef/name', '', 'runtime-ref'],
  ['numProcPerNode auto on 2.2', 'trainJob', 'spec/trainer/numProcPerNode', 'auto', 'proc-per-node'],
  ['numProcPerNode as another word on 2.1', 'trainJob21', 'spec/trainer/numProcPerNode', 'all', 'proc-per-node', '2.1'],
  ['numProcPerNode in a runtime for 2.2', 'runtime', 'spec/mlPolicy/torch', { numProcPerNode: 2 }, 'proc-per-node'],
  [
    'podTemplateOverrides on 2.2',
    'trainJob',
    'spec/podTemplateOverrides',
    [{ targetJobs: [{ name: 'node' }] }],
    'patches-version',
  ],
  ['runtimePatches on 2.1', 'trainJob21', 'spec/runtimePatches', [{ manager: 'x' }], 'patches-version', '2.1'],
  ['a deadline on 2.1', 'trainJob21', 'spec/activeDeadlineSeconds', 60, 'patches-version', '2.1'],
  ['a patch of nobody', 'patched', 'spec/runtimePatches/0/manager', undefined, 'shape'],
  ['a patch of a manager without a domain', 'patched', 'spec/runtimePatches/0/manager', 'microtome', 'shape'],
  ['an override of no job', 'patched21', 'spec/podTemplateOverrides/0/targetJobs', undefined, 'shape', '2.1'],
  ['PET_ in env', 'trainJob', 'spec/trainer/env/0/name', 'PET_NNODES', 'reserved-env'],
  [
    'PET_ in a runtime',
    'runtime',
    `${node}/template/spec/template/spec/containers/0/env/0/name`,
    'PET_NNODES',
    'reserved-env',
  ],
  [
    'variables of node in a patch',
    'patched',
    'spec/runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/template/spec/template/spec/containers/0/env',
    [{ name: 'A', value: 'b' }],
    'reserved-env',
  ],
  [
    'variables of node in an override',
    'patched21',
    'spec/podTemplateOverrides/0/spec/containers/0/env',
    [{ name: 'A', value: 'b' }],
    'reserved-env',
    '2.1',
  ],
  ['two policies', 'runtime', 'spec/mlPolicy/mpi', {}, 'one-policy'],
  ['a runtime without the step of the trainer', 'runtime', `${node}/template/metadata/labels`, {}, 'trainer-step'],
  ['two replicas of the trainer', 'runtime', `${node}/replicas`, 2, 'trainer-step'],
  [
    'a runtime without the container node',
    'runtime',
    `${node}/template/spec/template/spec/containers/0/name`,
    'main',
    'container-missing',
  ],
  ['a limit for each index without Indexed', 'scoring', 'spec/completionMode', 'NonIndexed', 'indexed-limits'],
  [
    'failed indexes without a limit for each',
    'scoring',
    'spec',
    { ...specOf('scoring'), backoffLimitPerIndex: undefined, maxFailedIndexes: 2 },
    'indexed-limits',
  ],
  ['a limit for each index with restarts in place', 'scoring', `${pod}/restartPolicy`, 'OnFailure', 'indexed-limits'],
  ['no restart policy', 'scoring', `${pod}/restartPolicy`, undefined, 'shape'],
  ['Indexed without completions', 'scoring', 'spec/completions', undefined, 'indexed-size'],
  ['more failed indexes than indexes', 'scoring', 'spec/maxFailedIndexes', 9, 'indexed-size'],
  ['very many shards and no limit of failed ones', 'scoring', 'spec/completions', 200_000, 'indexed-size'],
  ['too many pods at once', 'scoring', 'spec/parallelism', 100_001, 'indexed-size'],
  ['FailIndex without a limit for each index', 'scoring', 'spec/backoffLimitPerIndex', undefined, 'failure-policy'],
  ['exit code 0 as a failure', 'scoring', `${rule1}/onExitCodes/values`, [0, 2], 'failure-policy'],
  ['exit codes out of order', 'scoring', `${rule1}/onExitCodes/values`, [4, 2], 'failure-policy'],
  ['no exit codes', 'scoring', `${rule1}/onExitCodes/values`, [], 'failure-policy'],
  [
    'a rule for a container that is not there',
    'scoring',
    `${rule1}/onExitCodes/containerName`,
    'main',
    'failure-policy',
  ],
  ['a rule with nothing to fit', 'scoring', `${rule1}/onExitCodes`, undefined, 'failure-policy'],
  ['a rule with both', 'scoring', `${rule1}/onPodConditions`, [{ type: 'x', status: 'True' }], 'failure-policy'],
  ['a rule without action', 'scoring', `${rule1}/action`, undefined, 'failure-policy'],
  ['a rule with another action', 'scoring', `${rule1}/action`, 'Retry', 'choice'],
  [
    '21 rules',
    'scoring',
    'spec/podFailurePolicy/rules',
    Array.from({ length: 21 }, () => specOf('scoring').podFailurePolicy.rules[0]),
    'failure-policy',
  ],
  ['pods that are replaced too early', 'scoring', 'spec/podReplacementPolicy', 'TerminatingOrFailed', 'failure-policy'],
  ['no objective', 'experiment', 'spec/objective', undefined, 'objective'],
  ['a direction that is none', 'experiment', 'spec/objective/type', 'max', 'choice'],
  ['the objective twice', 'experiment', 'spec/objective/additionalMetricNames', ['pauc'], 'objective'],
  ['no algorithm', 'experiment', 'spec/algorithm', {}, 'objective'],
  ['no parameters', 'experiment', 'spec/parameters', [], 'objective'],
  ['a range without an end', 'experiment', 'spec/parameters/0/feasibleSpace/max', undefined, 'objective'],
  ['a range that is turned round', 'experiment', 'spec/parameters/0/feasibleSpace/max', '0', 'objective'],
  ['a range of numbers', 'experiment', 'spec/parameters/0/feasibleSpace/min', 0.1, 'objective'],
  ['a list with a range', 'experiment', 'spec/parameters/1/feasibleSpace/min', '1', 'objective'],
  ['more trials at once than trials', 'experiment', 'spec/parallelTrialCount', 13, 'trial-counts'],
  ['more failed trials than trials', 'experiment', 'spec/maxFailedTrialCount', 13, 'trial-counts'],
  [
    'a parameter that is not used',
    'experiment',
    `${trial}/trialParameters/2`,
    { name: 'x', reference: 'rate' },
    'trial-parameters',
  ],
  ['a parameter that is not declared', 'experiment', `${trial}/trialParameters`, [], 'trial-parameters'],
  ['a parameter of no experiment', 'experiment', `${trial}/trialParameters/0/reference`, 'speed', 'trial-parameters'],
  ['a trial with a name', 'experiment', `${trial}/trialSpec/metadata/name`, 'one', 'trial-name'],
  ['no sign of success', 'experiment', `${trial}/successCondition`, undefined, 'trial-conditions'],
  [
    'a container that the trial does not have',
    'experiment',
    `${trial}/primaryContainerName`,
    'node',
    'container-missing',
  ],
  ['a trial of another kind', 'experiment', `${trial}/trialSpec/kind`, 'MPIJob', 'unknown-kind'],
  ['a trial that its webhook refuses', 'experiment', `${trial}/trialSpec/${master}/replicas`, 2, 'master-replicas'],
  ['no predictor', 'service', 'spec/predictor', undefined, 'shape'],
  ['two predictors', 'service', 'spec/predictor/model', { modelFormat: { name: 'onnx' } }, 'predictor'],
  ['a predictor of another name', 'service', `${main}/name`, 'main', 'container-missing'],
  ['fewer at most than at least', 'service', 'spec/predictor/minReplicas', 5, 'predictor'],
  ['a model without a format', 'triton', 'spec/predictor/model/modelFormat', {}, 'predictor'],
  ['a model with a name', 'triton', 'spec/predictor/model/name', 'x', 'predictor'],
  ['a protocol that is none', 'triton', 'spec/predictor/model/protocolVersion', 'v3', 'choice'],
  ['a repository without an address', 'triton', 'spec/predictor/model/storageUri', '/models', 'storage-uri'],
];

function specOf(sample: 'scoring'): { podFailurePolicy: { rules: readonly unknown[] } } {
  return samples[sample].spec as never;
}

export const mutations = table.map(([title, sample, path, value, rule, trainer]) => ({
  title,
  sample,
  path,
  value,
  rule,
  trainer,
}));
