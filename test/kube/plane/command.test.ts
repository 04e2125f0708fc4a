/** `microtome manifest … --apply --wait` and `microtome manifest delete` as processes, against the real API server. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openCluster, type Cluster } from './support/cluster.js';
import { listAll } from './support/everything.js';
import { makeImage } from './support/image.js';
import { until } from './support/processes.js';
import { microtome, type Ended } from './support/program.js';

const image = 'registry.example.org/scorer:shell';
let cluster: Cluster;

beforeAll(async () => {
  cluster = await openCluster({ [image]: makeImage({ microtome: ['/bin/sh', '-c', 'eval "$SCRIPT"', 'sh'] }) });
});

afterAll(() => cluster.close());

const inCluster = (): readonly string[] => ['--kubeconfig', inject('kubeconfig'), '--namespace', cluster.namespace];

const job = (run: string, script: string, ...more: readonly string[]): Promise<Ended> =>
  microtome(
    ...['manifest', 'job', '/data', '--run', run, '--name', run, '--image', image, '--model', 'demo', '--out', '/out'],
    ...['--shards', '2', '--claim', `${run}=/out`, '--env', `SCRIPT=${script}`, ...inCluster(), ...more],
  );

const claim = (run: string): Promise<Ended> =>
  microtome('manifest', 'pvc', '--run', run, '--name', run, '--size', '1Gi', ...inCluster(), '--apply');

describe('microtome manifest', () => {
  it('applies, waits for the end, applies again without a change, and leaves nothing when told to delete', async () => {
    expect(await claim('good')).toMatchObject({ code: 0, stderr: '' });
    const first = await job('good', 'true', '--apply', '--wait', '--wait-seconds', '300');
    expect(first.code, first.stderr).toBe(0);
    expect(await cluster.get('Job', 'good')).toMatchObject({ status: { succeeded: 2, completedIndexes: '0,1' } });
    const again = await job('good', 'true', '--apply', '--json');
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain('unchanged');
    const deleted = await microtome('manifest', 'delete', '--run', 'good', '--wait', ...inCluster());
    expect(deleted.code, deleted.stderr).toBe(0);
    await until(async () => (await listAll(cluster.api, cluster.namespace, 'good')).length === 0, 'nothing to be left');
  });

  it('ends with 1 where the job has failed, and names the shards and their exit codes', async () => {
    await claim('bad');
    const failed = await job('bad', 'exit 45', '--retries-per-shard', '0', '--apply', '--wait');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/JOB_FAILED/);
    expect(failed.stderr).toMatch(/shard 0: exit code 45/);
    expect(failed.stderr).toMatch(/shard 1: exit code 45/);
  });

  it('of a dry run says what would be, and keeps nothing', async () => {
    const dry = await job('dry', 'true', '--dry-run', 'server');
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stdout + dry.stderr).toContain('created');
    expect(await listAll(cluster.api, cluster.namespace, 'dry')).toEqual([]);
  });
});
