/** microtome manifest: what is printed, what is refused, and what is done in a cluster. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commands } from '../../lib/cli/commands.js';
import { checkManifest, fromYaml, type KubeObject } from '../../lib/kube/index.js';
import { FakeApiServer } from '../kube/support/fake-api-server.js';
import { cli, type CliResult } from './support.js';

const image = ['--image', 'registry.example.org/microtome:0.1.0'];
const run = ['--run', 'r1'];
const pvc = ['manifest', 'pvc', ...run, '--name', 'data', '--size', '8Gi'];
const job = ['manifest', 'job', '/data', ...run, ...image, '--model', 'm', '--out', '/out', '--shards', '8'];
const program = ['--', 'python3', '-m', 'train.lesions', 'train', '--out', '/runs/1', '--help'];
const training = ['manifest', 'pytorchjob', ...run, ...image];
const tuned = ['--', 'torchrun', 'main.py', '--rate', ['${', 'trialParameters.rate}'].join('')];

const objectsOf = ({ code, stdout, stderr }: CliResult): readonly KubeObject[] => {
  expect([code, stderr]).toEqual([0, '']);
  return fromYaml(stdout) as readonly KubeObject[];
};

describe('manifest', () => {
  const named = commands.find(({ name }) => name === 'manifest')?.subcommands ?? [];

  it.each(named.map(({ name }) => name))('%s has help, in both ways', async (name) => {
    const help = await cli(['help', ...name.split(' ')]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(`usage: microtome ${name}`);
    expect((await cli([...name.split(' '), '--help'])).stdout).toBe(help.stdout);
  });

  it('lists the kinds, and knows what was meant', async () => {
    const overview = await cli(['manifest', '--help']);
    for (const { name } of named) expect(overview.stdout).toMatch(new RegExp(`^${name.split(' ')[1]} +\\S`, 'm'));
    expect((await cli(['manifest'])).stderr).toContain('a kind is missing: pvc, secret, job');
    const misspelt = await cli(['manifest', 'pytorchjobs']);
    expect([misspelt.code, misspelt.stderr]).toEqual([2, expect.stringContaining('did you mean pytorchjob?')]);
  });

  it.each([
    ['PersistentVolumeClaim', pvc],
    ['Job', [...job, '--', '--metadata', '/data/m.csv']],
    ['PyTorchJob', [...training, ...program]],
    [
      'TrainingRuntime TrainJob',
      ['manifest', 'trainjob', ...run, ...image, '--nodes', '2', '--', 'torchrun', 'main.py'],
    ],
    [
      'TrainJob',
      ['manifest', 'trainjob', ...run, ...image, '--cluster-runtime', 'torch-distributed', '--', 'torchrun', 'x'],
    ],
    ['Experiment', ['manifest', 'experiment', ...run, ...image, '--parameter', 'rate=1e-4..0.01', ...tuned]],
    [
      'Experiment',
      [
        'manifest',
        'experiment',
        ...run,
        ...image,
        '--trial',
        'trainjob',
        '--cluster-runtime',
        't',
        '--parameter',
        'rate=a,b',
        ...tuned,
      ],
    ],
    ['InferenceService', ['manifest', 'inferenceservice', ...run, ...image, '--model', 'm', '--', '--batch-rows', '8']],
    [
      'InferenceService',
      ['manifest', 'inferenceservice', ...run, '--triton-repository', 's3://b/c', '--triton-version', '24.06-py3'],
    ],
  ])('%s is printed as YAML that passes the checks', async (kinds, argv) => {
    const objects = objectsOf(await cli(argv));
    expect(objects.map(({ kind }) => kind).join(' ')).toBe(kinds);
    for (const object of objects) {
      expect(checkManifest(object)).toEqual([]);
      expect(object.metadata.labels).toMatchObject({
        'microtome/run': 'r1',
        'app.kubernetes.io/managed-by': 'microtome',
      });
    }
  });

  it('hands on what the flags say', async () => {
    const [object] = objectsOf(
      await cli([
        ...training,
        ...[
          '--name',
          'n',
          '--namespace',
          'ns',
          '--label',
          'team=derm',
          '--queue',
          'gpus',
          '--workers',
          '3',
          '--retries',
          '1',
        ],
        ...['--restart-policy', 'ExitCode', '--clean-pods', 'All', '--ttl-seconds', '60', '--deadline-seconds', '3600'],
        ...[
          '--env',
          'A=b,c',
          '--env',
          'D=e=f',
          '--secret-env',
          'KAGGLE_KEY=kaggle/key',
          '--claim',
          'data=/data:ro',
          '--claim',
          'runs=/runs',
        ],
        ...[
          '--secret-mount',
          'tls=/etc/tls',
          '--cpu',
          '4',
          '--memory',
          '8Gi',
          '--gpus',
          '2',
          '--gpu-resource',
          'amd.com/gpu',
        ],
        ...[
          '--shared-memory',
          '2Gi',
          '--node-selector',
          'zone=a',
          '--toleration',
          'gpu=yes:NoSchedule',
          '--toleration',
          'spot',
        ],
        ...['--service-account', 'sa', '--priority-class', 'low', '--pull-secret', 'registry', '--user-id', '77'],
        ...program,
      ]),
    );
    expect(object?.metadata).toMatchObject({
      name: 'n',
      namespace: 'ns',
      labels: { team: 'derm', 'kueue.x-k8s.io/queue-name': 'gpus' },
    });
    const { runPolicy, pytorchReplicaSpecs } = (object as never as { spec: Record<string, Record<string, unknown>> })
      .spec;
    expect(runPolicy).toEqual({
      cleanPodPolicy: 'All',
      backoffLimit: 1,
      activeDeadlineSeconds: 3600,
      ttlSecondsAfterFinished: 60,
      suspend: true,
    });
    expect(pytorchReplicaSpecs?.['Worker']).toMatchObject({
      replicas: 3,
      restartPolicy: 'ExitCode',
      template: {
        metadata: { labels: { team: 'derm', 'microtome/run': 'r1' } },
        spec: {
          nodeSelector: { zone: 'a' },
          tolerations: [
            { key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' },
            { key: 'spot', operator: 'Exists' },
          ],
          serviceAccountName: 'sa',
          automountServiceAccountToken: true,
          priorityClassName: 'low',
          imagePullSecrets: [{ name: 'registry' }],
          securityContext: { runAsNonRoot: true, runAsUser: 77, runAsGroup: 77, fsGroup: 77 },
          containers: [
            {
              name: 'pytorch',
              image: image[1],
              command: program.slice(1),
              env: [
                { name: 'HOME', value: '/tmp' },
                { name: 'A', value: 'b,c' },
                { name: 'D', value: 'e=f' },
                { name: 'KAGGLE_KEY', valueFrom: { secretKeyRef: { name: 'kaggle', key: 'key' } } },
              ],
              resources: {
                limits: { memory: '8Gi', 'amd.com/gpu': '2' },
                requests: { cpu: '4', memory: '8Gi', 'amd.com/gpu': '2' },
              },
              volumeMounts: [
                { name: 'claim-0', mountPath: '/data', readOnly: true },
                { name: 'claim-1', mountPath: '/runs' },
                { name: 'secret-0', mountPath: '/etc/tls', readOnly: true },
                { name: 'tmp', mountPath: '/tmp' },
                { name: 'shm', mountPath: '/dev/shm' },
              ],
              securityContext: {
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    });
  });

  it('the scoring job runs microtome score for each shard, and maps its exit codes', async () => {
    const [object] = objectsOf(
      await cli([...job, '--parallelism', '2', '--max-failed-shards', '1', '--', '--metadata', '/data/m.csv']),
    );
    expect((object as never as { spec: unknown }).spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 8,
      parallelism: 2,
      backoffLimitPerIndex: 3,
      maxFailedIndexes: 1,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { containerName: 'scorer', operator: 'In', values: [2, 4] } },
          { action: 'FailIndex', onExitCodes: { containerName: 'scorer', operator: 'In', values: [5] } },
        ],
      },
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              command: [
                ...['microtome', 'score', '/data', '--model', 'm', '--shard-index', '$(JOB_COMPLETION_INDEX)'],
                ...['--shard-count', '8', '--out', '/out', '--metadata', '/data/m.csv'],
              ],
            },
          ],
        },
      },
    });
  });

  it('names come from the content: the same words the same name, other words or another run another one', async () => {
    const nameOf = async (argv: readonly string[]): Promise<unknown> => objectsOf(await cli(argv))[0]?.metadata.name;
    const name = await nameOf(job);
    expect(name).toMatch(/^score-[0-9a-f]{10}$/);
    expect(await nameOf(job)).toBe(name);
    expect(await nameOf([...job, '--parallelism', '2'])).not.toBe(name);
    expect(await nameOf(job.map((word) => (word === 'r1' ? 'r2' : word)))).not.toBe(name);
  });

  it.each([
    ['--run is missing', ['manifest', 'pvc', '--size', '1Gi']],
    ['--size is missing', ['manifest', 'pvc', ...run]],
    ['--image is missing', ['manifest', 'pytorchjob', ...run, ...program]],
    ['--shards is missing', ['manifest', 'job', '/d', ...run, ...image, '--model', 'm', '--out', '/o']],
    ['an input is missing', ['manifest', 'job', ...run, ...image, '--model', 'm', '--out', '/o', '--shards', '2']],
    ['the program is missing', training],
    ['--parameter is missing', ['manifest', 'experiment', ...run, ...image, ...tuned]],
    ['--nodes is not for trials of this kind', ['manifest', 'experiment', ...run, ...image, '--nodes', '2', ...tuned]],
    [
      '--retries belongs to the runtime',
      ['manifest', 'trainjob', ...run, ...image, '--cluster-runtime', 't', '--retries', '1', ...program],
    ],
    ['--claim needs the form', [...training, '--claim', 'data', ...program]],
    ['--env needs the form', [...training, '--env', 'A', ...program]],
    ['--env has a name twice', [...training, '--env', 'A=1', '--env', 'A=2', ...program]],
    ['--wait needs --apply', [...pvc, '--wait']],
    ['--wait needs --apply without', [...pvc, '--wait', '--dry-run', 'server']],
    [
      '--image is not for --triton-repository',
      ['manifest', 'inferenceservice', ...run, ...image, '--triton-repository', 's3://b/c'],
    ],
    [
      '--triton-version needs',
      ['manifest', 'inferenceservice', ...run, ...image, '--model', 'm', '--triton-version', '1'],
    ],
    ['a file is missing', ['manifest', 'check']],
    ['expected lower-case letters', [...pvc.slice(0, 4), '--name', 'Data', '--size', '8Gi']],
    ['expected a quantity', [...pvc.slice(0, 6), '--size', '8 gigabytes']],
    ['(range)', [...job, '--retries-per-shard', '-1']],
  ])('%s', async (message, argv) => {
    const { code, stdout, stderr } = await cli(argv);
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  it.each([
    [[...training, '--env', 'API_TOKEN=hunter2hunter2', ...program]],
    [[...training, '--secret-env', 'API_TOKEN=hunter2hunter2', ...program]],
    [[...training, ...program, '--token', 'hunter2hunter2']],
    [['manifest', 'secret', '--secret', 'kaggle', '--env', 'KAGGLE_KEY=hunter2/hunter2']],
  ])('a secret is refused and not repeated: %j', async (argv) => {
    const { code, stdout, stderr } = await cli([...argv.slice(0, 2), '--verbose', ...argv.slice(2)]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toContain('hunter2');
    expect(stderr).toMatch(/Secret/);
  });

  it('secret: says how a pod names a Secret', async () => {
    const { code, stdout, stderr } = await cli(['manifest', 'secret', '--secret', 'kaggle', '--env', 'KAGGLE_KEY=key']);
    expect([code, fromYaml(stdout)]).toEqual([
      0,
      [{ env: [{ name: 'KAGGLE_KEY', valueFrom: { secretKeyRef: { name: 'kaggle', key: 'key' } } }] }],
    ]);
    expect(stderr).toContain('kubectl create secret generic kaggle --from-file=key=PATH');
  });

  it('a TrainJob that starts Python itself is warned of', async () => {
    const { code, stderr } = await cli(['manifest', 'trainjob', ...run, ...image, '--', 'python3', 'x.py']);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('warning: TrainJob: spec.trainer.command starts Python itself'),
    ]);
  });
});

describe('manifest check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'microtome-manifest-'));
  const file = (text: string): string => {
    const path = join(folder, `${text.length}.yaml`);
    writeFileSync(path, text);
    return path;
  };

  it('finds nothing in what was printed', async () => {
    const path = file((await cli(job)).stdout);
    expect(await cli(['manifest', 'check', path])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '1 object, 0 errors\n',
    });
  });

  it('takes a file: URL', async () => {
    const path = file((await cli(job)).stdout);
    expect((await cli(['manifest', 'check', pathToFileURL(path).href])).code).toBe(0);
    const { code, stderr } = await cli(['manifest', 'check', 'file://host/x.yaml']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not the address of a local file')]);
  });

  it('names file, object, place and rule; exit code 4', async () => {
    const path = file(`${(await cli(pvc)).stdout}${(await cli(job)).stdout.replace('completions:', 'completion:')}`);
    const { code, stdout, stderr } = await cli(['manifest', 'check', path]);
    expect([code, stderr]).toEqual([4, '2 objects, 2 errors\n']);
    expect(stdout).toContain(
      `${path}, object 2: error: spec has no field "completion"; did you mean completions? (unknown-field)\n`,
    );
    const json = await cli(['manifest', 'check', path, '--json']);
    expect(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { rule: string }).rule),
    ).toEqual(['unknown-field', 'indexed-size']);
  });

  it.each([
    ['FILE_NOT_FOUND', join(folder, 'none.yaml'), 4],
    ['FILE_UNREADABLE', folder, 4],
    ['is no YAML', file('a: [b'), 2],
  ])('%s', async (message, path, exit) => {
    const { code, stderr } = await cli(['manifest', 'check', path]);
    expect([code, stderr]).toEqual([exit, expect.stringContaining(message)]);
  });
});

describe('in a cluster', () => {
  let server: FakeApiServer;
  let cluster: string[];
  beforeEach(async () => {
    server = await FakeApiServer.start();
    cluster = ['--kubeconfig', server.kubeconfig()];
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.stop();
  });

  it('--apply says what became of each object; --dry-run server keeps nothing', async () => {
    const dry = await cli([...pvc, ...cluster, '--dry-run', 'server']);
    expect(dry).toMatchObject({
      code: 0,
      stdout: 'PersistentVolumeClaim data in lesions: would be created\n',
      stderr: '',
    });
    expect(server.objects.size).toBe(0);
    expect((await cli([...pvc, ...cluster, '--apply'])).stdout).toBe(
      'PersistentVolumeClaim data in lesions: created\n',
    );
    const again = await cli([...pvc, ...cluster, '--apply', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject([{ kind: 'PersistentVolumeClaim', action: 'unchanged' }]);
  });

  const named = [...job, '--name', 'score'];
  const path = '/apis/batch/v1/namespaces/lesions/jobs/score';
  const ends = (type: string): void => {
    server.tell = ({ method }) => {
      if (method === 'GET' && server.objects.has(path))
        server.status(path, { failedIndexes: '1', conditions: [{ type, status: 'True', reason: type }] });
      return undefined;
    };
  };

  it('--wait ends with 0 when the job is complete, and with 1 when it has failed', async () => {
    ends('Complete');
    expect(await cli([...named, ...cluster, '--apply', '--wait'])).toMatchObject({
      code: 0,
      stderr: 'Job score: succeeded, Complete\n',
    });
    ends('Failed');
    const failed = await cli([...named, ...cluster, '--apply', '--wait']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('JOB_FAILED (options): job.batch/score has failed: Failed');
    expect(failed.stderr).toContain('shard 1: exit code unknown');
  });

  it('delete says what it deleted, keeps data where it is told so, and asks first with --dry-run', async () => {
    await cli([...pvc, ...cluster, '--apply']);
    await cli([...named, ...cluster, '--apply']);
    const remove = ['manifest', 'delete', ...run, ...cluster];
    expect((await cli([...remove, '--dry-run'])).stdout).toBe(
      'would delete Job score\nwould delete PersistentVolumeClaim data\n',
    );
    expect((await cli([...remove, '--keep-data', '--wait'])).stdout).toBe(
      'deleted Job score\nkept PersistentVolumeClaim data\n',
    );
    expect(JSON.parse((await cli([...remove, '--json'])).stdout)).toMatchObject({ deleted: [{ name: 'data' }] });
    expect((await cli(remove)).stdout).toBe('nothing in lesions has the label of the run r1\n');
  });

  it('the kubeconfig is that of KUBECONFIG; several are not merged; none is told', async () => {
    vi.stubEnv('KUBECONFIG', server.kubeconfig('other'));
    expect((await cli([...pvc, '--apply'])).stdout).toContain('in other: created');
    vi.stubEnv('KUBECONFIG', '/a:/b');
    expect((await cli([...pvc, '--apply'])).stderr).toContain('KUBECONFIG names several files');
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', '/nowhere');
    expect(await cli([...pvc, '--apply'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no cluster is known') as string,
    });
  });
});
