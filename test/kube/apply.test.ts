/** Apply, wait and delete, over HTTP, against a small API server of the tests. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  applyManifests,
  connectCluster,
  deleteRun,
  indexReport,
  inferenceService,
  pyTorchJob,
  scoreJob,
  volumeClaim,
  waitFor,
  type Cluster,
  type KubeObject,
  type WaitState,
} from '../../lib/kube/index.js';
import { FakeApiServer, refusal, token, type Given } from './support/fake-api-server.js';

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

const condition = (type: string, more: object = {}): object => ({ type, status: 'True', ...more });
const pollMs = 1;

describe('waitFor', () => {
  /** The status after so many questions for the object. */
  function statuses(path: string, list: readonly Record<string, unknown>[]): void {
    let asked = 0;
    server.tell = (request) => {
      if (request.method === 'GET' && request.path === path)
        server.status(path, list[Math.min(asked++, list.length - 1)] ?? {});
      return undefined;
    };
  }

  it.each([
    ['Job', job, 'Complete'],
    ['PyTorchJob', training, 'Succeeded'],
    ['InferenceService', inferenceService({ run: 'r1', name: 's', image, model: 'demo' }), 'Ready'],
  ])('%s: until its condition holds, and tells each state once', async (_, object, good) => {
    await applyManifests(cluster, [object]);
    const path = server.seen.at(-1)?.path ?? '';
    statuses(path, [
      {},
      { conditions: [condition('Running')] },
      { conditions: [condition('Running')] },
      { conditions: [condition(good)] },
    ]);
    const told: WaitState[] = [];
    const result = await waitFor(cluster, object, { pollMs, onState: (state) => told.push(state) });
    expect(result.state).toBe('succeeded');
    expect(told.map(({ state }) => state)).toEqual(['waiting', 'running', 'succeeded']);
  });

  const failedPod = (index: number, exitCode: number): Given => ({
    kind: 'Pod',
    metadata: {
      name: `score-${index}-abcde`,
      labels: { 'batch.kubernetes.io/job-name': 'score' },
      annotations: { 'batch.kubernetes.io/job-completion-index': String(index) },
    },
    status: {
      phase: 'Failed',
      containerStatuses: [{ restartCount: 0, state: { terminated: { exitCode, reason: 'Error' } } }],
    },
  });

  it('a failed Indexed Job names the reason, the shards with their exit codes, the pods and the warnings', async () => {
    await applyManifests(cluster, [job]);
    server.put(`${pods}/score-1-abcde`, failedPod(1, 5));
    server.put('/api/v1/namespaces/lesions/events/e1', {
      kind: 'Event',
      metadata: { name: 'e1' },
      type: 'Warning',
      involvedObject: { kind: 'Pod', name: 'score-1-abcde' },
      reason: 'FailedMount',
      message: 'the claim is missing',
    });
    server.status(`${jobs}/score`, {
      completedIndexes: '0,2',
      failedIndexes: '1',
      conditions: [condition('Failed', { reason: 'FailedIndexes', message: 'Job has failed indexes' })],
    });
    const found = await code(waitFor(cluster, job, { pollMs }));
    expect(found).toContain('JOB_FAILED: job.batch/score has failed: FailedIndexes: Job has failed indexes');
    for (const text of [
      'of 4 shards 2 are done, 1 have failed (1), 1 are open',
      'shard 1: exit code 5, Error',
      'pod score-1-abcde: Failed, exit code 5, Error',
      'FailedMount (pod/score-1-abcde): the claim is missing',
    ])
      expect(found).toContain(text);
    expect(await indexReport(cluster, job)).toEqual({
      completions: 4,
      succeeded: [0, 2],
      failed: [{ index: 1, exitCode: 5, reason: 'Error', pods: ['score-1-abcde'] }],
      open: [3],
    });
  });

  it('memory that did not suffice is named with what to do', async () => {
    await applyManifests(cluster, [training]);
    server.put(`${pods}/train-worker-0`, {
      kind: 'Pod',
      metadata: { name: 'train-worker-0', labels: { 'training.kubeflow.org/job-name': 'train' } },
      status: {
        phase: 'Failed',
        containerStatuses: [{ restartCount: 3, state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
      },
    });
    server.status('/apis/kubeflow.org/v1/namespaces/lesions/pytorchjobs/train', {
      conditions: [condition('Failed', { reason: 'BackoffLimitExceeded' })],
    });
    const found = await code(waitFor(cluster, training, { pollMs }));
    expect(found).toContain('a container needed more memory than its limit: raise it');
    expect(found).toContain('pod train-worker-0: Failed, exit code 137, OOMKilled, 3 restarts');
  });

  it('requests that are lost end no wait, too many of them do', async () => {
    await applyManifests(cluster, [job]);
    let lost = 0;
    server.tell = ({ path }) => (path === `${jobs}/score` && lost++ < 3 ? 'lost' : undefined);
    server.status(`${jobs}/score`, { conditions: [condition('Complete')] });
    expect(await waitFor(cluster, job, { pollMs, maxLostRequests: 3 })).toMatchObject({ state: 'succeeded' });
    lost = 0;
    expect(await code(waitFor(cluster, job, { pollMs, maxLostRequests: 2 }))).toMatch(/^NETWORK: /);
  });

  it('an object that goes before its end was seen has failed; so has one that another replaced', async () => {
    await applyManifests(cluster, [job]);
    let asked = 0;
    server.tell = ({ path }) => {
      if (path === `${jobs}/score` && ++asked === 2) server.objects.delete(path);
      return undefined;
    };
    expect(await code(waitFor(cluster, job, { pollMs }))).toContain(
      'JOB_FAILED: job.batch/score is gone: it was deleted',
    );
    server.tell = () => undefined;
    await applyManifests(cluster, [job]);
    asked = 0;
    server.tell = ({ path }) => {
      if (path === `${jobs}/score` && ++asked === 2) server.put(path, structuredClone(job) as never);
      return undefined;
    };
    expect(await code(waitFor(cluster, job, { pollMs }))).toContain('another object of that name has taken its place');
  });

  it('one that never was there is refused by the cluster', async () => {
    expect(await code(waitFor(cluster, job, { pollMs }))).toContain(
      'CLUSTER_REFUSED: job.batch/score could not be read: 404',
    );
  });

  it('ends with the reason of the signal, and after its time with what the pods wait for', async () => {
    await applyManifests(cluster, [job]);
    server.put(`${pods}/score-0-abcde`, {
      kind: 'Pod',
      metadata: { name: 'score-0-abcde', labels: { 'batch.kubernetes.io/job-name': 'score' } },
      status: {
        phase: 'Pending',
        containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } }],
      },
    });
    expect(await code(waitFor(cluster, job, { pollMs, timeoutMs: 1 }))).toMatch(
      /^DEADLINE: job\.batch\/score was not done after 1 ms[\s\S]*pod score-0-abcde: Pending, ImagePullBackOff, no such image/,
    );
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = waitFor(cluster, job, {
      pollMs: 1e8,
      signal: controller.signal,
      onState: () => controller.abort(reason),
    });
    await expect(waiting).rejects.toBe(reason);
  });

  it('refuses what has no end', async () => {
    expect(await code(waitFor(cluster, claim))).toContain(
      'INVALID_OPTION: persistentvolumeclaim/scores has no end to wait for',
    );
  });

  it('a model that could not be loaded is a failure', async () => {
    const service = inferenceService({ run: 'r1', name: 's', image, model: 'demo' });
    await applyManifests(cluster, [service]);
    server.status(server.seen.at(-1)?.path ?? '', {
      modelStatus: {
        transitionStatus: 'BlockedByFailedLoad',
        lastFailureInfo: { reason: 'ModelLoadFailed', message: 'no model' },
      },
    });
    expect(await code(waitFor(cluster, service, { pollMs }))).toContain('has failed: ModelLoadFailed: no model');
  });
});

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
      { kind: 'Service', reason: 'this user may not list them' },
    ]);
  });
});
