/** The node of these tests itself, under the real Job controller: what it gives to a container, and what it says about it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathOf } from './support/api.js';
import { openCluster, type Cluster } from './support/cluster.js';
import { makeImage } from './support/image.js';
import type { Pod } from './support/pod.js';
import { until } from './support/processes.js';

interface JobStatus {
  readonly status: {
    readonly completedIndexes?: string;
    readonly failedIndexes?: string;
    readonly succeeded?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

const has = (job: JobStatus, type: string): boolean =>
  job.status.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;

/** A pod that runs a piece of shell. */
const podOf = (script: string, others: object = {}, container: object = {}): object => ({
  restartPolicy: 'Never',
  containers: [{ name: 'main', image: 'shell:test', command: ['sh', '-c', script], ...container }],
  ...others,
});

const jobOf = (name: string, template: object, spec: object = {}): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { backoffLimit: 0, ...spec, template: { spec: template } },
});

let cluster: Cluster;

beforeAll(async () => {
  cluster = await openCluster({ 'shell:test': makeImage({ greet: ['/bin/echo', 'hello'] }) });
});

afterAll(() => cluster.close());

async function logsOf(job: string): Promise<string> {
  const pods = await cluster.node.pods();
  const own = pods.filter(({ metadata }) => metadata.labels?.['job-name'] === job);
  return own.map(({ metadata }) => cluster.node.log(metadata.name)).join('');
}

describe('a container', () => {
  it('sees its variables, its volumes and its secrets, and programs of its image', async () => {
    await cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'login' },
      stringData: { user: 'jo', file: 'in a file' },
    });
    await cluster.create({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
    });
    const env = [
      { name: 'PLAIN', value: 'one' },
      { name: 'BOTH', value: '$(PLAIN)-$(UNKNOWN)-$$(PLAIN)' },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: "metadata.labels['job-name']" } } },
      { name: 'USER_NAME', valueFrom: { secretKeyRef: { name: 'login', key: 'user' } } },
      { name: 'WHERE', value: '/data/in' },
    ];
    const volumes = [
      { name: 'a', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'b', secret: { secretName: 'login' } },
      { name: 'c', emptyDir: {} },
    ];
    const volumeMounts = [
      { name: 'a', mountPath: '/data' },
      { name: 'b', mountPath: '/etc/login' },
      { name: 'c', mountPath: '/data/scratch' },
    ];
    const script = [
      'greet "$PLAIN" "$BOTH" "$NAME" "$USER_NAME"; cat /etc/login/file; echo',
      'mkdir -p "$WHERE"; echo kept > /data/in/file; touch /data/scratch/only; echo "$1"',
    ].join('\n');
    const container = { env, volumeMounts, args: ['main', '$(PLAIN):/data:/database'] };
    await cluster.create(jobOf('sees', podOf(script, { volumes }, container)));
    await cluster.untilObject<JobStatus>('Job', 'sees', (job) => has(job, 'Complete'));
    const folder = cluster.node.claimFolder('data');
    expect(await logsOf('sees')).toBe(
      `hello one one-$(UNKNOWN)-$(PLAIN) sees jo\nin a file\none:${folder}:/database\n`,
    );
    // The next pod of the claim finds the file of the first, and nothing of its emptyDir.
    const look = podOf('cat /data/in/file; ls -A /data', { volumes }, { volumeMounts: volumeMounts.slice(0, 1) });
    await cluster.create(jobOf('looks', look));
    await cluster.untilObject<JobStatus>('Job', 'looks', (job) => has(job, 'Complete'));
    expect(await logsOf('looks')).toBe('kept\nin\n');
  });

  it('waits with a reason where its image or its secret is not there', async () => {
    await cluster.create(jobOf('no-image', podOf('true', {}, { image: 'other:test' })));
    const from = { valueFrom: { secretKeyRef: { name: 'nobody', key: 'user' } } };
    await cluster.create(jobOf('no-secret', podOf('true', {}, { env: [{ name: 'A', ...from }] })));
    const reasonOf = async (job: string): Promise<string | null> => {
      const pods = await cluster.node.pods();
      const pod = pods.find(({ metadata }) => metadata.labels?.['job-name'] === job);
      const waiting = pod?.status?.containerStatuses?.[0]?.state.waiting;
      return waiting === undefined || waiting.reason === 'ContainerCreating' ? null : waiting.reason;
    };
    expect(await until(() => reasonOf('no-image'), 'a reason')).toBe('ImagePullBackOff');
    expect(await until(() => reasonOf('no-secret'), 'a reason')).toBe('CreateContainerConfigError');
  });
});

describe('a pod', () => {
  const nameOf = (job: string) => async (): Promise<Pod | null> => {
    const pods = await cluster.node.pods();
    const found = pods.find(
      ({ metadata, status }) => metadata.labels?.['job-name'] === job && status?.phase === 'Running',
    );
    return found ?? null;
  };

  it('fails with the exit code of its container, also where a signal ended it', async () => {
    await cluster.create(jobOf('exits', podOf('exit 42')));
    await cluster.untilObject<JobStatus>('Job', 'exits', (job) => has(job, 'Failed'));
    await cluster.create(jobOf('killed', podOf('echo begun; sleep 600')));
    const { metadata } = await until(nameOf('killed'), 'a running pod');
    expect(cluster.node.kill(metadata.name)).toBe(true);
    await cluster.untilObject<JobStatus>('Job', 'killed', (job) => has(job, 'Failed'));
    const pods = await cluster.node.pods();
    const codeOf = (job: string): number | undefined =>
      pods.find((pod) => pod.metadata.labels?.['job-name'] === job)?.status?.containerStatuses?.[0]?.state.terminated
        ?.exitCode;
    expect([codeOf('exits'), codeOf('killed')]).toEqual([42, 137]);
  });

  it('starts its container again where its policy says so', async () => {
    const script = 'if [ -e "$HOME/second" ]; then exit 0; fi; touch "$HOME/second"; exit 1';
    await cluster.create(jobOf('again', podOf(script, { restartPolicy: 'OnFailure' }), { backoffLimit: 5 }));
    await cluster.untilObject<JobStatus>('Job', 'again', (job) => has(job, 'Complete'));
    const pods = await cluster.node.pods();
    const pod = pods.find(({ metadata }) => metadata.labels?.['job-name'] === 'again');
    expect(pod?.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 1 } },
      state: { terminated: { exitCode: 0 } },
    });
  });

  it('is gone with all its processes when it is deleted', async () => {
    const script = 'trap "" TERM; sleep 1234567 & echo $!; wait; wait';
    await cluster.create(jobOf('deleted', podOf(script, { terminationGracePeriodSeconds: 1 })));
    const { metadata } = await until(nameOf('deleted'), 'a running pod');
    const pid = await until(() => Number(cluster.node.log(metadata.name)) || null, 'the id of a process');
    const path = pathOf('Job', cluster.namespace, 'deleted');
    await cluster.api.remove(path, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' });
    await until(async () => (await cluster.get('Job', 'deleted')) === null, 'the job to be gone');
    expect(await cluster.get('Pod', metadata.name)).toBe(null);
    const isGone = (): boolean => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    await until(isGone, 'the process of the pod to end');
  });
});

describe('the Job controller', () => {
  it('gives each index its number, and ends as declared where one index always fails', async () => {
    const spec = {
      completions: 4,
      parallelism: 2,
      completionMode: 'Indexed',
      backoffLimit: null,
      backoffLimitPerIndex: 1,
    };
    const job = jobOf('indexed', podOf('echo $JOB_COMPLETION_INDEX; [ $JOB_COMPLETION_INDEX != 2 ]'), spec);
    await cluster.create(job);
    const ended = await cluster.untilObject<JobStatus>('Job', 'indexed', (one) => has(one, 'Failed'));
    expect(ended.status).toMatchObject({ completedIndexes: '0,1,3', failedIndexes: '2', succeeded: 3 });
  });
});
