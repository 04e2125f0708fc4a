/** Submitting and watching over the REST API, against a server that refuses what the real one refuses. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compilePipeline,
  deleteSubmittedRun,
  requireSuccess,
  submitPipeline,
  terminateRun,
  watchRun,
  type WatchEvent,
} from '../../lib/pipeline/index.js';
import { startFakeKfp, token, type FakeKfp } from './fake-kfp.js';
import { fullParams, fullPipeline } from './support.js';

let kfp: FakeKfp;
beforeEach(async () => {
  kfp = await startFakeKfp();
});
afterEach(() => kfp.close());

const connection = () => ({ endpoint: kfp.url, token, namespace: 'team', pollMs: 1 });
const made = (path: string): number =>
  kfp.requests.filter((one) => one.method === 'POST' && one.path.includes(path)).length;

describe('submitPipeline', () => {
  it('uploads a pipeline, makes the experiment and begins a run', async () => {
    const run = await submitPipeline({
      ...connection(),
      pipeline: fullPipeline(),
      parameters: { epochs: 3 },
      serviceAccount: 'runner',
    });
    expect(run).toMatchObject({
      pipelineId: 'pipeline_id-1',
      versionId: 'pipeline_version_id-1',
      experimentId: 'experiment_id-1',
      runId: 'run-1',
      versionWasThere: false,
      page: `${kfp.url}/#/runs/details/run-1`,
    });
    const sent = JSON.parse(kfp.requests.at(-1)?.body ?? '') as Record<string, unknown>;
    expect(sent).toEqual({
      display_name: expect.stringMatching(/^lesions-[0-9a-f]{10}$/) as string,
      experiment_id: 'experiment_id-1',
      pipeline_version_reference: { pipeline_id: 'pipeline_id-1', pipeline_version_id: 'pipeline_version_id-1' },
      runtime_config: { parameters: { epochs: 3 } },
      service_account: 'runner',
    });
    expect(kfp.requests.every(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true);
  });

  it('uploads a version where the pipeline is there, and no version twice', async () => {
    const other = () => compilePipeline({ ...fullParams(), training: { epochs: 7 } });
    await submitPipeline({ ...connection(), pipeline: fullPipeline() });
    const second = await submitPipeline({ ...connection(), pipeline: other() });
    const third = await submitPipeline({ ...connection(), pipeline: other() });
    expect([second.versionWasThere, third.versionWasThere]).toEqual([false, true]);
    expect(third.versionId).toBe(second.versionId);
    expect([made('/upload?'), made('/upload_version?'), made('/experiments'), made('/runs')]).toEqual([1, 1, 1, 3]);
  });

  it('uploads nothing where a parameter is wrong', async () => {
    const submit = submitPipeline({ ...connection(), pipeline: fullPipeline(), parameters: { epoch: 3 } });
    await expect(submit).rejects.toThrow(/no parameter "epoch"; did you mean epochs\?/);
    expect(kfp.requests).toEqual([]);
  });

  it.each([
    ['http://kubeflow.example.org/pipeline', /would be sent to kubeflow\.example\.org without encryption/],
    ['ftp://kubeflow.example.org', /begins with ftp:/],
    ['https://me:word@kubeflow.example.org', /more than a host and a path/],
    ['kubeflow', /is no address/],
  ])('refuses the endpoint %s', async (endpoint, message) => {
    await expect(submitPipeline({ endpoint, token, pipeline: fullPipeline() })).rejects.toThrow(message);
  });

  it('says what the server says, and never the token', async () => {
    for (const [status, message] of [
      [500, /was answered with 500: broken, and the token was Bearer \*\*\*/],
      [403, /check the token and the rights of its owner/],
      [302, /redirect \(302\).*the server wants a login/],
    ] as const) {
      kfp.broken = status;
      const error = await submitPipeline({ ...connection(), pipeline: fullPipeline() }).catch(
        (thrown: unknown) => thrown as Error,
      );
      expect((error as Error).message).toMatch(message);
      expect(JSON.stringify([error, (error as Error).stack])).not.toContain(token);
    }
  });

  it('rejects where nobody listens', async () => {
    await kfp.close();
    const submit = submitPipeline({ ...connection(), pipeline: fullPipeline() });
    await expect(submit).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/ECONNREFUSED/) as string,
    });
    kfp = await startFakeKfp();
  });

  it.each(['', 'two words', 'line\nbreak'])('refuses the token %j', async (bad) => {
    await expect(submitPipeline({ endpoint: kfp.url, token: bad, pipeline: fullPipeline() })).rejects.toThrow(
      /the token has characters/,
    );
  });
});

const task = (name: string, state: string, message?: string) => ({
  display_name: name,
  state,
  ...(message === undefined ? {} : { error: { code: 2, message } }),
});
const run = (state: string, ...tasks: object[]) => ({
  state,
  run_details: { task_details: [task('root', 'RUNNING'), task('root-driver', 'SUCCEEDED'), ...tasks] },
});

describe('watchRun', () => {
  it('tells each change once, and how the run ended', async () => {
    kfp.runs = [
      run('PENDING'),
      run('RUNNING', task('digest', 'RUNNING')),
      503,
      run('RUNNING', task('digest', 'RUNNING')),
      run('RUNNING', task('digest', 'SUCCEEDED'), task('train', 'RUNNING')),
      run('SUCCEEDED', task('digest', 'SUCCEEDED'), task('train', 'SUCCEEDED')),
    ];
    const events: WatchEvent[] = [];
    const ended = await watchRun({ ...connection(), runId: 'run 1', onEvent: (event) => events.push(event) });
    expect(events.map(({ task: name, state }) => `${name} ${state}`)).toEqual([
      'null PENDING',
      'digest RUNNING',
      'null RUNNING',
      'digest SUCCEEDED',
      'train RUNNING',
      'train SUCCEEDED',
      'null SUCCEEDED',
    ]);
    expect(() => requireSuccess(ended)).not.toThrow();
    expect(kfp.requests[0]?.path).toContain('/runs/run%201');
  });

  it('names the task that failed, and its error', async () => {
    kfp.runs = [run('FAILED', task('digest', 'SUCCEEDED'), task('train', 'FAILED', 'the PyTorchJob\nfailed'))];
    const ended = await watchRun({ ...connection(), runId: 'r' });
    expect(() => requireSuccess(ended)).toThrow(
      /run r ended as FAILED: task train failed: the PyTorchJob\\u000afailed/,
    );
  });

  it('gives up where the server stays away, or refuses', async () => {
    kfp.runs = [503];
    await expect(watchRun({ ...connection(), runId: 'r' })).rejects.toMatchObject({ status: 503 });
    expect(kfp.requests).toHaveLength(5);
    kfp.runs = [404];
    await expect(watchRun({ ...connection(), runId: 'r' })).rejects.toMatchObject({ status: 404 });
    expect(kfp.requests).toHaveLength(6);
  });

  it('stops with its signal', async () => {
    kfp.runs = [run('RUNNING')];
    const abort = new AbortController();
    const watching = watchRun({
      ...connection(),
      runId: 'r',
      signal: abort.signal,
      onEvent: () => abort.abort(new Error('enough')),
    });
    await expect(watching).rejects.toThrow('enough');
  });

  it('ends and forgets a run', async () => {
    await submitPipeline({ ...connection(), pipeline: fullPipeline() });
    await terminateRun({ ...connection(), runId: 'run-1' });
    await deleteSubmittedRun({ ...connection(), runId: 'run-1' });
    expect(kfp.requests.slice(-2).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /pipeline/apis/v2beta1/runs/run-1:terminate',
      'DELETE /pipeline/apis/v2beta1/runs/run-1',
    ]);
  });
});
