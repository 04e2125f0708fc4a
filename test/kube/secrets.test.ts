/** No secret gets into a manifest, an error or the cluster: one is planted in every place that takes text. */
import { describe, expect, it } from 'vitest';
import {
  checkManifest,
  experiment,
  fromYaml,
  inferenceService,
  parseSecretKey,
  pyTorchJob,
  scoreJob,
  secretReference,
  toYaml,
  trainingRuntime,
  trainJob,
  trainJobWithRuntime,
  tritonService,
  volumeClaim,
  type KubeObject,
} from '../../lib/kube/index.js';
import { everything, fullPyTorchJob } from './support/samples.js';

// In pieces, so that no scanner of secrets takes this file for a leak.
const planted = ['gh', 'p_', 'A1b2C3d4E5f6G7h8I9j0', 'K1l2M3n4O5p6'].join('');
const shared = { run: 'r1', name: 'name', namespace: 'space', labels: { team: 'derm' }, annotations: { note: 'a' } };
const pod = { ...shared, ...everything };
/** What a job can change in the runtime of a cluster. */
const { imagePullPolicy: _, priorityClass: __, ...patchable } = pod;
const command = ['torchrun', 'main.py', '--rate', '1'];
const runtime = { name: 'torch-distributed', kind: 'ClusterTrainingRuntime' as const };

/** Every builder, with options in which every text is replaced in turn. */
const builders: Readonly<Record<string, readonly [object, (options: never) => unknown]>> = {
  volumeClaim: [{ ...shared, size: '1Gi', storageClass: 'fast' }, volumeClaim],
  pyTorchJob: [{ ...pod, command, queue: 'gpus' }, pyTorchJob],
  trainingRuntime: [pod, trainingRuntime],
  trainJob: [{ ...patchable, command, runtime }, trainJob],
  trainJobWithRuntime: [{ ...pod, command, queue: 'gpus' }, trainJobWithRuntime],
  scoreJob: [{ ...pod, inputs: ['/d'], model: 'm', out: '/o', shards: 2, scoreArguments: ['--x', 'y'] }, scoreJob],
  inferenceService: [{ ...pod, model: 'm', serveArguments: ['--x'] }, inferenceService],
  tritonService: [{ ...shared, storageUri: 's3://b/c', runtimeVersion: '24.06-py3', env: { A: 'b' } }, tritonService],
  experiment: [
    {
      ...shared,
      trial: pyTorchJob({ run: 'r1', image: 'a:1', command: ['a', '${', 'trialParameters.x}'].map((word) => word) }),
      parameters: [{ name: 'x', type: 'categorical', list: ['a', 'b'] }],
      metric: 'pauc',
      otherMetrics: ['auc'],
      algorithm: 'random',
    },
    experiment,
  ],
};

/** The options with one text, or one key of a map, replaced; for each text and key that there is. */
function* plantings(value: unknown, at: string): Generator<readonly [string, unknown]> {
  if (typeof value === 'string') yield [at, planted];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    for (const [place, changed] of plantings(part, `${at}.${key}`))
      yield [place, Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }];
    if (!/\.(labels|annotations|podAnnotations|env|secretEnv|nodeSelector)$/.test(at)) continue;
    const { [key]: _, ...others } = value as Record<string, unknown>;
    yield [`key of ${at}`, { ...others, [planted]: part }];
  }
}

/** Everything that an error says, with its stack and its cause. */
const allOf = (error: unknown): string =>
  `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack} ${String((error as Error).cause)}`;

const cases = Object.entries(builders).flatMap(([name, [options, build]]) =>
  [...plantings(options, 'options')].map(([place, changed]) => ({ name, place, changed, build })),
);

describe('a secret in an option', () => {
  it('is planted in many places', () => {
    expect(cases.length).toBeGreaterThan(200);
    expect(cases.map(({ place }) => place)).toContain('options.env.OMP_NUM_THREADS');
  });

  it.each(cases)('$name: $place is refused, and not repeated', ({ changed, build }) => {
    let made: unknown;
    let thrown: unknown;
    try {
      made = build(changed as never);
    } catch (error) {
      thrown = error;
    }
    expect(made === undefined ? '' : JSON.stringify(made)).not.toContain(planted);
    expect(thrown, 'nothing was refused').toMatchObject({ code: 'INVALID_OPTION' });
    expect(allOf(thrown)).not.toContain(planted);
  });
});

describe('a secret that is a key and a value', () => {
  it.each(['labels', 'annotations', 'nodeSelector', 'podAnnotations'])(
    'of %s is in no place that is named',
    (option) => {
      const options = { run: 'r1', image: 'a:1', command: ['main'], [option]: { [planted]: planted } };
      const error = thrownBy(() => pyTorchJob(options));
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      expect(allOf(error)).toContain('(not shown)');
      expect(allOf(error)).not.toContain(planted);
    },
  );
});

const build = (change: object): KubeObject => pyTorchJob({ run: 'r1', image: 'a:1', command: ['main'], ...change });
const secret = 'correct horse battery staple';

describe('a secret that only its name gives away', () => {
  it.each([
    'KAGGLE_KEY',
    'API_TOKEN',
    'CLIENT_SECRET',
    'DB_PASSWORD',
    'AWS_SECRET_ACCESS_KEY',
    'apiKey',
    'githubToken',
    'MY_CREDENTIALS',
    'PASSPHRASE',
    'APIKEY',
    'SMTP_PASS',
    'MYSQL_PWD',
    'REGISTRY_AUTH',
  ])('the variable %s with a value is refused, with the advice to name a Secret', (name) => {
    const error = thrownBy(() => build({ env: { [name]: secret } }));
    expect(allOf(error)).toContain(
      `the variable ${name} has the name of a credential and a value; put it into a Secret`,
    );
    expect(allOf(error)).toContain('--secret-env NAME=SECRET/KEY');
    expect(allOf(error)).not.toContain('horse');
  });

  it.each([
    [['--token', secret]],
    [[`--password=${secret}`]],
    [['--api-key', secret]],
    [['--aws-secret-access-key', secret]],
    [['sh', '-c', `export API_TOKEN='${secret}'; run`]],
    [['env', `DB_PASSWORD=${secret.replaceAll(' ', '-')}`, 'run']],
    [['env', 'KAGGLE_KEY=$horse-battery', 'run']],
    [['--token', '$horse']],
    [['--token', '-horse-battery']],
    [['--token=-horse']],
    [['--kaggle-key', 'horse0123456789abcdef0123456789ab']],
  ])('the arguments %j are refused', (words) => {
    const error = thrownBy(() => build({ command: ['main', ...words] }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(allOf(error)).toContain('literal-credential');
    expect(allOf(error)).not.toContain('horse');
  });

  it.each([
    [{ env: { PWD: '/data', USE_AUTH: 'true', API_TOKEN: '$(OTHER)' }, annotations: { 'x.org/enable-auth': 'true' } }],
    [{ command: ['main', '--group-key', 'patient_id', '--token', '--verbose', '--sort-key=isic_id'] }],
    [{ env: { TOKENIZERS_PARALLELISM: 'false', MAX_NEW_TOKENSET: '3', MONKEYS: '2', KEYBOARD: 'us' } }],
    [{ env: { TOKEN_FILE: '/var/run/token', SECRET_NAME: 'kaggle', PASSWORD: '' } }],
    [{ secretEnv: { API_TOKEN: { secret: 'kaggle', key: 'token' } } }],
    [{ command: ['main', '--token', '$(API_TOKEN)', '--token-file', '/t', '--key', 'isic_id', '--columns', 'a=b'] }],
    [{ command: ['sh', '-c', 'API_TOKEN=$OTHER; run --token "$API_TOKEN"'] }],
  ])('%j is no secret', (change) => {
    expect(checkManifest(build(change))).toEqual([]);
  });
});

describe('a secret under a key that names it', () => {
  it.each([
    ['an annotation', { metadata: { name: 'n', annotations: { 'kaggle/token': 'horse-battery' } } }],
    ['a label', { metadata: { name: 'n', labels: { token: 'horse-battery' } } }],
    ['data', { metadata: { name: 'n' }, data: { API_TOKEN: 'horse-battery' } }],
    ['a variable that only seems to be a reference', { spec: { env: [{ name: 'KAGGLE_KEY', value: '$horse' }] } }],
  ])('in %s is found', (_, more) => {
    const found = checkManifest({ apiVersion: 'v1', kind: 'ConfigMap', ...more });
    expect(found.map(({ rule }) => rule)).toContain('literal-credential');
    expect(JSON.stringify(found)).not.toContain('horse');
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('forms of credentials', () => {
  const letters = 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8';
  it.each([
    ['a private key', `-----BEGIN ${'RSA'} PRIVATE KEY-----\nMIIE`],
    ['a key of AWS', `AK${'IA'}ABCDEFGHIJKLMNOP`],
    ['a token of a hub', `h${'f_'}${letters}`],
    ['a web token', `e${'yJ'}${letters}.${letters}.${letters}`],
    ['an address with a password', `https://me:${letters}@example.org/x`],
    ['a signed address', `https://example.org/x?a=b&X-Amz-Signature=${letters}`],
    ['a header', `Authorization: Bearer ${letters}`],
    ['a file of Kaggle', `{"username":"me","key":"${letters}"}`],
  ])('%s is found anywhere', (_, value) => {
    const error = thrownBy(() => build({ command: ['main', value] }));
    expect(allOf(error)).toContain('what looks like a credential');
    expect(allOf(error)).not.toContain(value.slice(10));
    const object = { ...fullPyTorchJob, metadata: { ...fullPyTorchJob.metadata, annotations: { note: value } } };
    expect(allOf(thrownBy(() => toYaml([object])))).not.toContain(value.slice(10));
  });

  it.each(['0123456789abcdef'.repeat(4), 'https://example.org:8080/a@b', 's3://bucket/key=1/part', 'sha256:ab12'])(
    '%s is none',
    (value) => {
      expect(checkManifest(build({ command: ['main', value] }))).toEqual([]);
    },
  );
});

describe('Secrets themselves', () => {
  it('are never written, whoever made them', () => {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'kaggle' }, stringData: { key: secret } };
    expect(checkManifest(object)).toMatchObject([{ rule: 'literal-credential', path: 'kind' }]);
    expect(allOf(thrownBy(() => toYaml([object])))).not.toContain('horse');
  });

  it('are named', () => {
    expect(secretReference('kaggle-secret', { KAGGLE_KEY: 'key' })).toEqual([
      { name: 'KAGGLE_KEY', valueFrom: { secretKeyRef: { name: 'kaggle-secret', key: 'key' } } },
    ]);
    expect(parseSecretKey('kaggle/user.name')).toEqual({ secret: 'kaggle', key: 'user.name' });
  });

  it.each([planted, `kaggle/${planted}`, secret, 'kaggle', 'kaggle/', '/key', 'a/b/c', ''])(
    '%j is no reference, and not repeated',
    (text) => {
      const error = thrownBy(() => parseSecretKey(text));
      expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      if (text.length > 10) expect(allOf(error)).not.toContain(text.slice(-10));
    },
  );
});

describe('fromYaml', () => {
  it('reads what toYaml wrote', () => {
    expect(fromYaml(toYaml([fullPyTorchJob, fullPyTorchJob]))).toEqual([fullPyTorchJob, fullPyTorchJob]);
  });

  it('says where it is no YAML, and does not quote it', () => {
    const error = thrownBy(() => fromYaml(`a: b\nc: "${planted}\n`, 'job.yaml'));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', path: 'job.yaml' });
    expect(allOf(error)).toMatch(/line \d is no YAML/);
    expect(allOf(error)).not.toContain(planted);
  });

  it('holds out against aliases, size and many documents', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 10; ++i) {
      const before = String.fromCharCode(96 + i);
      const name = String.fromCharCode(97 + i);
      lines.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`);
    }
    expect(thrownBy(() => fromYaml(lines.join('\n')))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(thrownBy(() => fromYaml('a'.repeat(5 * 2 ** 20)))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(thrownBy(() => fromYaml('---\na\n'.repeat(1001)))).toMatchObject({ code: 'INVALID_OPTION' });
  });
});
