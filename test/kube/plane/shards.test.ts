/**
 * An Indexed Job of eight shards under the real Job controller, from the library's own manifest, with the program as it was
 * built: two pods are taken away half-way, one shard never succeeds, and the parts are merged.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  applyManifests,
  connectCluster,
  scoreJob,
  volumeClaim,
  waitFor,
  type Cluster as KubeCluster,
  type Job,
} from '../../../lib/kube/index.js';
import { writeSlide } from '../../support/slides.js';
import { pathOf } from './support/api.js';
import { openCluster, type Cluster } from './support/cluster.js';
import { makeImage } from './support/image.js';
import type { Pod } from './support/pod.js';
import { until } from './support/processes.js';
import { microtome, program } from './support/program.js';

const kShards = 8;
const kKilled = 2;
const kEvicted = 5;
const kDying = 6;

const preload = new URL('support/held-score.mjs', import.meta.url).href;
const image = (tag: string): string => `registry.example.org/scorer:${tag}`;
const failing = makeImage({ microtome: [program[0], '--import', preload, program[1]] });
const heldShards = { folder: failing.folder, held: [kKilled, kEvicted], dying: [kDying] };
const images = {
  [image('whole')]: makeImage({ microtome: program }),
  [image('failing')]: { ...failing, env: { HELD_SHARDS: JSON.stringify(heldShards) } },
};

let cluster: Cluster;
let kube: KubeCluster;
let out = '';
/** The table of one process. */
let whole: Buffer;

const scoreArguments = ['--device', 'cpu', '--threads', '1'];

const jobOf = (name: string, tag: string): Job =>
  scoreJob({
    run: 'shards',
    name,
    image: image(tag),
    inputs: ['/data/slides'],
    model: 'demo',
    out: '/out/parts',
    shards: kShards,
    parallelism: 3,
    retriesPerShard: 1,
    graceSeconds: 1,
    scoreArguments,
    claims: [
      { claim: 'slides', path: '/data', readOnly: true },
      { claim: 'scores', path: '/out' },
    ],
  });

beforeAll(async () => {
  cluster = await openCluster(images);
  kube = await connectCluster({ kubeconfig: inject('kubeconfig'), namespace: cluster.namespace });
  await applyManifests(
    kube,
    ['slides', 'scores'].map((name) => volumeClaim({ run: 'shards', name, size: '1Gi' })),
  );
  const slides = join(cluster.node.claimFolder('slides'), 'slides');
  out = cluster.node.claimFolder('scores');
  mkdirSync(slides);
  for (let i = 0; i < 3 * kShards; ++i) {
    const sidePx = 512 + 128 * ((i * 5) % 4);
    const file = join(slides, `s${String(i).padStart(2, '0')}.tif`);
    await writeSlide(file, { width: sidePx, height: sidePx, seed: 3 + i, tissueShare: 0.4 });
  }
  const single = await microtome(
    'score',
    slides,
    '--model',
    'demo',
    ...scoreArguments,
    '--out',
    join(out, 'whole.csv'),
  );
  expect(single.code, single.stderr).toBe(0);
  whole = readFileSync(join(out, 'whole.csv'));
});

afterAll(() => cluster.close());

/** What the pods of a job wrote, or those of one shard. */
async function logsOf(job: string, index?: number): Promise<string> {
  const pods = await cluster.node.pods();
  const own = pods.filter(
    ({ metadata: { labels, annotations } }) =>
      labels?.['job-name'] === job &&
      (index === undefined || annotations?.['batch.kubernetes.io/job-completion-index'] === String(index)),
  );
  return own.map(({ metadata }) => cluster.node.log(metadata.name)).join('');
}

async function podOf(index: number): Promise<Pod> {
  const pods = await cluster.node.pods();
  const found = pods.find(
    ({ metadata, status }) =>
      metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === String(index) &&
      status?.phase === 'Running',
  );
  if (found === undefined) throw new Error(`no pod of shard ${index} runs`);
  return found;
}

const untilHeld = (index: number): Promise<unknown> =>
  until(
    () => existsSync(join(failing.folder, String(index))),
    () => `shard ${index} to be held\n${JSON.stringify(cluster.node.logs(), null, 1)}`,
    400_000,
  );

interface JobStatus {
  readonly status: { readonly completedIndexes?: string; readonly failedIndexes?: string; readonly failed?: number };
}

describe('a scoring job of eight shards', () => {
  it('ends as declared: pods that were taken away come again, and the shard that never succeeds has failed', async () => {
    const job = jobOf('failing', 'failing');
    await applyManifests(kube, [job]);
    await untilHeld(kKilled);
    const killed = await podOf(kKilled);
    expect(cluster.node.kill(killed.metadata.name)).toBe(true);
    await untilHeld(kEvicted);
    const evicted = await podOf(kEvicted);
    const { name } = evicted.metadata;
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: cluster.namespace } };
    await cluster.api.call('POST', `${pathOf('Pod', cluster.namespace, name)}/eviction`, eviction);
    const failure = await waitFor(kube, job, { pollMs: 200, timeoutMs: 500_000 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'JOB_FAILED',
      message: expect.stringContaining(`shard ${kDying}: exit code 137`) as unknown,
    });
    const ended = await cluster.get<JobStatus>('Job', 'failing');
    // The pod that was killed and two of the shard that never succeeds; the eviction is no failure.
    expect(ended?.status).toMatchObject({ completedIndexes: '0-5,7', failedIndexes: `${kDying}`, failed: 3 });
    // The rows that were on disk were not scored again.
    expect(await logsOf('failing', kKilled)).toContain('1 from the journal');
    expect(await logsOf('failing', kEvicted)).toContain('1 from the journal');
  });

  it('leaves a folder that cannot be merged: the part that is missing is named', async () => {
    const merge = await microtome('merge', join(out, 'parts'), '--out', join(out, 'early.csv'));
    expect(merge.code).not.toBe(0);
    expect(merge.stderr).toContain('SHARD_MISSING');
    expect(merge.stderr).toMatch(new RegExp(`1 of ${kShards} parts? (?:is|are) missing: ${kDying};`));
    expect(existsSync(join(out, 'early.csv'))).toBe(false);
  });

  it('run again without what had failed: the merged table has the bytes of one process', async () => {
    const job = jobOf('again', 'whole');
    await applyManifests(kube, [job]);
    const { indexes } = await waitFor(kube, job, { pollMs: 200, timeoutMs: 500_000 });
    expect(indexes?.succeeded).toHaveLength(kShards);
    expect((await logsOf('again')).match(/complete already/g)).toHaveLength(kShards - 1);
    const merge = await microtome('merge', join(out, 'parts'), '--out', join(out, 'merged.csv'));
    expect(merge.code, merge.stderr).toBe(0);
    expect(readFileSync(join(out, 'merged.csv')).equals(whole)).toBe(true);
  });
});
