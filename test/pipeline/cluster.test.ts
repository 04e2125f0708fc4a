/** What the models of the operators make of manifests, by the rules of the operators, without a training. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inferenceService, pyTorchJob, trainJob, trainJobWithRuntime, type KubeObject } from '../../lib/kube/index.js';
import { readImages } from '../../lib/pipeline/index.js';
import { applyLocally } from '../../lib/pipeline/local/cluster/emulate.js';
import type { Manifest } from '../../lib/pipeline/local/cluster/pods.js';
import { podsOfPyTorchJob } from '../../lib/pipeline/local/cluster/pytorch-job.js';
import { podOfService } from '../../lib/pipeline/local/cluster/service.js';
import { podsOfTrainJob } from '../../lib/pipeline/local/cluster/train-job.js';
import { withFolders } from '../../lib/pipeline/local/mounts.js';
import { Programs } from '../../lib/pipeline/local/processes.js';
import { manifestWords } from '../../lib/pipeline/local/step.js';
import { Redactor } from '../../lib/pipeline/redact.js';
import { scratch } from './local-support.js';

const meeting = { address: '127.0.0.1', port: 4242 };
const image = 'r.example.org/trainer:1';
const pods = {
  run: 'r',
  image,
  claims: [
    { claim: 'data', path: '/data' },
    { claim: 'runs', path: '/runs', subPath: 'a' },
  ],
  env: { OWN: 'yes' },
};
const loose = (object: KubeObject): Manifest => object as unknown as Manifest;
const command = ['python3', '/data/train.py', '--out=/runs/1'];

describe('podsOfPyTorchJob', () => {
  it('sets what the operator sets: ranks and a meeting point, and no LOCAL_RANK', () => {
    const found = podsOfPyTorchJob(loose(pyTorchJob({ ...pods, name: 'job', command, workers: 2 })), meeting);
    expect(found.map(({ name, env }) => [name, env['RANK']])).toEqual([
      ['job-master-0', '0'],
      ['job-worker-0', '1'],
      ['job-worker-1', '2'],
    ]);
    expect(found[2]).toMatchObject({
      image,
      words: command,
      claims: [
        { path: '/data', claim: 'data', subPath: '' },
        { path: '/runs', claim: 'runs', subPath: 'a' },
      ],
    });
    expect(found[2]?.env).toEqual({
      HOME: '/tmp',
      OWN: 'yes',
      PYTHONUNBUFFERED: '1',
      MASTER_ADDR: '127.0.0.1',
      MASTER_PORT: '4242',
      WORLD_SIZE: '3',
      RANK: '2',
      PET_MASTER_ADDR: '127.0.0.1',
      PET_MASTER_PORT: '4242',
      PET_NODE_RANK: '2',
      PET_NNODES: '3',
      PET_NPROC_PER_NODE: 'auto',
    });
  });

  it('counts processes of a pod in WORLD_SIZE where their number is said', () => {
    const job = pyTorchJob({ ...pods, name: 'job', command });
    const told = { ...job, spec: { ...job.spec, nprocPerNode: '4' } };
    expect(podsOfPyTorchJob(loose(told), meeting)[1]?.env).toMatchObject({
      WORLD_SIZE: '8',
      PET_NPROC_PER_NODE: '4',
      RANK: '1',
    });
  });

  it('refuses two masters, and a container of another name', () => {
    const job = JSON.parse(JSON.stringify(pyTorchJob({ ...pods, name: 'job', command }))) as ReturnType<
      typeof pyTorchJob
    >;
    const { Master } = job.spec.pytorchReplicaSpecs;
    Object.assign(Master, { replicas: 2 });
    expect(() => podsOfPyTorchJob(loose(job), meeting)).toThrow(/2 masters, expected 1/);
    Object.assign(Master, { replicas: 1 });
    Object.assign(Master.template.spec.containers[0] ?? {}, { name: 'main' });
    expect(() => podsOfPyTorchJob(loose(job), meeting)).toThrow(/no container pytorch/);
  });
});

describe('podsOfTrainJob', () => {
  it('sets PET_* alone', () => {
    const [runtime, job] = trainJobWithRuntime({
      ...pods,
      name: 'job',
      command: ['torchrun', ...command.slice(1)],
      nodes: 2,
    });
    const found = podsOfTrainJob(loose(job), loose(runtime), meeting);
    expect(found.map(({ name }) => name)).toEqual(['job-node-0-0', 'job-node-0-1']);
    expect(found[1]?.env).toEqual({
      HOME: '/tmp',
      OWN: 'yes',
      PET_NNODES: '2',
      PET_NPROC_PER_NODE: '1',
      PET_NODE_RANK: '1',
      PET_MASTER_ADDR: '127.0.0.1',
      PET_MASTER_PORT: '4242',
    });
    expect(found[1]?.claims.map(({ path }) => path)).toEqual(['/data', '/runs']);
  });

  it.each(['2.1', '2.2+'] as const)(
    'finds the volumes that a job adds to a runtime of the cluster, Trainer %s',
    (trainer) => {
      const runtime = { name: 'torch-distributed', kind: 'ClusterTrainingRuntime' as const };
      const [pod] = podsOfTrainJob(loose(trainJob({ ...pods, name: 'job', runtime, trainer, command })), null, meeting);
      expect(pod?.claims.map(({ claim }) => claim)).toEqual(['data', 'runs']);
    },
  );

  it('refuses variables that Trainer sets itself', () => {
    const [runtime, job] = trainJobWithRuntime({ ...pods, name: 'job', command });
    const bad = JSON.parse(JSON.stringify(job)) as { spec: { trainer: { env: object[] } } };
    bad.spec.trainer.env.push({ name: 'PET_NNODES', value: '9' });
    expect(() => podsOfTrainJob(bad as unknown as Manifest, loose(runtime), meeting)).toThrow(/sets PET_NNODES/);
  });
});

describe('podOfService', () => {
  it('listens on this machine alone, on another port than in the cluster', () => {
    const service = inferenceService({ ...pods, name: 'svc', model: '/models/m' });
    expect(podOfService(loose(service), 777)).toMatchObject({
      name: 'svc-predictor',
      words: ['microtome', 'serve', '--model', '/models/m', '--host', '127.0.0.1', '--port', '777'],
      readyPath: '/v2/health/ready',
    });
  });
});

/** `step CODE`: a program whose words and variables are those of a pod. */
async function carryOut(objects: readonly KubeObject[], signal = new AbortController().signal) {
  const folder = scratch();
  const programs = new Programs();
  const said: string[] = [];
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const map = { images: { [image]: { programs: { node: [process.execPath], microtome: [process.execPath] } } } };
  const applied = applyLocally(objects.map(loose), {
    images: readImages(map, join(folder, 'images.json')),
    programs,
    redactor: new Redactor([]),
    env: {},
    volume: async (claim) => join(folder, claim),
    logs,
    signal,
    say: (text) => said.push(text),
  });
  return { applied, said, folder, programs };
}

describe('applyLocally', () => {
  const job = (code: string, more: object = {}) =>
    pyTorchJob({ ...pods, name: 'job', command: ['node', '-e', code, '/runs/x'], ...more });

  it('begins a job again as often as its manifest says, and ends the other pods of a failed one', async () => {
    // The worker fails twice; the master would not end before the worker's third try.
    const code = `
      const fs = require('node:fs');
      const file = process.argv[1] + '-' + process.env.RANK;
      fs.appendFileSync(file, 'x');
      if (process.env.RANK === '1' && fs.statSync(file).size < 3) { console.error('out of luck'); process.exit(9); }
      const isThird = () => fs.statSync(process.argv[1] + '-1', { throwIfNoEntry: false })?.size === 3;
      const timer = setInterval(() => isThird() && clearInterval(timer), 10);`;
    const { applied, said, folder } = await carryOut([job(code, { retries: 2 })]);
    await applied;
    expect(said).toEqual([
      'PyTorchJob job: job-worker-0 ended with code 9; restart 1 of 2',
      'PyTorchJob job: job-worker-0 ended with code 9; restart 2 of 2',
    ]);
    expect(readFileSync(join(folder, 'runs', 'a', 'x-1'), 'utf8')).toBe('xxx');
  });

  it('fails with the pod and what it said last', async () => {
    const { applied } = await carryOut([
      job('console.error("out of luck"); process.exit(9)', { workers: 0, retries: 0 }),
    ]);
    await expect(applied).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringMatching(/^PyTorchJob job: job-master-0 ended with code 9\nout of luck/) as string,
    });
  });

  it('ends all pods with its signal', async () => {
    const abort = new AbortController();
    const { applied, folder, programs } = await carryOut(
      [job('require("node:fs").writeFileSync(process.argv[1] + process.env.RANK, ""); setInterval(() => {}, 1000)')],
      abort.signal,
    );
    applied.catch(() => undefined);
    const isThere = (rank: number): boolean => {
      try {
        return readFileSync(join(folder, 'runs', 'a', `x${rank}`), 'utf8') === '';
      } catch {
        return false;
      }
    };
    await expect.poll(() => isThere(0) && isThere(1), { timeout: 60_000 }).toBe(true);
    abort.abort(new Error('enough'));
    await expect(applied).rejects.toThrow('enough');
    expect(programs.running().size).toBe(0);
  });

  it('waits until a service is ready, and says why one is not', async () => {
    const service = (code: string) => {
      const made = JSON.parse(JSON.stringify(inferenceService({ ...pods, name: 'svc', model: 'm' }))) as ReturnType<
        typeof inferenceService
      >;
      const [container] = made.spec.predictor['containers'] as unknown as { command: string[] }[];
      if (container !== undefined) container.command = ['node', '-e', code];
      return made;
    };
    const listens =
      'require("node:http").createServer((q, a) => a.writeHead(q.url === "/v2/health/ready" ? 200 : 404).end()).listen(process.env.PORT, "127.0.0.1")';
    const { applied, programs } = await carryOut([service(listens)]);
    const [running] = await applied;
    expect(running).toMatchObject({ name: 'svc', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string });
    expect((await fetch(`${running?.url}/v2/health/ready`)).status).toBe(200);
    await programs.stopAll();
    expect(programs.running().size).toBe(0);
    const broken = await carryOut([service('console.error("no such model"); process.exit(2)')]);
    await expect(broken.applied).rejects.toThrow(/svc-predictor ended with code 2\nno such model/);
  });

  it('refuses what it does not emulate', async () => {
    const { applied } = await carryOut([{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' } }]);
    await expect(applied).rejects.toThrow(/Job j is not emulated by a local run/);
  });
});

describe('words of a step', () => {
  it('lose what a cluster is needed for, and nothing after two dashes', () => {
    const words = [
      'microtome',
      'manifest',
      'pytorchjob',
      '--run',
      'r',
      '--apply',
      '--wait',
      '--wait-seconds',
      '5',
      '--context=c',
      '--',
      'x',
      '--wait',
    ];
    expect(manifestWords(words)).toEqual(['microtome', 'manifest', 'pytorchjob', '--run', 'r', '--', 'x', '--wait']);
    expect(manifestWords(['microtome', 'manifest', 'pvc', '--', '--apply'])).toBeNull();
    expect(manifestWords(['microtome', 'score', '--apply'])).toBeNull();
  });

  it('have folders in the place of volumes, once', () => {
    const mounts = [
      { path: '/data', folder: '/tmp/data/volumes/x' },
      { path: '/data2', folder: '/y' },
    ];
    for (const [word, expected] of [
      ['/data', '/tmp/data/volumes/x'],
      ['/data/a', '/tmp/data/volumes/x/a'],
      ['--in=/data/a,/data2/b', '--in=/tmp/data/volumes/x/a,/y/b'],
      ['/database', '/database'],
      ['s3://data/a', 's3://data/a'],
      ['https://x/data/a', 'https://x/data/a'],
      ["cp '/data/a' /data2", "cp '/tmp/data/volumes/x/a' /y"],
    ] as const)
      expect(withFolders(word, mounts)).toBe(expected);
  });
});
