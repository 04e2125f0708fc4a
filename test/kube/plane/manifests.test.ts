/**
 * Every kind of manifest that the library writes, on the real API server with strict validation and with the webhooks of the
 * operators. With dryRun the server does all but keep the object.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  checkManifest,
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
} from '../../../lib/kube/index.js';
import { dataDir } from '../../support/data.js';
import { pathOf, type Api } from './support/api.js';
import { openCluster, type Cluster } from './support/cluster.js';
import { startControlPlane, type ControlPlane } from './support/control-plane.js';
import { addCrds } from './support/operators.js';

const pod = {
  run: 'strict',
  image: 'registry.example.org/microtome-trainer:0.1.0',
  env: { OMP_NUM_THREADS: '2' },
  secretEnv: { KAGGLE_KEY: { secret: 'kaggle', key: 'key' } },
  secretMounts: [{ secret: 'kaggle', path: '/etc/kaggle' }],
  claims: [
    { claim: 'data', path: '/data', readOnly: true },
    { claim: 'runs', path: '/runs', subPath: 'lesions' },
  ],
  resources: { cpu: '4', memory: '16Gi', gpus: 1, ephemeralStorage: '10Gi' },
  sharedMemory: '2Gi',
  nodeSelector: { 'example.org/gpu': 'yes' },
  tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
  imagePullSecrets: ['registry'],
  labels: { team: 'skin' },
  annotations: { 'example.org/note': 'a note' },
} as const;

const words = ['python3', '-m', 'train.lesions', 'train', '--out', '/runs/1'];
const torchrun = ['torchrun', ...words.slice(1)];
const master = pyTorchJob({ ...pod, command: [...words, '--rate', `\${trialParameters.rate}`], workers: 0 });
const clusterRuntime = { name: 'torch-distributed', kind: 'ClusterTrainingRuntime' } as const;
const scoring = {
  ...pod,
  inputs: ['/data/slides'],
  model: '/data/bundle',
  out: '/runs/parts',
  shards: 8,
  parallelism: 2,
  maxFailedShards: 2,
  deadlineSeconds: 3600,
  ttlSeconds: 60,
};

/** Kinds of which the operators of these tests know the CRD, and of which they check more in their webhooks. */
const known: Readonly<Record<string, KubeObject>> = {
  'a claim': volumeClaim({ run: 'strict', name: 'data', size: '8Gi', storageClass: 'standard' }),
  'a PyTorchJob': pyTorchJob({ ...pod, command: words, workers: 3, deadlineSeconds: 3600, ttlSeconds: 60 }),
  'a PyTorchJob that waits in a queue': pyTorchJob({ ...pod, command: words, queue: 'gpus' }),
  'a PyTorchJob of one process': pyTorchJob({ run: 'strict', image: pod.image, command: words, workers: 0 }),
  'a runtime': trainingRuntime({ ...pod, nodes: 2, ttlSeconds: 60 }),
  'a scoring job': scoreJob(scoring),
  'a scoring job that waits in a queue': scoreJob({ ...scoring, queue: 'cpus' }),
};

const tuning = experiment({
  run: 'strict',
  trial: master,
  parameters: [{ name: 'rate', type: 'double', min: 1e-4, max: 1e-2, distribution: 'logUniform' }],
  otherMetrics: ['auc'],
});

const serving: Readonly<Record<string, KubeObject>> = {
  'a service': inferenceService({ ...pod, model: '/data/bundle' }),
  'a service of Triton': tritonService({
    run: 'strict',
    storageUri: 'pvc://models/repository',
    runtimeVersion: '24.06-py3',
    resources: pod.resources,
  }),
};

let cluster: Cluster;

beforeAll(async () => {
  cluster = await openCluster({});
});

afterAll(() => cluster.close());

const strictly = '?dryRun=All&fieldValidation=Strict';
const post = (api: Api, namespace: string, object: object): Promise<unknown> => api.create(object, namespace, strictly);

/** The object with one field more at some place, whose name is like that of a real one. */
const misspelt = (object: KubeObject): object => ({
  ...object,
  spec: { ...(object as { spec?: object }).spec, ttlSecondAfterFinish: 1 },
});

async function isTakenAndRefused(api: Api, namespace: string, object: KubeObject): Promise<void> {
  await expect(post(api, namespace, object)).resolves.toMatchObject({ kind: object.kind });
  await expect(post(api, namespace, misspelt(object))).rejects.toThrow(/unknown field "spec\.ttlSecondAfterFinish"/);
}

describe('strict validation of the API server', () => {
  it.each(Object.entries(known))('takes %s, and refuses a misspelt field by name', async (_, object) => {
    await isTakenAndRefused(cluster.api, cluster.namespace, object);
  });

  it.skipIf(!inject('hasServing')).each(Object.entries(serving))(
    'takes %s, and refuses a misspelt field by name',
    async (_, object) => {
      await isTakenAndRefused(cluster.api, cluster.namespace, object);
    },
  );

  it.skipIf(!inject('hasServing'))(
    'takes an experiment, and any other field too: the check without a cluster does not',
    async () => {
      await expect(post(cluster.api, cluster.namespace, tuning)).resolves.toMatchObject({ kind: 'Experiment' });
      // The CRD of Katib keeps fields that it does not know.
      await expect(post(cluster.api, cluster.namespace, misspelt(tuning))).resolves.toMatchObject({
        kind: 'Experiment',
      });
      expect(checkManifest(tuning)).toEqual([]);
      expect(JSON.stringify(checkManifest(misspelt(tuning)))).toContain('ttlSecondAfterFinish');
    },
  );

  it('finds a misspelt field deep in a pod', async () => {
    const job = structuredClone(known['a PyTorchJob']) as unknown as {
      spec: { pytorchReplicaSpecs: { Worker: { template: { spec: { containers: Record<string, unknown>[] } } } } };
    };
    const [container] = job.spec.pytorchReplicaSpecs.Worker.template.spec.containers;
    Object.assign(container as object, { volumeMount: [] });
    await expect(post(cluster.api, cluster.namespace, job)).rejects.toThrow(
      /unknown field .*containers\[0\]\.volumeMount"/,
    );
  });
});

describe("the operators' webhooks", () => {
  beforeAll(async () => {
    const { spec } = trainingRuntime({ run: 'cluster', image: 'pytorch:test' });
    const metadata = { name: clusterRuntime.name, labels: { 'trainer.kubeflow.org/framework': 'torch' } };
    const object = { apiVersion: 'trainer.kubeflow.org/v1alpha1', kind: 'ClusterTrainingRuntime', metadata, spec };
    await cluster.api.create(object, null);
  });

  afterAll(() => cluster.api.remove(pathOf('ClusterTrainingRuntime', null, clusterRuntime.name)));

  it('take a TrainJob with a runtime of its own, and one with patches of a runtime of the cluster', async () => {
    const { api, namespace } = cluster;
    const [runtime, job] = trainJobWithRuntime({
      ...pod,
      name: 'own',
      command: torchrun,
      nodes: 2,
      deadlineSeconds: 3600,
    });
    await api.create(runtime, namespace, '?fieldValidation=Strict');
    await isTakenAndRefused(api, namespace, job);
    const patched = trainJob({ ...pod, name: 'patched', command: torchrun, runtime: clusterRuntime });
    await isTakenAndRefused(api, namespace, patched);
  });

  it('refuse a patch of a manager without a domain, as the check without a cluster does', async () => {
    const job = trainJob({ ...pod, name: 'manager', command: torchrun, runtime: clusterRuntime });
    const wrong = JSON.parse(JSON.stringify(job).replace(/"manager":"[^"]+"/, '"manager":"microtome"')) as object;
    await expect(post(cluster.api, cluster.namespace, wrong)).rejects.toThrow(/domain-prefixed path/);
    expect(checkManifest(wrong)).toMatchObject([{ path: expect.stringContaining('manager') as unknown }]);
  });

  it('refuse a TrainJob whose runtime is not there', async () => {
    const nowhere = { name: 'nowhere', kind: 'TrainingRuntime' } as const;
    const job = trainJob({ ...pod, command: torchrun, runtime: nowhere });
    await expect(post(cluster.api, cluster.namespace, job)).rejects.toThrow(/nowhere/);
  });

  it('refuse a PyTorchJob without a container of the name that the operator looks for', async () => {
    const text = JSON.stringify(known['a PyTorchJob']).replaceAll('"name":"pytorch"', '"name":"trainer"');
    await expect(post(cluster.api, cluster.namespace, JSON.parse(text) as object)).rejects.toThrow(/pytorch/);
  });
});

const older = dataDir === null ? null : join(dataDir, 'crds');

describe.skipIf(older === null || !existsSync(older))('an API server with Trainer 2.1', () => {
  let plane: ControlPlane | null = null;

  beforeAll(async () => {
    plane = await startControlPlane(inject('programs'));
    await addCrds(plane.api, older as string, /trainer-v2\.1/);
  });

  afterAll(async () => {
    await plane?.stop();
  });

  it('takes the manifests for it, and refuses those for later versions', async () => {
    const { api } = plane as ControlPlane;
    const options = { ...pod, name: 'older', command: torchrun, nodes: 2, trainer: '2.1' } as const;
    for (const object of trainJobWithRuntime(options)) await isTakenAndRefused(api, 'default', object);
    const runtime = clusterRuntime;
    await isTakenAndRefused(api, 'default', trainJob({ ...options, runtime, processesPerNode: 'auto' }));
    const later = trainJob({ ...options, runtime, trainer: '2.2+' });
    await expect(post(api, 'default', later)).rejects.toThrow(/unknown field "spec\.runtimePatches"/);
    // And the other way round.
    const earlier = trainJob({ ...options, runtime });
    await expect(post(cluster.api, cluster.namespace, earlier)).rejects.toThrow(
      /unknown field "spec\.podTemplateOverrides"/,
    );
  });
});
