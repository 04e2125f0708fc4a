/** Kubeconfigs and pods: what is read by microtome itself, and what needs @kubernetes/client-node. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessOfConfig, accessOfPod } from '../../lib/kube/apply/access.js';
import { unloadable } from '../../lib/kube/apply/client-node.js';

const folder = mkdtempSync(join(tmpdir(), 'microtome-access-'));
const secret = 'a-token-that-nobody-may-see';

function config(user: object, cluster: object = { server: 'https://cluster.example.org:6443' }): string {
  const path = join(folder, 'config');
  const contexts = [
    { name: 'one', context: { cluster: 'c', user: 'u', namespace: 'derm' } },
    { name: 'two', context: { cluster: 'c', user: 'nobody' } },
  ];
  const text = { 'current-context': 'one', contexts, clusters: [{ name: 'c', cluster }], users: [{ name: 'u', user }] };
  writeFileSync(path, JSON.stringify(text));
  return path;
}

const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing was thrown',
    (error: { readonly code?: string; readonly message: string; readonly stack?: string }) =>
      `${error.code}: ${error.message}`,
  );

describe('a kubeconfig', () => {
  it('names server, namespace and credentials', async () => {
    const access = await accessOfConfig(config({ token: secret, as: 'other' }), undefined);
    expect(access).toMatchObject({ server: 'https://cluster.example.org:6443', namespace: 'derm' });
    expect(await access.authorize()).toEqual({
      headers: { authorization: `Bearer ${secret}`, 'impersonate-user': 'other' },
    });
  });

  it('has other contexts, without a namespace or a user too', async () => {
    const access = await accessOfConfig(config({ token: secret }), 'two');
    expect([access.namespace, await access.authorize()]).toEqual([undefined, { headers: {} }]);
  });

  it('gives certificates as data, or as files beside it', async () => {
    writeFileSync(join(folder, 'key.txt'), 'the key');
    const user = {
      'client-certificate-data': Buffer.from('the certificate').toString('base64'),
      'client-key': 'key.txt',
    };
    const cluster = {
      server: 'https://c',
      'certificate-authority-data': Buffer.from('the authority').toString('base64'),
      'tls-server-name': 'n',
    };
    const { ca, cert, key, servername, rejectUnauthorized } = await (
      await accessOfConfig(config(user, cluster), undefined)
    ).authorize();
    expect([String(ca), String(cert), String(key), servername, rejectUnauthorized]).toEqual([
      'the authority',
      'the certificate',
      'the key',
      'n',
      undefined,
    ]);
  });

  it('leaves the check of certificates out only where it says so', async () => {
    const cluster = { server: 'https://c', 'insecure-skip-tls-verify': true };
    expect(await (await accessOfConfig(config({}, cluster), undefined)).authorize()).toMatchObject({
      rejectUnauthorized: false,
    });
  });

  it('may name a file with a token, which is read anew for each request', async () => {
    writeFileSync(join(folder, 'token'), 'first\n');
    const access = await accessOfConfig(config({ tokenFile: 'token' }), undefined);
    expect(await access.authorize()).toEqual({ headers: { authorization: 'Bearer first' } });
    writeFileSync(join(folder, 'token'), 'second\n');
    expect(await access.authorize()).toEqual({ headers: { authorization: 'Bearer second' } });
  });

  it('may have a name and a password', async () => {
    const access = await accessOfConfig(config({ username: 'me', password: secret }), undefined);
    const expected = `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`;
    expect(await access.authorize()).toEqual({ headers: { authorization: expected } });
  });

  it.each([
    ['no context', () => accessOfConfig(config({}), 'three'), 'INVALID_OPTION: the kubeconfig has no context "three"'],
    ['no address', () => accessOfConfig(config({}, {}), undefined), 'has no cluster with an http or https address'],
    [
      'a file as address',
      () => accessOfConfig(config({}, { server: 'file:///x' }), undefined),
      'has no cluster with an http',
    ],
    ['a folder', () => accessOfConfig(folder, undefined), 'INVALID_OPTION: the kubeconfig is a folder'],
  ])('%s is refused', async (_, read, message) => {
    expect(await refusal(read())).toContain(message);
  });

  it('that is no YAML is not quoted', async () => {
    const path = join(folder, 'broken');
    writeFileSync(path, `users: [{ user: { token: "${secret}`);
    const found = await refusal(accessOfConfig(path, undefined));
    expect(found).toContain('INVALID_OPTION: the kubeconfig is no YAML');
    expect(found).not.toContain(secret);
  });
});

describe('a pod', () => {
  it('has the files of its service account', async () => {
    const place = join(folder, 'account');
    mkdirSync(place);
    for (const [name, text] of [
      ['ca.crt', 'the authority'],
      ['namespace', 'derm\n'],
      ['token', `${secret}\n`],
    ] as const)
      writeFileSync(join(place, name), text);
    const access = await accessOfPod(place);
    expect(access).toMatchObject({ server: 'https://kubernetes.default.svc', namespace: 'derm' });
    const { ca, headers } = await access.authorize();
    expect([String(ca), headers]).toEqual(['the authority', { authorization: `Bearer ${secret}` }]);
  });

  it('without them is none', async () => {
    expect(await refusal(accessOfPod(join(folder, 'none')))).toContain('FILE_NOT_FOUND');
  });
});

describe('@kubernetes/client-node', () => {
  it.each([
    ['2.0.1', '20.20.2', true],
    ['2.0.1', '22.18.0', true],
    ['2.0.1', '22.19.0', false],
    ['2.0.1', '24.0.0', false],
    ['1.4.0', '20.20.2', false],
    [null, '20.20.2', false],
  ])('version %s on Node.js %s ends the process: %s', (version, node, expected) => {
    expect(unloadable(version, node)).toBe(expected);
  });
});
