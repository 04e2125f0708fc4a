/**
 * The life of a run in a cluster, with the library's own functions against the real API server: applied, applied again, watched,
 * timed out, taken away; and a secret that is in nothing that anybody reads.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  applyManifests,
  connectCluster,
  deleteRun,
  pyTorchJob,
  scoreJob,
  trainJobWithRuntime,
  volumeClaim,
  waitFor,
  type Cluster as KubeCluster,
  type KubeObject,
  type ScoreJobOptions,
  type WaitState,
} from '../../../lib/kube/index.js';
import { allObjects, listAll } from './support/everything.js';
import { openCluster, type Cluster } from './support/cluster.js';
import { makeImage } from './support/image.js';
import { until } from './support/processes.js';

/** A program in the place of microtome that does what its environment says. */
const shell = ['/bin/sh', '-c', 'eval "$SCRIPT"', 'sh'];
const image = 'registry.example.org/scorer:shell';

let cluster: Cluster;
let kube: KubeCluster;

beforeAll(async () => {
  cluster = await openCluster({ [image]: makeImage({ microtome: shell, python3: shell, torchrun: shell }) });
  kube = await connectCluster({ kubeconfig: inject('kubeconfig'), namespace: cluster.namespace });
});

afterAll(() => cluster.close());

const scoring = (name: string, script: string, others: Partial<ScoreJobOptions> = {}): KubeObject =>
  scoreJob({
    run: name,
    name,
    image,
    inputs: ['/data'],
    model: 'demo',
    out: '/out',
    shards: 2,
    retriesPerShard: 0,
    graceSeconds: 1,
    env: { SCRIPT: script },
    ...others,
  });

const quickly = { pollMs: 100, timeoutMs: 300_000 };
const failureOf = async (object: KubeObject): Promise<{ readonly code: string; readonly message: string }> =>
  (await waitFor(kube, object, quickly).then(
    () => null,
    (error: unknown) => error,
  )) as never;

describe('apply', () => {
  it('twice is as once', async () => {
    const objects = [volumeClaim({ run: 'twice', name: 'twice', size: '1Gi' }), scoring('twice', 'true')];
    const actions = async (): Promise<readonly string[]> =>
      (await applyManifests(kube, objects)).map(({ action }) => action);
    expect(await actions()).toEqual(['created', 'created']);
    expect(await actions()).toEqual(['unchanged', 'unchanged']);
    await waitFor(kube, objects[1] as KubeObject, quickly);
    // Also where controllers have written to it since.
    expect(await actions()).toEqual(['unchanged', 'unchanged']);
  });

  it('of a dry run keeps nothing', async () => {
    const [applied] = await applyManifests(kube, [scoring('dry', 'true')], { dryRun: 'server' });
    expect(applied).toMatchObject({ action: 'created' });
    expect(await cluster.get('Job', 'dry')).toBe(null);
  });

  it("passes the server's reason on where a field is misspelt", async () => {
    const job = scoring('misspelt', 'true') as KubeObject & { spec: object };
    const wrong = { ...job, spec: { ...job.spec, paralelism: 2 } };
    await expect(applyManifests(kube, [wrong])).rejects.toMatchObject({
      code: 'CLUSTER_REFUSED',
      message: expect.stringMatching(/paralelism/) as unknown,
    });
  });
});

describe('wait', () => {
  it('tells the states, and at the end the shards', async () => {
    const job = scoring('watched', 'true');
    await applyManifests(kube, [job]);
    const states: WaitState[] = [];
    const ended = await waitFor(kube, job, { ...quickly, onState: (state) => states.push(state) });
    expect(ended.indexes).toMatchObject({ completions: 2, succeeded: [0, 1], failed: [], open: [] });
    expect(states.at(-1)?.state).toBe('succeeded');
  });

  it('says which shard failed with which code, and why the job has failed', async () => {
    const job = scoring('fails', 'exit $((40 + JOB_COMPLETION_INDEX))');
    await applyManifests(kube, [job]);
    const { code, message } = await failureOf(job);
    expect(code).toBe('JOB_FAILED');
    expect(message).toContain('FailedIndexes');
    expect(message).toMatch(/shard 0: exit code 40/);
    expect(message).toMatch(/shard 1: exit code 41/);
  });

  it('ends at once where the command line is wrong: no other shard would do better', async () => {
    const job = scoring('usage', 'exit 2', { retriesPerShard: 3 });
    await applyManifests(kube, [job]);
    expect((await failureOf(job)).message).toContain('PodFailurePolicy');
  });

  it('says where an image cannot be had', async () => {
    const job = scoring('no-image', 'true', { image: 'registry.example.org/scorer:none' });
    await applyManifests(kube, [job]);
    const hasReason = async (): Promise<boolean> =>
      (await cluster.node.pods()).some(
        ({ status }) => status?.containerStatuses?.[0]?.state.waiting?.reason === 'ImagePullBackOff',
      );
    await until(hasReason, 'a pod that waits for its image');
    const error = await waitFor(kube, job, { pollMs: 50, timeoutMs: 100 }).catch((one: unknown) => one);
    const message = expect.stringContaining('ImagePullBackOff') as unknown;
    expect(error).toMatchObject({ code: 'DEADLINE', message });
  });

  it('says so where the job is deleted before its end', async () => {
    const job = scoring('gone', 'sleep 600');
    await applyManifests(kube, [job]);
    let deleted: Promise<unknown> | null = null;
    const onState = ({ pods }: WaitState): void => {
      if (pods.some(({ phase }) => phase === 'Running')) deleted ??= deleteRun(kube, 'gone');
    };
    const error = await waitFor(kube, job, { ...quickly, onState }).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'JOB_FAILED', message: expect.stringContaining('is gone') as unknown });
    await deleted;
  });

  it('a PyTorchJob that fails again and again has failed, with the exit code of its pod', async () => {
    const job = pyTorchJob({
      run: 'torch',
      name: 'torch',
      image,
      command: ['python3'],
      env: { SCRIPT: 'exit 43' },
      retries: 1,
    });
    await applyManifests(kube, [job]);
    const { code, message } = await failureOf(job);
    expect(code).toBe('JOB_FAILED');
    expect(message).toContain('exit code 43');
  });
});

describe('what is left', () => {
  it('nothing, a while after the end, of a job with a lifetime', async () => {
    const job = scoring('lives', 'true', { ttlSeconds: 1 });
    await applyManifests(kube, [job]);
    // It may be gone before its end was seen.
    await waitFor(kube, job, quickly).catch((error: unknown) => {
      expect(error).toMatchObject({ message: expect.stringContaining('is gone') as unknown });
    });
    await until(async () => (await cluster.get('Job', 'lives')) === null, 'the job to be gone');
    await until(
      async () => (await listAll(cluster.api, cluster.namespace, 'lives')).length === 0,
      'its pods to be gone',
    );
  });

  it('nothing of a run that is deleted, of any kind, while all of it runs; another run stays', async () => {
    const script = { SCRIPT: 'echo begun; sleep 600' };
    const pods = { image, env: script };
    const objects = [
      volumeClaim({ run: 'all', name: 'all', size: '1Gi' }),
      scoring('all', 'echo begun; sleep 600'),
      pyTorchJob({ ...pods, run: 'all', name: 'all-torch', command: ['python3'], workers: 1 }),
      ...trainJobWithRuntime({ ...pods, run: 'all', name: 'all-nodes', command: ['torchrun'], nodes: 2 }),
      volumeClaim({ run: 'other', name: 'other', size: '1Gi' }),
    ];
    await applyManifests(kube, objects);
    const begun = async (): Promise<boolean> => {
      const own = (await cluster.node.pods()).filter(({ metadata }) => metadata.labels?.['microtome/run'] === 'all');
      return own.length === 6 && own.every(({ status }) => status?.phase === 'Running');
    };
    await until(begun, 'six running pods');
    const { deleted, notListed } = await deleteRun(kube, 'all', { wait: true, pollMs: 100, timeoutMs: 200_000 });
    expect(deleted.map(({ kind }) => kind).sort()).toEqual([
      'Job',
      'PersistentVolumeClaim',
      'PyTorchJob',
      'TrainJob',
      'TrainingRuntime',
    ]);
    expect(notListed.map(({ kind }) => kind)).toEqual(inject('hasServing') ? [] : ['Experiment', 'InferenceService']);
    // What the operators made has no label of ours; it goes with its owner.
    const left = async (): Promise<readonly string[]> => listAll(cluster.api, cluster.namespace, 'all');
    await until(
      async () => (await left()).length === 0,
      () => 'nothing of the run to be left',
    );
    expect(await listAll(cluster.api, cluster.namespace, 'other')).toEqual(['PersistentVolumeClaim other']);
  });
});

describe('a secret', () => {
  it('reaches the process, and is in no object but its own, in no error and in no log of the control plane', async () => {
    const value = randomBytes(16).toString('hex');
    const texts: string[] = [];
    await cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'planted' },
      stringData: { key: value },
    });
    const secretEnv = { KAGGLE_KEY: { secret: 'planted', key: 'key' } };
    // The length of the value shows that it is there.
    const script = 'printf %s "$KAGGLE_KEY" | wc -c; exit 44';
    const job = scoring('secret', script, { secretEnv, secretMounts: [{ secret: 'planted', path: '/etc/planted' }] });
    texts.push(JSON.stringify(await applyManifests(kube, [job])));
    const error = await failureOf(job);
    texts.push(JSON.stringify(error), String(error), error.message);
    texts.push(JSON.stringify(await deleteRun(kube, 'secret', { dryRun: true })));
    const pods = (await cluster.node.pods()).filter(({ metadata }) => metadata.labels?.['job-name'] === 'secret');
    expect(pods).toHaveLength(2);
    for (const { metadata } of pods) expect(cluster.node.log(metadata.name)).toBe('32\n');
    const objects = (await allObjects(cluster.api, cluster.namespace)).filter(({ kind }) => kind !== 'Secret');
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toContain('Job secret');
    texts.push(JSON.stringify(objects), JSON.stringify(cluster.node.logs()));
    const folder = inject('planeFolder');
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.log'))) {
      texts.push(readFileSync(join(folder, name), 'utf8'));
    }
    // The search finds what it looks for: the Secret itself has the value, in its encoding.
    const own = await cluster.get<{ data: { key: string } }>('Secret', 'planted');
    expect(Buffer.from(own?.data.key ?? '', 'base64').toString()).toBe(value);
    const encoded = own?.data.key as string;
    expect(texts.filter((text) => text.includes(value) || text.includes(encoded))).toEqual([]);
  });
});
