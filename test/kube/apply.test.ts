/** Apply and delete, over HTTP, against a small API server of the tests. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  applyManifests,
  connectCluster,
  deleteRun,
  pyTorchJob,
  scoreJob,
  volumeClaim,
  type Cluster,
  type KubeObject,
} from '../../lib/kube/index.js';
import { compilePipeline } from '../../lib/pipeline/index.js';
import { cli } from '../cli/support.js';
import { FakeApiServer, refusal, token } from './support/fake-api-server.js';

let server: FakeApiServer;
let cluster: Cluster;
beforeEach(async () => {
  server = await FakeApiServer.start();
  cluster = await connectCluster({ kubeconfig: server.kubeconfig() });
});
afterEach(() => server.stop());

const image = 'registry.example.org/microtome-scorer:0.1.0';
const claim = volumeClaim({ run: 'r1', name: 'scores', size: '1Gi' });
const job = scoreJob({ run: 'r1', name: 'score', image, inputs: ['/d'], model: 'demo', out: '/o', shards: 4 });
const queued = scoreJob({
  run: 'r1',
  name: 'q',
  image,
  inputs: ['/d'],
  model: 'demo',
  out: '/o',
  shards: 4,
  queue: 'cpus',
});
const training = pyTorchJob({ run: 'r1', name: 'train', image, command: ['python3', 'main.py'] });

const jobs = '/apis/batch/v1/namespaces/lesions/jobs';
const pods = '/api/v1/namespaces/lesions/pods';
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing was thrown',
    (error: { readonly code?: string; readonly message: string }) => `${error.code}: ${error.message}`,
  );

describe('connectCluster', () => {
  it('reads the address and the namespace, and sends the credentials', async () => {
    expect(cluster).toMatchObject({ server: server.address, namespace: 'lesions' });
    await applyManifests(cluster, [claim]);
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  it.each([
    [{}, 'INVALID_OPTION: neither a kubeconfig nor inCluster'],
    [{ kubeconfig: '/no/such/file' }, 'FILE_NOT_FOUND: the kubeconfig does not exist'],
    [{ kubeconfig: '/tmp' }, 'INVALID_OPTION: the kubeconfig is a folder'],
  ])('%j is refused', async (options, message) => {
    expect(await code(connectCluster(options))).toContain(message);
  });

  it.each(['..', '.', 'a/b', 'A', ''])('the namespace %j is refused, and nothing is sent', async (namespace) => {
    const kubeconfig = server.kubeconfig();
    expect(await code(connectCluster({ kubeconfig, namespace }))).toContain('INVALID_OPTION: the namespace is');
    expect(await code(deleteRun(cluster, 'r1', { namespace }))).toContain('INVALID_OPTION: the namespace is');
    const lost = { ...claim, metadata: { ...claim.metadata, namespace } };
    expect(await code(applyManifests(cluster, [lost]))).toContain('INVALID_OPTION');
    expect(server.seen).toEqual([]);
  });

  it('sends no token in the clear to another machine', async () => {
    const path = server.kubeconfig();
    // A name that never leads anywhere: without the refusal, the request would fail with NETWORK.
    writeFileSync(path, readFileSync(path, 'utf8').replace(server.address, 'http://cluster.invalid:1'));
    const found = await code(applyManifests(await connectCluster({ kubeconfig: path }), [claim]));
    expect(found).toContain('INVALID_OPTION: the API server cluster.invalid has an http address');
    expect(found).not.toContain(token);
  });

  it('refuses a context that is not there', async () => {
    const found = await code(connectCluster({ kubeconfig: server.kubeconfig(), context: 'other' }));
    expect(found).toContain('INVALID_OPTION: the kubeconfig has no context "other"');
  });

  it('an API server that is not there is NETWORK, without the token', async () => {
    await server.stop();
    const found = await code(applyManifests(cluster, [claim]));
    expect(found).toMatch(/^NETWORK: the API server http:.* gave no answer/);
    expect(found).not.toContain(token);
  });
});

describe('applyManifests', () => {
  it('creates, then changes nothing, then changes what is different', async () => {
    const actions = async (objects: readonly KubeObject[]): Promise<string[]> =>
      (await applyManifests(cluster, objects)).map(({ kind, name, action }) => `${kind} ${name} ${action}`);
    expect(await actions([claim, job])).toEqual(['PersistentVolumeClaim scores created', 'Job score created']);
    expect(await actions([claim, job])).toEqual(['PersistentVolumeClaim scores unchanged', 'Job score unchanged']);
    const other = volumeClaim({ run: 'r1', name: 'scores', size: '2Gi' });
    expect(await actions([other, job])).toEqual(['PersistentVolumeClaim scores changed', 'Job score unchanged']);
  });

  it.each([
    ['no run', {}],
    ['the run "r0"', { labels: { 'microtome/run': 'r0' } }],
  ])('leaves alone what is of %s, unless it may adopt it', async (whose, labels) => {
    const path = '/api/v1/namespaces/lesions/persistentvolumeclaims/scores';
    server.put(path, { kind: 'PersistentVolumeClaim', metadata: { name: 'scores', ...labels } });
    const found = await code(applyManifests(cluster, [claim]));
    expect(found).toContain(`CLUSTER_REFUSED: persistentvolumeclaim/scores is there already, and is of ${whose}`);
    expect(server.seen.map(({ method }) => method)).toEqual(['GET']);
    expect((await deleteRun(cluster, 'r1')).deleted).toEqual([]);
    expect(await applyManifests(cluster, [claim], { adopt: true })).toMatchObject([{ action: 'changed' }]);
    expect(server.seen.at(-1)).toMatchObject({
      method: 'PATCH',
      path,
      body: { metadata: { labels: { 'microtome/run': 'r1' } } },
    });
  });

  it('asks for strict validation as microtome, takes nothing by force, and keeps nothing in a dry run', async () => {
    const applied = await applyManifests(cluster, [job], { dryRun: 'server' });
    expect(applied).toMatchObject([{ kind: 'Job', name: 'score', namespace: 'lesions', action: 'created' }]);
    expect(server.seen.at(-1)).toMatchObject({
      method: 'PATCH',
      path: `${jobs}/score`,
      query: { fieldManager: 'microtome', fieldValidation: 'Strict', force: 'false', dryRun: 'All' },
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    expect(server.objects.size).toBe(0);
    await applyManifests(cluster, [job], { fieldManager: 'me', force: true });
    expect(server.seen.at(-1)?.query).toEqual({ fieldManager: 'me', fieldValidation: 'Strict', force: 'true' });
  });

  it('leaves it to Kueue whether a queued job that is there is suspended', async () => {
    await applyManifests(cluster, [queued, job]);
    const live = server.objects.get(`${jobs}/q`);
    expect(live?.spec?.['suspend']).toBe(true);
    if (live?.spec !== undefined) live.spec['suspend'] = false;
    const [again] = await applyManifests(cluster, [queued]);
    expect([again?.action, live?.spec?.['suspend']]).toEqual(['unchanged', false]);
  });

  it('says what the server refused, what was applied before, and what to do', async () => {
    const misspelt = { ...job, spec: { ...job.spec, misspelt: 1 } };
    const found = await code(applyManifests(cluster, [claim, misspelt]));
    expect(found).toContain(
      'CLUSTER_REFUSED: job.batch/score was refused (applied before: PersistentVolumeClaim scores)',
    );
    expect(found).toContain('400 BadRequest: unknown field "spec.misspelt"');
  });

  it.each([
    [401, 'CLUSTER_REFUSED', 'renew the credentials'],
    [403, 'CLUSTER_REFUSED', 'ask for the right'],
    [409, 'CLUSTER_REFUSED', 'pass force'],
    [422, 'CLUSTER_REFUSED', 'leave its name out'],
    [429, 'NETWORK', 'try again'],
    [500, 'NETWORK', 'try again'],
  ])('%d is %s', async (status, name, advice) => {
    server.tell = ({ method }) => (method === 'PATCH' ? refusal(status, 'Reason', 'what the server says') : undefined);
    const found = await code(applyManifests(cluster, [claim]));
    expect(found).toContain(
      `${name}: persistentvolumeclaim/scores was refused: ${status} Reason: what the server says`,
    );
    expect(found).toContain(advice);
  });

  it('sends nothing of an object with a credential', async () => {
    const { template } = job.spec;
    const [container] = template.spec.containers;
    const bad = [{ ...container, env: [{ name: 'API_TOKEN', value: 'hunter2' }] }];
    const changed = {
      ...job,
      spec: { ...job.spec, template: { ...template, spec: { ...template.spec, containers: bad } } },
    };
    const found = await code(applyManifests(cluster, [claim, changed as KubeObject]));
    expect(found).toContain('literal-credential');
    expect(found).not.toContain('hunter2');
    expect(server.seen).toEqual([]);
  });

  it('stops with the reason of the signal', async () => {
    const reason = new Error('enough');
    await expect(applyManifests(cluster, [claim], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

const pollMs = 1;

describe('deleteRun', () => {
  const other = scoreJob({ run: 'r2', name: 'other', image, inputs: ['/d'], model: 'demo', out: '/o', shards: 4 });

  it('deletes all of the run and nothing else, and says what', async () => {
    server.absent = ['experiments', 'trainjobs'];
    await applyManifests(cluster, [claim, job, training, other]);
    server.put(`${pods}/score-0`, {
      kind: 'Pod',
      metadata: { name: 'score-0', labels: { 'microtome/run': 'r1' }, ownerReferences: [{}] },
    });
    const before = [...server.objects.keys()];
    const planned = await deleteRun(cluster, 'r1', { dryRun: true });
    expect([...server.objects.keys()]).toEqual(before);
    const done = await deleteRun(cluster, 'r1');
    expect(done).toEqual(planned);
    expect(done.deleted.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'PyTorchJob train',
      'Job score',
      'PersistentVolumeClaim scores',
    ]);
    expect(done.notListed.map(({ kind }) => kind)).toEqual(['Experiment', 'TrainJob']);
    // The pod belongs to the job; the cluster's garbage collector takes it.
    expect([...server.objects.keys()]).toEqual([`${jobs}/other`, `${pods}/score-0`]);
    const uid: unknown = expect.stringMatching(/^uid-/);
    expect(server.seen.filter(({ method }) => method === 'DELETE').map(({ body }) => body)).toEqual(
      Array.from({ length: 3 }, () => ({ propagationPolicy: 'Background', preconditions: { uid } })),
    );
  });

  it('keeps claims where it is told so', async () => {
    await applyManifests(cluster, [claim, job]);
    const { deleted, kept } = await deleteRun(cluster, 'r1', { keep: ['PersistentVolumeClaim'] });
    expect([deleted.map(({ kind }) => kind), kept.map(({ kind }) => kind)]).toEqual([
      ['Job'],
      ['PersistentVolumeClaim'],
    ]);
    expect(server.objects.size).toBe(1);
  });

  it('waits until nothing is left', async () => {
    await applyManifests(cluster, [job]);
    server.put(`${pods}/score-0`, {
      kind: 'Pod',
      metadata: { name: 'score-0', labels: { 'microtome/run': 'r1' }, ownerReferences: [{}] },
    });
    let lists = 0;
    server.tell = ({ method, path }) => {
      if (method === 'GET' && path === pods && ++lists === 6) server.objects.delete(`${pods}/score-0`);
      return undefined;
    };
    await deleteRun(cluster, 'r1', { wait: true, pollMs });
    expect([server.objects.size, lists >= 6]).toEqual([0, true]);
  });

  it('says what does not go', async () => {
    server.put(`${pods}/stuck`, {
      kind: 'Pod',
      metadata: { name: 'stuck', labels: { 'microtome/run': 'r1' }, ownerReferences: [{}] },
    });
    const found = await code(deleteRun(cluster, 'r1', { wait: true, pollMs, timeoutMs: 1 }));
    expect(found).toContain('DEADLINE: after 1 ms these are still there: Pod stuck');
  });

  it.each(['', 'a b', 'r1,app', '-r1', 'x'.repeat(64)])('refuses %j as a run', async (run) => {
    expect(await code(deleteRun(cluster, run))).toContain('INVALID_OPTION: the run is');
    expect(server.seen).toEqual([]);
  });

  it('a kind that this user may not list is told', async () => {
    server.tell = ({ path }) => (path.endsWith('/services') ? refusal(403, 'Forbidden', 'no') : undefined);
    expect((await deleteRun(cluster, 'r1')).notListed).toEqual([
      { kind: 'Service', reason: 'this user may not list them', isForbidden: true },
    ]);
  });
});

describe('two pipelines of one name', () => {
  const made = (pipeline: string, name: string): KubeObject =>
    scoreJob({
      run: 'lesions',
      annotations: { 'microtome/pipeline': pipeline },
      name,
      image,
      inputs: ['/d'],
      model: 'demo',
      out: '/o',
      shards: 4,
    });
  const [ours, theirs] = [made('lesions-1111111111', 'ours'), made('lesions-2222222222', 'theirs')];
  const names = (): string[] => [...server.objects.keys()].map((path) => path.split('/').at(-1) ?? '').sort();

  it('do not delete what the other one made, unless that is asked for', async () => {
    await applyManifests(cluster, [ours, theirs]);
    const found = await code(deleteRun(cluster, 'lesions'));
    expect(found).toContain('CLUSTER_REFUSED: what has the label lesions was made by 2, and nothing was deleted');
    expect(found).toContain('"lesions-1111111111": Job ours');
    expect(found).toContain('"lesions-2222222222": Job theirs');
    expect(names()).toEqual(['ours', 'theirs']);
    // A dry run shows whose everything is.
    const { deleted } = await deleteRun(cluster, 'lesions', { dryRun: true });
    expect(deleted.map(({ name, pipeline }) => [name, pipeline])).toEqual([
      ['ours', 'lesions-1111111111'],
      ['theirs', 'lesions-2222222222'],
    ]);
    const one = await deleteRun(cluster, 'lesions', { pipeline: 'lesions-1111111111', wait: true, pollMs });
    expect([one.deleted, one.kept].map((objects) => objects.map(({ name }) => name))).toEqual([['ours'], ['theirs']]);
    expect(names()).toEqual(['theirs']);
    // What is left is of one.
    await deleteRun(cluster, 'lesions', { wait: true, pollMs });
    expect(names()).toEqual([]);
  });

  it('are told apart from what no pipeline made, and go together where that is asked for', async () => {
    await applyManifests(cluster, [ours, volumeClaim({ run: 'lesions', name: 'data', size: '1Gi' })]);
    expect(await code(deleteRun(cluster, 'lesions'))).toContain('no pipeline: PersistentVolumeClaim data');
    // What is kept is nobody's loss.
    await deleteRun(cluster, 'lesions', { keep: ['PersistentVolumeClaim'] });
    expect(names()).toEqual(['data']);
    await applyManifests(cluster, [ours, theirs]);
    await deleteRun(cluster, 'lesions', { allPipelines: true, wait: true, pollMs });
    expect(names()).toEqual([]);
  });

  it.each([
    ['manifest', '--run'],
    ['pipeline', '--run-label'],
  ])('%s delete refuses, and takes one or all', async (command, flag) => {
    await applyManifests(cluster, [ours, theirs]);
    const words = [command, 'delete', flag, 'lesions', '--kubeconfig', server.kubeconfig()];
    const refused = await cli(words);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('pass --pipeline with the one that is meant');
    expect((await cli([...words, '--pipeline', 'x', '--all-pipelines'])).stderr).toContain('were given together');
    expect(names()).toEqual(['ours', 'theirs']);
    const one = await cli([...words, '--pipeline', 'lesions-2222222222']);
    expect([one.code, names()]).toEqual([0, ['ours']]);
    expect(one.stdout).toContain('lesions-2222222222');
    await applyManifests(cluster, [theirs]);
    expect([(await cli([...words, '--all-pipelines'])).code, names()]).toEqual([0, []]);
  });

  it('have the annotation from their compiled steps, whatever their parameters of a run are', () => {
    const given = {
      name: 'lesions',
      images: { tools: `${image}`, trainer: `${image}`, server: `${image}` },
      data: { images: 'a.hdf5', metadata: 'a.csv', testImages: 'b.hdf5', sampleSubmission: 'b.csv' },
      serving: { name: 'lesions' },
    };
    const idsOf = (more: object): string[] => {
      const text = JSON.stringify(compilePipeline({ ...given, ...more }));
      return [...text.matchAll(/microtome\/pipeline=([a-z0-9-]+)/g)].map(([, id]) => id ?? '');
    };
    const [first, again, other] = [idsOf({}), idsOf({}), idsOf({ training: { epochs: 3 } })];
    expect(first).toHaveLength(2);
    expect(new Set([...first, ...again]).size).toBe(1);
    expect(first[0]).toMatch(/^lesions-[0-9a-f]{10}$/);
    expect(other[0]).not.toBe(first[0]);
  });
});

describe('the commands that delete', () => {
  it.each([
    ['manifest', '--run'],
    ['pipeline', '--run-label'],
  ])('%s delete ends with exit code 1 where a kind may not be listed', async (command, flag) => {
    const words = [command, 'delete', flag, 'r1', '--kubeconfig', server.kubeconfig()];
    server.absent = ['experiments'];
    expect((await cli(words)).code).toBe(0);
    server.tell = ({ path }) => (path.endsWith('/services') ? refusal(403, 'Forbidden', 'no') : undefined);
    expect(await cli(words)).toMatchObject({ code: 1, stderr: expect.stringContaining('may not list') as string });
  });

  it('pipeline delete says whose the label is', async () => {
    await applyManifests(cluster, [job]);
    const { stderr } = await cli(['pipeline', 'delete', '--run-label', 'r1', '--kubeconfig', server.kubeconfig()]);
    expect(stderr).toContain('every run with the parameter run_label=r1 has this label');
  });
});
