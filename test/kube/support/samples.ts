/** One object of every builder and every shape, as tests use them. */
import {
  experiment,
  inferenceService,
  pyTorchJob,
  scoreJob,
  trainingRuntime,
  trainJob,
  trainJobWithRuntime,
  tritonService,
  volumeClaim,
  type KubeObject,
  type PodOptions,
  type TrainerVersion,
} from '../../../lib/kube/index.js';

export const run = 'isic-1';

/** Everything that a pod can be told. */
export const everything: PodOptions = {
  image: 'registry.example.org:5000/microtome-trainer:0.1.0',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: ['registry'],
  env: { OMP_NUM_THREADS: '4' },
  secretEnv: { KAGGLE_KEY: { secret: 'kaggle', key: 'key' } },
  claims: [
    { claim: 'isic-data', path: '/data', readOnly: true },
    { claim: 'isic-runs', path: '/runs', subPath: 'one' },
    { claim: 'isic-runs', path: '/others' },
  ],
  secretMounts: [{ secret: 'tls', path: '/etc/tls' }],
  resources: { cpu: '500m', memory: '16Gi', gpus: 1, ephemeralStorage: '10Gi' },
  sharedMemory: '2Gi',
  nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  serviceAccount: 'trainer',
  priorityClass: 'low',
  podAnnotations: { 'example.org/note': 'a note' },
};

const shared = { run, namespace: 'lesions', labels: { team: 'derm' }, annotations: { 'example.org/ticket': '15' } };
const command = ['torchrun', '-m', 'train.lesions', 'train', '--images', '/data/train-image.hdf5', '--out', '/runs/1'];
const plain = ['python3', ...command.slice(1)];
const image = 'registry.example.org/microtome-trainer:0.1.0';

export const fullPyTorchJob = pyTorchJob({
  ...shared,
  ...everything,
  command: plain,
  workers: 3,
  restartPolicy: 'ExitCode',
  retries: 5,
  deadlineSeconds: 3600,
  ttlSeconds: 600,
  cleanPodPolicy: 'Running',
  queue: 'gpus',
});
export const fullScoreJob = scoreJob({
  ...shared,
  ...everything,
  inputs: ['/data/slides'],
  model: '/data/bundle',
  out: '/runs/parts',
  shards: 8,
  parallelism: 2,
  maxFailedShards: 2,
  deadlineSeconds: 7200,
  ttlSeconds: 600,
  queue: 'cpus',
  scoreArguments: ['--metadata', '/data/test_metadata.csv'],
});

const clusterRuntime = { name: 'torch-distributed', kind: 'ClusterTrainingRuntime' as const };

/** A TrainJob with its own runtime, and one with a runtime of the cluster. */
export function trainObjects(trainer: TrainerVersion): readonly KubeObject[] {
  const own = { ...shared, ...everything, command, nodes: 2, trainer, ttlSeconds: 60 };
  return [
    ...trainJobWithRuntime({
      ...own,
      queue: 'gpus',
      processesPerNode: 2,
      ...(trainer === '2.1' ? {} : { deadlineSeconds: 60 }),
    }),
    trainJob({ ...own, imagePullPolicy: undefined, priorityClass: undefined, runtime: clusterRuntime }),
    trainJob({ run, image, command, runtime: clusterRuntime, trainer }),
    trainingRuntime({ run, image, trainer }),
  ];
}

/** Where Katib puts the value of a parameter. */
export const placeOf = (parameter: string): string => `\${trialParameters.${parameter}}`;
const tuned = [...plain, '--rate', placeOf('rate'), '--backbone', placeOf('backbone')];
const parameters = [
  { name: 'rate', type: 'double' as const, min: 1e-4, max: 0.01, step: 1e-4, distribution: 'logUniform' as const },
  { name: 'backbone', type: 'categorical' as const, list: ['efficientnet_b0', 'mobilenet_v3_small'] },
];
export const pyTorchExperiment = experiment({
  ...shared,
  trial: pyTorchJob({ run, image, command: tuned }),
  parameters,
  target: 0.18,
  otherMetrics: ['auc', 'log_loss'],
  retain: true,
});
const tunedByTorchrun = ['torchrun', ...tuned.slice(1)];
export const trainJobExperiment = experiment({
  run,
  trial: trainJob({ run, image, command: tunedByTorchrun, runtime: clusterRuntime }),
  parameters,
});

/** Objects that need no Trainer of a version. */
export const objects: readonly KubeObject[] = [
  volumeClaim({ ...shared, name: 'isic-data', size: '8Gi', storageClass: 'standard', accessMode: 'ReadWriteOnce' }),
  volumeClaim({ run, size: '8Gi' }),
  fullPyTorchJob,
  pyTorchJob({ run, image, command: plain }),
  pyTorchJob({ run, image, command: plain, workers: 0 }),
  fullScoreJob,
  scoreJob({ run, image, inputs: ['/d'], model: 'demo', out: '/o', shards: 200_000, maxFailedShards: 100 }),
  pyTorchExperiment,
  trainJobExperiment,
  inferenceService({
    ...shared,
    ...everything,
    model: '/data/bundle',
    serveArguments: ['--batch-rows', '64'],
    minReplicas: 0,
    maxReplicas: 4,
    timeoutSeconds: 30,
    deploymentMode: 'Standard',
  }),
  inferenceService({ run, image, model: 'demo' }),
  tritonService({
    ...shared,
    storageUri: 'pvc://models/model-repository',
    runtimeVersion: '24.06-py3',
    env: { A: 'b' },
    resources: { memory: '4Gi', gpus: 1 },
    serviceAccount: 'reader',
  }),
  tritonService({ run, storageUri: 's3://models/repository', runtimeVersion: '24.06-py3' }),
];
