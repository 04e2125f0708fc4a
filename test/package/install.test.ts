// The tarball installed as people install packages: by each package manager, with install scripts allowed and blocked,
// from the network and offline, in the first case without a compiler.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { managers } from './support/managers.js';
import { answerOf } from './support/process.js';
import { scoreScript } from './support/scripts.js';
import { expectScore, makeSlide, type TestSlide } from './support/slide.js';

const maxInstalledMegabytes = 90;

let slide: TestSlide;
beforeAll(async () => {
  slide = await makeSlide();
});
afterAll(() => slide.remove());

async function score(consumer: Consumer, nodeArgs: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const script = await consumer.write('score.js', scoreScript);
  const ended = await consumer.node([...nodeArgs, script, slide.path], env);
  expectScore((answerOf(ended) as { score: number }).score);
}

describe.each(managers)('installed by $name, it scores a slide', ({ install, nodeArgs }) => {
  let consumer: Consumer;
  let cache: string;
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'microtome-cache-'));
  });
  afterEach(() => consumer.remove());
  afterAll(() => rm(cache, { recursive: true, force: true }));

  // The order matters: the second case lives on what the first one has downloaded.
  it('from an empty cache, with install scripts allowed', async () => {
    consumer = await Consumer.create();
    const printed = await install(consumer, { scripts: true, offline: false, cache });
    expect(printed).not.toMatch(/ignored build scripts|onnxruntime/i);
    await score(consumer, nodeArgs(consumer));
  });

  it('offline, with install scripts blocked', async () => {
    consumer = await Consumer.create();
    await install(consumer, { scripts: false, offline: true, cache });
    await score(consumer, nodeArgs(consumer));
  });
});

describe('an installed package', () => {
  let consumer: Consumer;
  afterEach(() => consumer.remove());

  it('is small, and nothing in it has an install script', async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    const size = execFileSync('du', ['-sm', consumer.path('node_modules')], { encoding: 'utf8' });
    expect(Number.parseInt(size, 10)).toBeLessThanOrEqual(maxInstalledMegabytes);
    const lock = JSON.parse(readFileSync(consumer.path('node_modules/.package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    expect(Object.keys(lock.packages).sort()).toEqual([
      'node_modules/microtome',
      'node_modules/microtome-libvips-linux-x64',
      'node_modules/node-gyp-build',
    ]);
    expect(Object.values(lock.packages).filter((entry) => entry.hasInstallScript === true)).toEqual([]);
  });

  it('scores without a compiler on PATH', async () => {
    consumer = await Consumer.create({ bare: true });
    await consumer.install(tarball());
    expect(existsSync(consumer.path('node_modules/microtome/build'))).toBe(false);
    await score(consumer);
  });

  it('scores with PREBUILDS_ONLY', async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    await score(consumer, [], { PREBUILDS_ONLY: '1' });
  });

  it('scores where another version of a dependency, and a sharp, is already there', async () => {
    consumer = await Consumer.create();
    await consumer.install('node-gyp-build@4.6.0', 'sharp@0.33.5');
    await consumer.install(tarball());
    expect(consumer.versionOf('node-gyp-build')).toBe('4.6.0');
    expect(consumer.versionOf('microtome/node_modules/node-gyp-build')).toBe('4.8.4');
    await score(consumer);
  });

  it('scores with nested packages', async () => {
    consumer = await Consumer.create();
    await consumer.install('--install-strategy=nested', tarball());
    expect(consumer.versionOf('microtome/node_modules/node-gyp-build')).toBe('4.8.4');
    await score(consumer);
  });

  it('gives out its schemas', async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    const script = await consumer.write(
      'schemas.cjs',
      `const schemas = ['microtome', 'run'].map((name) => require('microtome/schema/' + name + '.schema.json'));
       process.send(schemas.map((schema) => schema.$schema));`,
    );
    const draft = 'https://json-schema.org/draft/2020-12/schema';
    expect(answerOf(await consumer.node([script]))).toEqual([draft, draft]);
  });

  it('scores from CommonJS, by require', async () => {
    consumer = await Consumer.create({ type: 'commonjs' });
    await consumer.install(tarball());
    const script = await consumer.write(
      'score.cjs',
      `const { scoreSlide } = require('microtome');
       scoreSlide(process.argv[2], { model: 'demo' }).then((result) => process.send(result.score));`,
    );
    expectScore(answerOf(await consumer.node(['--no-warnings', script, slide.path])));
  });
});
