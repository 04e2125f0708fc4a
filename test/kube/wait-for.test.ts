/** Waiting for an object, over HTTP, against a small API server of the tests. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbersOf, rangesOf } from '../../lib/kube/apply/index-report.js';
import {
  applyManifests,
  connectCluster,
  indexReport,
  inferenceService,
  pyTorchJob,
  scoreJob,
  volumeClaim,
  waitFor,
  type Cluster,
  type WaitState,
} from '../../lib/kube/index.js';
import { FakeApiServer, type Given } from './support/fake-api-server.js';

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
const training = pyTorchJob({ run: 'r1', name: 'train', image, command: ['python3', 'main.py'] });

const jobs = '/apis/batch/v1/namespaces/lesions/jobs';
const pods = '/api/v1/namespaces/lesions/pods';
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing was thrown',
    (error: { readonly code?: string; readonly message: string }) => `${error.code}: ${error.message}`,
  );

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

describe('lists of indexes', () => {
  it.each([
    ['0-3,5', 8, [0, 1, 2, 3, 5]],
    ['7', 8, [7]],
    ['', 8, []],
    [undefined, 8, []],
    ['6-4000000000', 8, [6, 7]],
    ['9', 8, []],
    ['x,-1,2', 8, [2]],
  ])('%j of %d', (text, completions, numbers) => {
    expect(numbersOf(text, completions)).toEqual(numbers);
  });

  it('are written as ranges', () => {
    expect(rangesOf([0, 1, 2, 5, 7, 8])).toBe('0-2, 5, 7-8');
    expect(rangesOf([])).toBe('');
  });
});

describe('text of the cluster', () => {
  it('with a credential in it is not shown, and none of it forges a line', async () => {
    await applyManifests(cluster, [job]);
    const secret = ['gh', 'p_', 'A1b2C3d4E5f6G7h8I9j0', 'K1l2M3n4O5p6'].join('');
    server.status(`${jobs}/score`, {
      conditions: [condition('Failed', { reason: `a\nb`, message: `token ${secret}` })],
    });
    const found = await code(waitFor(cluster, job, { pollMs }));
    expect(found).toContain('has failed: a\\u000ab: (not shown: it looks like a credential)');
    expect(found).not.toContain(secret);
  });
});
