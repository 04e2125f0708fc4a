/**
 * Training of two ranks under the real operators, from the library's own manifests: what it ends with, and that a rank that was
 * killed or whose pod was deleted comes back and the training goes on to the same parameters.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  applyManifests,
  connectCluster,
  pyTorchJob,
  trainJobWithRuntime,
  volumeClaim,
  waitFor,
  type Cluster as KubeCluster,
  type KubeObject,
} from '../../../lib/kube/index.js';
import { pathOf } from './support/api.js';
import { openCluster, type Cluster } from './support/cluster.js';
import type { Pod } from './support/pod.js';
import { until } from './support/processes.js';
import { cardOf, trainerImage, trainWords, writeLesions, type RunCard } from './support/training.js';

const trainers = {
  whole: trainerImage(false),
  deleted: trainerImage(true),
  killed: trainerImage(true),
  'node-killed': trainerImage(true),
};
type Tag = keyof typeof trainers;
const imageOf = (tag: Tag): string => `registry.example.org/trainer:${tag}`;
const images = Object.fromEntries(Object.entries(trainers).map(([tag, image]) => [imageOf(tag as Tag), image]));

let cluster: Cluster;
let kube: KubeCluster;
/** Of a training that nobody disturbed. */
let whole: RunCard;

const run = 'lesions';
const claims = [
  { claim: 'data', path: '/data', readOnly: true },
  { claim: 'runs', path: '/runs' },
];
const outOf = (name: string): string => join(cluster.node.claimFolder('runs'), name);

beforeAll(async () => {
  cluster = await openCluster(images);
  kube = await connectCluster({ kubeconfig: inject('kubeconfig'), namespace: cluster.namespace });
  await writeLesions(cluster.node.claimFolder('data'));
  await applyManifests(kube, [
    volumeClaim({ run, name: 'data', size: '1Gi' }),
    volumeClaim({ run, name: 'runs', size: '1Gi' }),
  ]);
});

afterAll(() => cluster.close());

/** Applies, waits for the end and reads what the ranks have ended with. An error has what they wrote. */
async function trained(
  name: string,
  objects: readonly KubeObject[],
  meanwhile?: () => Promise<void>,
): Promise<RunCard> {
  mkdirSync(outOf(name), { recursive: true });
  await applyManifests(kube, objects);
  try {
    await meanwhile?.();
    await waitFor(kube, objects.at(-1) as KubeObject, { pollMs: 200, timeoutMs: 400_000 });
  } catch (error) {
    const logs = Object.entries(cluster.node.logs()).map(([pod, text]) => `--- ${pod}\n${text.slice(-3000)}`);
    throw new Error(`${(error as Error).message}\n${logs.join('\n')}`, { cause: error });
  }
  return cardOf(outOf(name));
}

const podNamed = async (name: string): Promise<Pod | null> => cluster.get<Pod>('Pod', name);

const untilHeld = (tag: Tag): Promise<unknown> =>
  until(
    () => existsSync(trainers[tag].heldFile),
    () => `a rank that is held\n${JSON.stringify(cluster.node.logs())}`,
    400_000,
  );

/** The lines of the epochs that a pod has told, each with its number. */
const epochsOf = (podName: string): readonly string[] => cluster.node.log(podName).match(/^epoch=\d+/gm) ?? [];

const jobOf = (name: string, tag: Tag): KubeObject =>
  pyTorchJob({
    run,
    name,
    image: imageOf(tag),
    command: ['python3', ...trainWords(`/runs/${name}`)],
    claims,
  });

describe('a PyTorchJob of two ranks', () => {
  it('ends with the same parameters on both', async () => {
    whole = await trained('whole', [jobOf('whole', 'whole')]);
    expect(whole.parametersSha256).toHaveLength(2);
    expect(new Set(whole.parametersSha256).size).toBe(1);
    await cluster.untilObject<Pod>('Pod', 'whole-worker-0', (pod) => pod.status?.phase === 'Succeeded');
    expect(epochsOf('whole-master-0')).toEqual(['epoch=1', 'epoch=2']);
  });

  it('goes on to the same parameters where the pod of a worker was deleted: the operator makes it again', async () => {
    let second: Pod | null = null;
    const card = await trained('deleted', [jobOf('deleted', 'deleted')], async () => {
      await untilHeld('deleted');
      const first = (await podNamed('deleted-worker-0')) as Pod;
      await cluster.api.remove(pathOf('Pod', cluster.namespace, 'deleted-worker-0'));
      second = await until(async () => {
        const found = await podNamed('deleted-worker-0');
        return found !== null && found.metadata.uid !== first.metadata.uid ? found : null;
      }, 'another pod of that name');
    });
    expect(second).not.toBe(null);
    expect(card.parametersSha256).toEqual(whole.parametersSha256);
    expect(card.history).toEqual(whole.history);
    // The first epoch was not trained again.
    expect(epochsOf('deleted-master-0')).toEqual(['epoch=1', 'epoch=2']);
  });

  it('goes on to the same parameters where the process of a worker was killed: its container starts again', async () => {
    const card = await trained('killed', [jobOf('killed', 'killed')], async () => {
      await untilHeld('killed');
      expect(cluster.node.kill('killed-worker-0')).toBe(true);
    });
    expect(card.parametersSha256).toEqual(whole.parametersSha256);
    // The job has succeeded as soon as the master has.
    const { status } = await cluster.untilObject<Pod>(
      'Pod',
      'killed-worker-0',
      (pod) => pod.status?.phase === 'Succeeded',
    );
    expect(status?.containerStatuses?.[0]?.restartCount).toBeGreaterThan(0);
    expect(epochsOf('killed-master-0')).toEqual(['epoch=1', 'epoch=2']);
  });
});

describe('a TrainJob of two nodes', () => {
  const objectsOf = (name: string, tag: Tag): KubeObject[] =>
    trainJobWithRuntime({
      run,
      name,
      image: imageOf(tag),
      command: ['torchrun', ...trainWords(`/runs/${name}`)],
      nodes: 2,
      claims,
    });

  it('ends with the parameters of the PyTorchJob', async () => {
    const card = await trained('nodes', objectsOf('nodes', 'whole'));
    expect(card.parametersSha256).toEqual(whole.parametersSha256);
    expect(card.history).toEqual(whole.history);
  });

  it('goes on to the same parameters where a node was killed: JobSet makes all pods again', async () => {
    const card = await trained('node-killed', objectsOf('node-killed', 'node-killed'), async () => {
      await untilHeld('node-killed');
      const pods = await cluster.node.pods();
      const second = pods.find(
        ({ metadata }) =>
          metadata.labels?.['jobset.sigs.k8s.io/jobset-name'] === 'node-killed' &&
          metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === '1',
      );
      expect(cluster.node.kill(second?.metadata.name ?? '')).toBe(true);
    });
    expect(card.parametersSha256).toEqual(whole.parametersSha256);
    const set = await cluster.get<{ status: { restarts?: number } }>('JobSet', 'node-killed');
    expect(set?.status.restarts).toBe(1);
  });
});
