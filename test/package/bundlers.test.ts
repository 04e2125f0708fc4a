// A program that uses microtome, put into one file by esbuild or webpack. Kept out of the bundle, it works as before; inside
// the bundle, it finds its installed files; where nothing is installed, the error says what to do.
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { answerOf, type Ended, run } from './support/process.js';
import { expectScore, makeSlide, type TestSlide } from './support/slide.js';
import { toolFile } from './support/tools.js';

const program = `
import { scoreSlide } from 'microtome';
scoreSlide(process.argv[2], { model: 'demo', threads: 2 }).then((result) => process.send({ score: result.score }));
`;

/** The configuration of argv: where webpack is, entry, folder and name of the result, whether microtome stays outside. */
const webpackScript = `
import { createRequire } from 'node:module';
const [place, entry, folder, filename, outside] = process.argv.slice(2);
const webpack = createRequire(import.meta.url)(place);
const externals = outside === 'yes' ? { microtome: 'commonjs microtome' } : {};
const mode = 'production';
webpack({ mode, target: 'node20', entry, output: { path: folder, filename }, externals }, (error, stats) => {
  if (error ?? stats.hasErrors()) {
    console.error(error ?? stats.toString());
    process.exitCode = 1;
  }
});
`;

describe('a bundled program', () => {
  let slide: TestSlide;
  let consumer: Consumer;

  beforeAll(async () => {
    slide = await makeSlide();
    consumer = await Consumer.create();
    await consumer.install(tarball());
    await consumer.write('program.js', program);
    await consumer.write('webpack.mjs', webpackScript);
    await mkdir(consumer.path('out'));
  });
  afterAll(async () => {
    await consumer.remove();
    await slide.remove();
  });

  async function built(ended: Ended, file: string): Promise<string> {
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    return consumer.path('out', file);
  }

  async function esbuild(file: string, ...flags: readonly string[]): Promise<string> {
    const args = ['program.js', '--bundle', '--platform=node', `--outfile=out/${file}`, '--log-level=error', ...flags];
    return built(await consumer.node([toolFile('esbuild/bin/esbuild'), ...args]), file);
  }

  async function webpack(file: string, outside: 'yes' | 'no'): Promise<string> {
    const args = [toolFile('webpack/lib/index.js'), './program.js', consumer.path('out'), file, outside];
    return built(await consumer.node(['webpack.mjs', ...args]), file);
  }

  const bundles: readonly (readonly [string, () => Promise<string>])[] = [
    ['esbuild, kept outside', () => esbuild('outside.mjs', '--format=esm', '--external:microtome')],
    ['esbuild, inside, ESM', () => esbuild('inside.mjs', '--format=esm')],
    ['esbuild, inside, CommonJS', () => esbuild('inside.cjs', '--format=cjs')],
    ['webpack, kept outside', () => webpack('webpack-outside.cjs', 'yes')],
    ['webpack, inside', () => webpack('webpack-inside.cjs', 'no')],
  ];

  it.each(bundles)('%s: scores', async (_, make) => {
    const ended = await consumer.node(['--no-warnings', await make(), slide.path]);
    expectScore((answerOf(ended) as { score: number }).score);
  });

  it.each([
    ['ESM', 'moved.mjs', '--format=esm'],
    ['CommonJS', 'moved.cjs', '--format=cjs'],
  ])('inside a bundle of %s that is taken to where nothing is installed, it says so by name', async (_, file, flag) => {
    const bundle = await esbuild(file, flag);
    const elsewhere = await mkdtemp(join(tmpdir(), 'microtome-elsewhere-'));
    try {
      const moved = join(elsewhere, basename(bundle));
      await copyFile(bundle, moved);
      const ended = await run(process.execPath, [moved, slide.path], { cwd: elsewhere, env: consumer.env });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/MicrotomeError.*: the code of microtome is in/);
      expect(ended.stderr).toContain("code: 'RUNTIME_MISSING'");
      expect(ended.stderr).toContain('esbuild --external:microtome');
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });
});
