/**
 * T1 and T2: what our PyTorchJob and TrainJob say is enough to train. A model of each operator makes the processes from the
 * manifest; both train, with the same parameters on every rank; the checkpoint becomes ONNX, and gives scores.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { pyTorchJob, trainJob, trainJobWithRuntime, type KubeObject } from '../../../lib/kube/index.js';
import { applyLocally } from '../../../lib/pipeline/local/cluster/emulate.js';
import type { Manifest } from '../../../lib/pipeline/local/cluster/pods.js';
import { Programs } from '../../../lib/pipeline/local/processes.js';
import { Redactor } from '../../../lib/pipeline/redact.js';
import { images, machine, microtome, scratch, train, trainer } from './support.js';

const folder = scratch();
const data = join(folder, 'volumes', 'data');
const runs = join(folder, 'volumes', 'runs');

const words = (out: string, more: readonly string[] = []): readonly string[] => {
  const files = [
    '--images',
    '/data/images.hdf5',
    '--index',
    '/data/index.json',
    '--metadata',
    '/data/train-metadata.csv',
  ];
  const how = ['--backbone', 'small', '--size-px', '32', '--epochs', '2', '--batch', '32', '--rate', '4e-3'];
  const where = ['--folds', '/data/folds.json', '--out', `/runs/${out}`, '--best-by', 'log_loss', '--device', 'cpu'];
  return ['-m', 'train.lesions', 'train', ...files, ...how, ...where, '--threads', '1', ...more];
};

const pods = {
  run: 'test',
  image: trainer,
  claims: [
    { claim: 'data', path: '/data', readOnly: true },
    { claim: 'runs', path: '/runs' },
  ],
};

async function carryOut(objects: readonly KubeObject[]): Promise<readonly string[]> {
  const said: string[] = [];
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  await applyLocally(objects as unknown as readonly Manifest[], {
    images: images(folder),
    programs: new Programs(),
    redactor: new Redactor([]),
    env: machine,
    volume: async (claim) => join(folder, 'volumes', claim),
    logs,
    signal: new AbortController().signal,
    say: (text) => said.push(text),
  });
  return said;
}

interface RunCard {
  readonly parametersSha256: readonly string[];
  readonly history: readonly unknown[];
}
const cardOf = (out: string): RunCard => JSON.parse(readFileSync(join(runs, out, 'run.json'), 'utf8')) as RunCard;

function expectEqualRanks(out: string): void {
  const digests = cardOf(out).parametersSha256;
  expect(digests).toHaveLength(2);
  expect(new Set(digests).size).toBe(1);
}

async function expectScores(out: string): Promise<void> {
  const bundle = join(folder, `bundle-${out}`);
  await train('export', join(runs, out), bundle, '--name', out);
  expect(readdirSync(bundle)).toContain('model.onnx');
  const table = join(folder, `${out}.csv`);
  await microtome(
    'score',
    join(data, 'images.hdf5'),
    '--preset',
    'isic2024',
    '--model',
    bundle,
    '--format',
    join(data, 'sample_submission.csv'),
    '--out',
    table,
  );
  const { stdout } = await microtome('evaluate', table, '--format', join(data, 'sample_submission.csv'));
  expect(stdout).toMatch(/has the 160 rows of/);
}

beforeAll(async () => {
  mkdirSync(runs, { recursive: true });
  await train('generate', data, '--lesions', '160', '--seed', '1');
  await microtome('pipeline', 'index', join(data, 'images.hdf5'), '--to', join(data, 'index.json'));
  await train('folds', join(data, 'train-metadata.csv'), join(data, 'folds.json'), '--count', '4', '--seed', '1');
});

describe('a PyTorchJob (T1)', () => {
  it('trains with two ranks, and its checkpoint gives scores', async () => {
    const job = pyTorchJob({ ...pods, command: ['python3', ...words('pytorchjob')] });
    expect(await carryOut([job])).toEqual([]);
    expectEqualRanks('pytorchjob');
    await expectScores('pytorchjob');
  });

  it('fails with the pod and its last lines, after the restarts that it has', async () => {
    const job = pyTorchJob({ ...pods, command: ['python3', ...words('failing', ['--fold', '9'])], retries: 1 });
    const said: string[] = [];
    const failing = carryOut([job]).then((lines) => said.push(...lines));
    await expect(failing).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringMatching(
        /PyTorchJob train-[0-9a-f]{10}: train-[0-9a-f]{10}-(master|worker)-0 ended with code 1\n[\s\S]*[A-Z_]+: /,
      ) as string,
    });
    expect(existsSync(join(runs, 'failing', 'last.pt'))).toBe(false);
  });
});

describe('a TrainJob (T2)', () => {
  it('trains under torchrun with two nodes, to the parameters of the PyTorchJob', async () => {
    const objects = trainJobWithRuntime({ ...pods, command: ['torchrun', ...words('trainjob')], nodes: 2 });
    await carryOut(objects);
    expectEqualRanks('trainjob');
    expect(cardOf('trainjob')).toMatchObject({
      parametersSha256: cardOf('pytorchjob').parametersSha256,
      history: cardOf('pytorchjob').history,
    });
    await expectScores('trainjob');
  });

  it('fails where the program is not begun by torchrun, which alone makes ranks of PET_*', async () => {
    const [runtime, job] = trainJobWithRuntime({
      ...pods,
      command: ['python3', ...words('plain')],
      nodes: 2,
      retries: 0,
    });
    await expect(carryOut([runtime, job])).rejects.toThrow(/RANK_UNKNOWN.*start the training with torchrun/);
  });

  it.each(['2.1', '2.2+'] as const)(
    'has its volumes with a runtime of the cluster, in the fields of Trainer %s',
    async (version) => {
      const job = trainJob({
        ...pods,
        runtime: { name: 'torch-distributed', kind: 'ClusterTrainingRuntime' },
        trainer: version,
        command: ['python3', '-c', 'import os, sys; print(os.listdir(sys.argv[1])); sys.exit(3)', '/data'],
      });
      await expect(carryOut([job])).rejects.toThrow(/folds\.json/);
    },
  );
});
