/** PyTorchJob, TrainJob and TrainingRuntime: the rules of their webhooks. */
import { checkLabelName } from './names.js';
import { shown, type Part } from './part.js';
import { checkEnv, checkImage, checkPodTemplate, checkResources } from './pods.js';

/** Version of Kubeflow Trainer that an object is for: its fields changed with 2.2. */
export type TrainerVersion = '2.1' | '2.2+';

export function checkPyTorchJob(job: Part): void {
  const workers = job.at('spec.pytorchReplicaSpecs.Worker.replicas').number ?? 1;
  const last = `worker-${Math.max(0, workers - 1)}`;
  checkLabelName(job.at('metadata.name'), {
    longest: (name) => `${name}-${last}`,
    what: 'the name of the last pod',
    isService: true,
  });
  checkPyTorchJobSpec(job.get('spec'));
}

/** The spec of a PyTorchJob, or of the trial of an Experiment, which has no name yet. */
export function checkPyTorchJobSpec(spec: Part): void {
  if (!spec.isThere()) return;
  const replicas = spec.get('pytorchReplicaSpecs');
  if (!replicas.isThere()) return;
  if (replicas.entries.length === 0) replicas.error('replica-type', 'has neither Master nor Worker');
  for (const [type, replica] of replicas.entries) {
    if (type !== 'Master' && type !== 'Worker') {
      replicas.error('replica-type', `has ${shown(type)}; a PyTorchJob has Master and Worker`);
      continue;
    }
    replica.get('restartPolicy').choice(['Always', 'OnFailure', 'Never', 'ExitCode']);
    checkPodTemplate(replica.get('template'), 'pytorch');
    const count = replica.get('replicas');
    if (type === 'Master' && count.value !== 1) count.error('master-replicas', `is ${shown(count.value)}, expected 1`);
    if (type === 'Worker' && count.isGiven && !(Number.isInteger(count.value) && (count.number ?? 0) >= 1))
      count.error('worker-replicas', `is ${shown(count.value)}, expected at least 1`);
  }
  if (spec.get('elasticPolicy').isGiven && !replicas.get('Worker').isGiven)
    spec.get('elasticPolicy').error('elastic-without-worker', 'needs Worker');
  const perNode = spec.get('nprocPerNode');
  if (perNode.isGiven && !/^(auto|cpu|gpu|[1-9]\d*)$/.test(perNode.text ?? ''))
    perNode.error('proc-per-node', `is ${shown(perNode.value)}, expected text: a number, auto, cpu or gpu`);
  checkRunPolicy(spec.get('runPolicy'));
}

function checkRunPolicy(policy: Part): void {
  policy.get('cleanPodPolicy').choice(['All', 'Running', 'None']);
  policy.get('ttlSecondsAfterFinished').integer(0);
  policy.get('activeDeadlineSeconds').integer(1);
  policy.get('backoffLimit').integer(0);
}

/** JobSet makes pods `<job>-node-0-<index>-xxxxx`. */
const podOfTrainJob = (name: string, nodes: number): string => `${name}-node-0-${Math.max(0, nodes - 1)}-xxxxx`;

export function checkTrainJob(job: Part, version: TrainerVersion): void {
  const nodes = job.at('spec.trainer.numNodes').number ?? 1;
  checkLabelName(job.at('metadata.name'), {
    longest: (name) => podOfTrainJob(name, nodes),
    what: 'the name of the last pod',
    isService: true,
  });
  checkTrainJobSpec(job.get('spec'), version);
}

/** The spec of a TrainJob, or of the trial of an Experiment, which has no name yet. */
export function checkTrainJobSpec(spec: Part, version: TrainerVersion): void {
  if (!spec.isThere()) return;
  const ref = spec.get('runtimeRef');
  if (ref.at('name').text === undefined || ref.at('name').text === '') ref.error('runtime-ref', 'has no name');
  ref.get('kind').choice(['ClusterTrainingRuntime', 'TrainingRuntime']);
  const trainer = spec.get('trainer');
  if (trainer.get('image').isGiven) checkImage(trainer.get('image'));
  trainer.get('numNodes').integer(1);
  checkProcPerNode(trainer.get('numProcPerNode'), version);
  checkEnv(trainer.get('env'));
  refuseReserved(trainer.get('env'));
  checkResources(trainer.get('resourcesPerNode'));
  checkTorchrun(trainer);
  spec.get('activeDeadlineSeconds').integer(1);
  spec.get('managedBy').choice(['trainer.kubeflow.org/trainjob-controller', 'kueue.x-k8s.io/multikueue']);
  const [overrides, patches] = [spec.get('podTemplateOverrides'), spec.get('runtimePatches')];
  if (version === '2.1' && patches.isGiven)
    patches.error('patches-version', 'is for Trainer 2.2 and later; 2.1 has podTemplateOverrides');
  if (version !== '2.1' && overrides.isGiven)
    overrides.error('patches-version', 'is for Trainer 2.1; 2.2 and later have runtimePatches');
  if (version === '2.1' && spec.get('activeDeadlineSeconds').isGiven)
    spec.get('activeDeadlineSeconds').error('patches-version', 'is for Trainer 2.2 and later');
  for (const patch of patches.items) checkPatch(patch);
  for (const override of overrides.items) {
    if (override.get('targetJobs').items.length === 0) override.get('targetJobs').error('shape', 'is missing');
    for (const container of override.at('spec.containers').items) refuseEnvOfNode(container);
  }
}

/** `example.org/manager`; Trainer's webhook refuses a word without a slash. */
const kManagerPath = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[\w/.~!$&'()*+,;=:@%-]+$/;

function checkPatch(patch: Part): void {
  const manager = patch.get('manager');
  if (manager.isThere() && !kManagerPath.test(manager.text ?? ''))
    manager.error('shape', 'must have a domain before a slash, such as example.org/manager');
  for (const job of patch.at('trainingRuntimeSpec.template.spec.replicatedJobs').items)
    for (const container of job.at('template.spec.template.spec.containers').items) refuseEnvOfNode(container);
}

function refuseEnvOfNode(container: Part): void {
  if (container.get('name').text === 'node' && container.get('env').items.length > 0)
    container.get('env').error('reserved-env', 'is for the container node; its variables belong in trainer.env');
}

function refuseReserved(env: Part): void {
  for (const variable of env.items) {
    const name = variable.get('name').text ?? '';
    if (name.startsWith('PET_')) variable.get('name').error('reserved-env', `${shown(name)} is set by Trainer`);
  }
}

function checkProcPerNode(perNode: Part, version: TrainerVersion): void {
  if (!perNode.isGiven) return;
  const isCount = Number.isInteger(perNode.value) && (perNode.number ?? 0) >= 1;
  const isWord = version === '2.1' && ['auto', 'cpu', 'gpu'].includes(perNode.text ?? '');
  if (isCount || isWord) return;
  const expected =
    version === '2.1' ? 'a number from 1, auto, cpu or gpu' : 'a number from 1 (Trainer 2.1 took words too)';
  perNode.error('proc-per-node', `is ${shown(perNode.value)}, expected ${expected}`);
}

function checkTorchrun(trainer: Part): void {
  const [first = '', ...rest] = [...trainer.get('command').items, ...trainer.get('args').items].map(({ text }) => text);
  const isPython = /(^|\/)python[\d.]*$/.test(first ?? '');
  if (isPython && !rest.includes('torch.distributed.run') && !rest.includes('torch.distributed.launch'))
    trainer
      .get('command')
      .warning(
        'torchrun-missing',
        'starts Python itself; Trainer sets PET_* only, which torchrun turns into RANK and WORLD_SIZE',
      );
}

/** `kind` is TrainingRuntime or ClusterTrainingRuntime. */
export function checkTrainingRuntime(runtime: Part, version: TrainerVersion): void {
  checkLabelName(runtime.at('metadata.name'));
  const policy = runtime.at('spec.mlPolicy');
  const chosen = ['torch', 'mpi', 'jax', 'xgboost', 'flux'].filter((name) => policy.get(name).isGiven);
  if (chosen.length > 1) policy.error('one-policy', `has ${chosen.join(' and ')}; at most one is allowed`);
  policy.get('numNodes').integer(1);
  const perNode = policy.at('torch.numProcPerNode');
  if (perNode.isGiven && version !== '2.1')
    perNode.error('proc-per-node', 'is for Trainer 2.1; later it is in trainer.numProcPerNode of the TrainJob');
  else checkProcPerNode(perNode, version);
  const jobs = runtime.at('spec.template.spec.replicatedJobs');
  const steps = jobs.items.filter((job) => stepOf(job) === 'trainer');
  if (steps.length !== 1)
    jobs.error(
      'trainer-step',
      `has ${steps.length} jobs with the label trainer.kubeflow.org/trainjob-ancestor-step: trainer, expected one`,
    );
  for (const job of jobs.items) {
    const isTrainer = stepOf(job) === 'trainer';
    const replicas = job.get('replicas');
    if (isTrainer && replicas.isGiven && replicas.value !== 1)
      replicas.error('trainer-step', `is ${shown(replicas.value)}, expected 1`);
    checkPodTemplate(job.at('template.spec.template'), isTrainer ? 'node' : undefined);
    for (const container of job.at('template.spec.template.spec.containers').items)
      refuseReserved(container.get('env'));
  }
}

const stepOf = (job: Part): string | undefined =>
  job.at('template.metadata.labels').get('trainer.kubeflow.org/trainjob-ancestor-step').text;
