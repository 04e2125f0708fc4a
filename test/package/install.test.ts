// The tarball installed as people install packages, with install scripts blocked and, in the first case, no compiler.
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeVersion } from '../support/manifest.js';
import { Consumer, tarball } from './support/consumer.js';
import { answerOf, run } from './support/process.js';
import { scoreScript } from './support/scripts.js';
import { expectScore, makeSlide, type TestSlide } from './support/slide.js';

describe('an installed package scores a slide', () => {
  let slide: TestSlide;
  let consumer: Consumer;
  beforeAll(async () => {
    slide = await makeSlide();
  });
  afterAll(() => slide.remove());
  afterEach(() => consumer.remove());

  async function score(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const script = await consumer.write('score.js', scoreScript);
    const answer = answerOf(await consumer.node([script, slide.path], env)) as { score: number };
    expectScore(answer.score);
  }

  it('npm, flat, without a compiler on PATH', async () => {
    consumer = await Consumer.create({ bare: true });
    await consumer.install(tarball());
    expect(existsSync(consumer.path('node_modules/onnxruntime-node'))).toBe(true);
    expect(existsSync(consumer.path('node_modules/microtome/build'))).toBe(false);
    await score();
  });

  it('npm, with PREBUILDS_ONLY', async () => {
    consumer = await Consumer.create();
    await consumer.install(tarball());
    await score({ PREBUILDS_ONLY: '1' });
  });

  it('npm, nested: another version of each dependency is already there', async () => {
    consumer = await Consumer.create();
    await consumer.install('onnxruntime-node@1.20.1', 'sharp@0.33.5');
    await consumer.install(tarball());
    expect(consumer.versionOf('onnxruntime-node')).toBe('1.20.1');
    expect(consumer.versionOf('microtome/node_modules/onnxruntime-node')).toBe(onnxRuntimeVersion);
    await score();
  });

  it('npm, nested two levels deep: a dependency of a dependency', async () => {
    consumer = await Consumer.create();
    await consumer.install('--install-strategy=nested', tarball());
    expect(consumer.versionOf('microtome/node_modules/onnxruntime-node')).toBe(onnxRuntimeVersion);
    await score();
  });

  it('pnpm', async () => {
    const tool = await Consumer.create();
    try {
      await tool.install('pnpm@10');
      consumer = await Consumer.create();
      const args = ['add', '--ignore-scripts', '--store-dir', tool.path('store'), tarball()];
      const ended = await run(process.execPath, [tool.path('node_modules/pnpm/bin/pnpm.cjs'), ...args], {
        cwd: consumer.dir,
        env: consumer.env,
      });
      expect(ended.code, ended.stdout + ended.stderr).toBe(0);
      expect(existsSync(consumer.path('node_modules/.pnpm'))).toBe(true);
      await score();
    } finally {
      await tool.remove();
    }
  });

  it('from CommonJS, by require', async () => {
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
