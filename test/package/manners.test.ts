// What a library must not do: use the network, print, or leave files behind. Each promise is watched from outside.
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, tarball } from './support/consumer.js';
import { answerOf, run } from './support/process.js';
import { scoreScript } from './support/scripts.js';
import { expectScore, makeSlide, type TestSlide } from './support/slide.js';
import { listTree } from './support/tree.js';

/** A network namespace of its own has no interface but a loopback that is down. */
const canUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;

const directoryScript = `
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { scoreDirectory } from 'microtome';
const [slide, work] = process.argv.slice(2);
const run = scoreDirectory(work + '/slides', { model: 'demo', output: work + '/out/submission.csv' });
const summary = await run.done;
process.send({ summary });
`;

/** The same from a worker thread, where process.env is a copy: a switch set there alone would not reach a library. */
const workerScript = `
import { Worker } from 'node:worker_threads';
const text = "import { scoreSlide } from 'microtome';" +
  "import { parentPort, workerData } from 'node:worker_threads';" +
  "parentPort.postMessage((await scoreSlide(workerData, { model: 'demo' })).score);";
const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: process.argv[2] });
worker.on('message', (score) => process.send({ score }));
`;

describe('manners', () => {
  let slide: TestSlide;
  let consumer: Consumer;
  let home: NodeJS.ProcessEnv;

  beforeAll(async () => {
    slide = await makeSlide();
    consumer = await Consumer.create();
    await consumer.install(tarball());
    const folders = ['home', 'cache', 'config', 'data', 'state', 'runtime', 'tmp'];
    await Promise.all(folders.map((name) => mkdir(consumer.path('watched', name), { recursive: true })));
    home = {
      // In what looks like CI, ONNX Runtime keeps its usage data to itself, and there would be nothing to see.
      ...Object.fromEntries(
        ['CI', 'GITHUB_ACTIONS', 'GITLAB_CI', 'TF_BUILD', 'JENKINS_URL', 'ORT_DISABLE_TELEMETRY'].map((name) => [
          name,
          undefined,
        ]),
      ),
      HOME: consumer.path('watched/home'),
      XDG_CACHE_HOME: consumer.path('watched/cache'),
      XDG_CONFIG_HOME: consumer.path('watched/config'),
      XDG_DATA_HOME: consumer.path('watched/data'),
      XDG_STATE_HOME: consumer.path('watched/state'),
      XDG_RUNTIME_DIR: consumer.path('watched/runtime'),
      TMPDIR: consumer.path('watched/tmp'),
    };
  });
  afterAll(async () => {
    await consumer.remove();
    await slide.remove();
  });

  it('prints nothing and writes nothing while a slide is scored', async () => {
    const script = await consumer.write('score.js', scoreScript);
    const before = await listTree(consumer.dir);
    const ended = await consumer.node([script, slide.path], home);
    expectScore((answerOf(ended) as { score: unknown }).score);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toBe('');
    expect(await listTree(consumer.dir)).toEqual(before);
  });

  it('prints nothing and writes nothing from a worker thread', async () => {
    await consumer.write(
      'worker.js',
      `import { parentPort, workerData } from 'node:worker_threads';
       import { scoreSlide } from 'microtome';
       parentPort.postMessage((await scoreSlide(workerData, { model: 'demo' })).score);`,
    );
    const script = await consumer.write('in-worker.js', workerScript);
    const before = await listTree(consumer.dir);
    const ended = await consumer.node([script, slide.path], home);
    expectScore((answerOf(ended) as { score: unknown }).score);
    expect(ended.stdout + ended.stderr).toBe('');
    expect(await listTree(consumer.dir)).toEqual(before);
  });

  it('writes the output that was asked for and nothing else', async () => {
    const script = await consumer.write('directory.js', directoryScript);
    await mkdir(consumer.path('work/out'), { recursive: true });
    await mkdir(consumer.path('work/slides'), { recursive: true });
    const copy = spawnSync('cp', [slide.path, consumer.path('work/slides/a.tif')]);
    expect(copy.status).toBe(0);
    const names = async (): Promise<string[]> =>
      (await listTree(consumer.dir)).map((row) => row.split(' ')[0] as string);
    const before = await names();
    const ended = await consumer.node([script, slide.path, consumer.path('work')], home);
    answerOf(ended);
    expect(ended.stdout + ended.stderr).toBe('');
    const added = (await names()).filter((name) => !before.includes(name));
    expect(added).toEqual(['work/out/submission.csv']);
  });

  it.skipIf(!canUnshare)('needs no network: scores in a network namespace without interfaces', async () => {
    const script = await consumer.write('score.js', scoreScript);
    const options = { cwd: consumer.dir, env: { ...consumer.env, ...home } };
    const ended = await run('unshare', ['-n', process.execPath, script, slide.path], options);
    expectScore((answerOf(ended) as { score: unknown }).score);
  });

  it.skipIf(spawnSync('strace', ['-V']).status !== 0)('opens no internet socket', async () => {
    const script = await consumer.write('score.js', scoreScript);
    const options = { cwd: consumer.dir, env: { ...consumer.env, ...home } };
    const log = consumer.path('sockets.log');
    const ended = await run(
      'strace',
      ['-f', '-e', 'trace=socket,connect', '-o', log, process.execPath, script, slide.path],
      options,
    );
    expectScore((answerOf(ended) as { score: unknown }).score);
    const found = spawnSync('grep', ['-c', 'AF_INET', log], { encoding: 'utf8' });
    expect(found.stdout.trim()).toBe('0');
  });
});
