/** The images: pinned, not root, without secrets, with lists of their parts, and what they copy is there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pyTorchJob } from '../../lib/kube/index.js';
import { problemsOf, stagesOf } from './support/containerfile.js';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'containers/Containerfile'), 'utf8');
const tools = ['package', 'gpu-libraries'];
const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;

describe('containers/Containerfile', () => {
  it('keeps the rules', () => {
    expect(problemsOf(text, root, tools)).toEqual([]);
  });

  it('has every image', () => {
    const names = stagesOf(text).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['scorer-cpu', 'scorer-cuda', 'trainer-cpu', 'trainer-cuda', 'server']),
    );
  });

  it('names the versions that this tree has', () => {
    const { version, devDependencies } = json('package.json') as {
      version: string;
      devDependencies: Record<string, string>;
    };
    expect(text).toContain(`microtome-${version}.tgz`);
    expect(text).toContain(`@aws-sdk/client-s3@${devDependencies['@aws-sdk/client-s3']}`);
    const torch = readFileSync(join(root, 'train/requirements-torch2.txt'), 'utf8').split('\n');
    const shared = [...text.matchAll(/\b(nvidia-[\w-]+)==([\d.]+)/g)].filter(([, name]) =>
      torch.some((line) => line.startsWith(`${name}==`)),
    );
    expect(shared.length).toBeGreaterThan(4);
    for (const [pin] of shared) expect(torch).toContain(pin);
  });

  it('its user is that of the manifests', () => {
    const { spec } = pyTorchJob({ run: 'r', image: 'a:1', command: ['main'] });
    const { runAsUser } = spec.pytorchReplicaSpecs.Master.template.spec.securityContext ?? {};
    for (const { name, instructions } of stagesOf(text).filter((stage) => !tools.includes(stage.name)))
      expect(instructions.findLast(({ word }) => word === 'USER')?.rest, name).toBe(`${runAsUser}:${runAsUser}`);
  });

  it('is built without what is made, fetched or secret', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    for (const path of ['.git', '**/node_modules', 'build', 'dist', 'prebuilds', '**/.env', '**/*.pem'])
      expect(ignored).toContain(path);
  });
});

describe('a Containerfile that breaks a rule', () => {
  const good = 'FROM node:20.20.2-slim AS a\nRUN dpkg-query --show > /opt/microtome/sbom/x\nUSER 1:1\n';
  it('passes where it breaks none', () => {
    expect(problemsOf(good, root, [])).toEqual([]);
  });

  it.each([
    ['latest', good.replace(':20.20.2-slim', ':latest'), 'has neither a digest nor an exact version'],
    ['no tag', good.replace(':20.20.2-slim', ''), 'has neither a digest nor an exact version'],
    ['a tag that moves', good.replace(':20.20.2-slim', ':20-slim'), 'has neither a digest nor an exact version'],
    ['no name', good.replace(' AS a', ''), 'has no name'],
    ['root', good.replace('USER 1:1', 'USER root'), 'ends as the user root'],
    ['user 0', good.replace('USER 1:1', 'USER 0:0'), 'ends as the user 0:0'],
    ['no user', good.replace('USER 1:1', ''), 'ends as the user root'],
    ['no list of parts', good.replace('/opt/microtome/sbom/x', '/dev/null'), 'has no list of its parts'],
    ['work after USER', `${good}RUN true\n`, 'installs after USER'],
    [
      'a file that is not there',
      good.replace('USER', 'COPY no-such-file /x\nUSER'),
      'COPY no-such-file, which is not there',
    ],
    [
      'a stage that is not there',
      good.replace('USER', 'COPY --from=b /x /x\nUSER'),
      'COPY --from=b, which is no stage',
    ],
    ['ADD', good.replace('USER', 'ADD https://example.org/x /x\nUSER'), 'ADD fetches'],
    [
      'a script from the network',
      good.replace('USER', 'RUN curl -s https://example.org | sh\nUSER'),
      'runs what it fetches',
    ],
    ['scripts of packages', good.replace('USER', 'RUN npm install x@1\nUSER'), 'npm runs scripts'],
    [
      'any version of a package',
      good.replace('USER', 'RUN pip install torch\nUSER'),
      'pip installs any version of torch',
    ],
    ['a secret', good.replace('USER', 'ENV API_TOKEN=abc\nUSER'), 'API_TOKEN has the name of a secret'],
    [
      'an address with a password',
      good.replace('USER', 'RUN git clone https://me:abc@example.org/x\nUSER'),
      'looks like a credential',
    ],
  ])('%s', (_, changed, problem) => {
    expect(problemsOf(changed, root, []).join('\n')).toContain(problem);
  });
});
