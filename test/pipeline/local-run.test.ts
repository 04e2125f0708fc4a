/** The local runner: order, placeholders, volumes, retries, going on, ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pyTorchJob } from '../../lib/kube/index.js';
import { inputArtifact, inputParameter, outputArtifact, outputParameter } from '../../lib/pipeline/ir/placeholders.js';
import {
  runPipelineLocally,
  type LocalEvent,
  type LocalRunOptions,
  type PipelineIr,
} from '../../lib/pipeline/index.js';
import type { Step } from '../../lib/pipeline/compile/builder.js';
import { localImages, pipelineOf, scratch, stepOf } from './local-support.js';

type KubernetesFields = { pvcMount?: object[]; secretAsEnv?: object[] };
const volume = { constant: 'shared' } as const;

function runnerOf(folder: string) {
  const images = localImages(folder);
  const events: LocalEvent[] = [];
  const run = (pipeline: PipelineIr, more: Partial<LocalRunOptions> = {}) =>
    runPipelineLocally({
      pipeline,
      images,
      folder: join(folder, 'run'),
      onEvent: (event) => events.push(event),
      ...more,
    });
  return { run, events, at: (...names: string[]) => join(folder, 'run', ...names) };
}

const read = (path: string): string => readFileSync(path, 'utf8');

/** A step that counts how often it ran, and hands a text on. */
const maker = (more: Partial<Step> = {}): Step =>
  stepOf(
    'make',
    'fs.appendFileSync(words[0] + "/count", "x"); fs.writeFileSync(words[1], words[3]); fs.mkdirSync(words[2]); fs.writeFileSync(words[2] + "/a", words[3]);',
    ['/vol', outputParameter('text'), outputArtifact('folder'), inputParameter('word')],
    {
      parameters: { word: { parameter: 'word' } },
      outputParameters: { text: 'STRING' },
      outputArtifacts: { folder: 'system.Artifact' },
      volumes: { '/vol': volume },
      ...more,
    },
  );
const user: Step = stepOf(
  'use',
  'fs.writeFileSync(words[2], words[0] + " " + fs.readFileSync(words[1] + "/a", "utf8"));',
  [inputParameter('text'), inputArtifact('folder'), outputArtifact('table')],
  {
    parameters: { text: { step: 'make', output: 'text' } },
    artifacts: { folder: { from: 'make', name: 'folder', kind: 'system.Artifact' } },
    outputArtifacts: { table: 'system.Dataset' },
  },
);

describe('runPipelineLocally', () => {
  it('runs steps in their order, with values, artifacts and volumes', async () => {
    const { run, events, at } = runnerOf(scratch());
    // The later step is first in the file.
    const { steps } = await run(pipelineOf([user, maker()], { word: "it's $HOME {{$.x}}" }), {
      parameters: { word: 'a b' },
    });
    expect(steps.map(({ name, state }) => `${name} ${state}`)).toEqual(['make finished', 'use finished']);
    expect(read(steps[1]?.artifacts['table'] ?? '')).toBe('a b a b');
    expect(read(at('volumes', 'shared', 'count'))).toBe('x');
    expect(events.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'make started',
      'make finished',
      'use started',
      'use finished',
    ]);
    expect(existsSync(at('lock'))).toBe(false);
  });

  it('goes on: what has the same inputs is skipped, and that is said', async () => {
    const { run, events, at } = runnerOf(scratch());
    const pipeline = pipelineOf([maker(), user], { word: 'one' });
    await run(pipeline);
    events.length = 0;
    const { steps } = await run(pipeline);
    expect(steps.map(({ state }) => state)).toEqual(['skipped', 'skipped']);
    expect(events.map(({ text }) => text)).toEqual([
      expect.stringMatching(/its inputs are those of the run that finished at 20/),
      expect.stringMatching(/its inputs are those/),
    ]);
    expect(steps[0]?.parameters).toEqual({ text: 'one' });
    expect(read(at('volumes', 'shared', 'count'))).toBe('x');

    const other = await run(pipeline, { parameters: { word: 'two' } });
    expect(other.steps.map(({ state }) => state)).toEqual(['finished', 'finished']);
    expect(read(at('volumes', 'shared', 'count'))).toBe('xx');
  });

  it.each([
    [
      'an artifact was changed',
      (at: (...names: string[]) => string) => writeFileSync(at('artifacts', 'make', 'folder', 'a'), 'y'),
      /artifact folder is not there as it was written/,
    ],
    [
      'an artifact was deleted',
      (at: (...names: string[]) => string) => rmSync(at('artifacts', 'make'), { recursive: true }),
      /artifact folder is not there/,
    ],
    [
      'the volume was made again',
      (at: (...names: string[]) => string) => {
        rmSync(at('volumes'), { recursive: true });
        mkdirSync(at('volumes'));
      },
      /the volume shared is not as the last step left it/,
    ],
    [
      'only the folder of the volume was deleted',
      (at: (...names: string[]) => string) => rmSync(at('volumes', 'shared'), { recursive: true }),
      /the volume shared is not as the last step left it/,
    ],
    [
      'a file in the volume was changed',
      (at: (...names: string[]) => string) => writeFileSync(at('volumes', 'shared', 'count'), 'xyz'),
      /the volume shared is not as the last step left it/,
    ],
  ])('runs a step, and what comes after it, again where %s', async (_, change, why) => {
    const { run, events, at } = runnerOf(scratch());
    const pipeline = pipelineOf([maker(), user], { word: 'one' });
    await run(pipeline);
    change(at);
    events.length = 0;
    const { steps } = await run(pipeline);
    expect(steps.map(({ state }) => state)).toEqual(['finished', 'finished']);
    expect(events[0]?.text).toMatch(why);
    expect(read(steps[1]?.artifacts['table'] ?? '')).toBe('one one');
  });

  it.each([
    [
      'another folder of the volume',
      (file: KubernetesFields) => (file.pvcMount = [{ ...file.pvcMount?.[0], subPath: 'b' }]),
    ],
    [
      'a Secret',
      (file: KubernetesFields) =>
        (file.secretAsEnv = [
          {
            secretNameParameter: { runtimeValue: { constant: 'account' } },
            keyToEnv: [{ secretKey: 'user', envVar: 'USER_NAME' }],
          },
        ]),
    ],
  ])('runs a step again where it gets %s', async (_, change) => {
    const { run, events } = runnerOf(scratch());
    const pipeline = pipelineOf([maker()], { word: 'one' });
    await run(pipeline);
    const executor = Object.keys(pipeline.kubernetes)[0] ?? '';
    change(pipeline.kubernetes[executor] as KubernetesFields);
    events.length = 0;
    const { steps } = await run(pipeline, { secrets: { account: { user: 'me' } } });
    expect(steps.map(({ state }) => state)).toEqual(['finished']);
    expect(events[0]?.text).toMatch(/its inputs are other ones/);
  });

  it('runs a step again where another image of the map has another program', async () => {
    const folder = scratch();
    const { run } = runnerOf(folder);
    const pipeline = pipelineOf([maker()], { word: 'one' });
    const images = localImages(folder);
    const pod = { programs: { train: ['true'] }, folder, env: {} };
    await run(pipeline, { images: { ...images, pod } });
    const { steps } = await run(pipeline, { images: { ...images, pod: { ...pod, env: { VERSION: '2' } } } });
    expect(steps.map(({ state }) => state)).toEqual(['finished']);
  });

  it('names the step that failed, with its last lines, and goes on from there', async () => {
    const { run, at } = runnerOf(scratch());
    const code =
      'console.log("first line"); console.error("the disk is on fire"); if (!fs.existsSync(words[0] + "/../../fixed")) process.exit(3);';
    const failing = stepOf('last', code, ['/vol'], { volumes: { '/vol': volume }, after: ['make'] });
    const pipeline = pipelineOf([maker(), failing], { word: 'one' });
    await expect(run(pipeline)).rejects.toMatchObject({
      code: 'STEP_FAILED',
      path: at('logs', 'last.log'),
      message: expect.stringMatching(/step last: ended with code 3\nfirst line\nthe disk is on fire/) as string,
    });
    // Not in the volume: then the step that wrote to it would run again.
    writeFileSync(at('fixed'), '');
    const { steps } = await run(pipeline);
    expect(steps.map(({ state }) => state)).toEqual(['skipped', 'finished']);
    expect(existsSync(at('lock'))).toBe(false);
  });

  it('tries again as often as the policy says', async () => {
    const { run, events, at } = runnerOf(scratch());
    const code =
      'fs.appendFileSync(words[0] + "/tries", "t"); if (fs.statSync(words[0] + "/tries").size < 3) process.exit(1);';
    const flaky = stepOf('flaky', code, ['/vol'], { volumes: { '/vol': volume }, retries: 2 });
    const pipeline = pipelineOf([flaky]);
    const task = pipeline.specification.root.dag.tasks['flaky'] as { retryPolicy: object };
    task.retryPolicy = { maxRetryCount: 2, backoffDuration: '0s', backoffFactor: 2 };
    const { steps } = await run(pipeline);
    expect(steps[0]?.tries).toBe(3);
    expect(events.filter(({ state }) => state === 'retry').map(({ text }) => text)).toEqual([
      'try 1 of 3 failed; the next one begins in 0 s',
      'try 2 of 3 failed; the next one begins in 0 s',
    ]);
    rmSync(at('volumes'), { recursive: true });
    task.retryPolicy = { maxRetryCount: 1, backoffDuration: '0s' };
    await expect(run(pipeline)).rejects.toMatchObject({ code: 'STEP_FAILED' });
    expect(read(at('volumes', 'shared', 'tries'))).toBe('tt');
  });

  it('ends everything that a step started when the run is stopped', async () => {
    const { run, at } = runnerOf(scratch());
    // A child of the step, which outlives the step where nobody ends it, holds the file open and writes to it.
    const child =
      'setInterval(() => {}, 1000); require("node:fs").writeFileSync(process.argv[1], String(process.pid));';
    const code = `const { spawn } = await import('node:child_process'); spawn(process.execPath, ['-e', ${JSON.stringify(child)}, words[0] + '/pid'], { stdio: 'inherit' }); process.on('SIGTERM', () => {}); await new Promise(() => setInterval(() => {}, 1000));`;
    const endless = stepOf('endless', code, ['/vol'], { volumes: { '/vol': volume } });
    const abort = new AbortController();
    const running = run(pipelineOf([endless]), { signal: abort.signal });
    running.catch(() => undefined);
    const pidFile = at('volumes', 'shared', 'pid');
    await expect.poll(() => existsSync(pidFile) && read(pidFile) !== '', { timeout: 60_000 }).toBe(true);
    abort.abort(new Error('stop'));
    await expect(running).rejects.toThrow('stop');
    const pid = Number(read(pidFile));
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
    expect(existsSync(at('lock'))).toBe(false);
  });

  const linuxOnly = it.skipIf(process.platform !== 'linux');
  const child = 'require("node:fs").writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000);';
  const pidOf = async (file: string): Promise<number> => {
    await expect.poll(() => existsSync(file) && read(file) !== '', { timeout: 60_000 }).toBe(true);
    return Number(read(file));
  };

  linuxOnly('ends what left the process group of its step, and does not wait for it', async () => {
    const { run, at } = runnerOf(scratch());
    // A session of its own, with the streams of the step: torchrun starts its workers so.
    const code = `const { spawn } = await import('node:child_process'); spawn(process.execPath, ['-e', ${JSON.stringify(child)}, words[0] + '/pid'], { stdio: 'inherit', detached: true }).unref(); while (!fs.existsSync(words[0] + '/pid') || fs.readFileSync(words[0] + '/pid', 'utf8') === '') await new Promise((done) => setTimeout(done, 10));`;
    const { steps } = await run(pipelineOf([stepOf('escaping', code, ['/vol'], { volumes: { '/vol': volume } })]));
    expect(steps.map(({ state }) => state)).toEqual(['finished']);
    const pid = await pidOf(at('volumes', 'shared', 'pid'));
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
  });

  linuxOnly('ends what a run that was killed left behind, before it begins', async () => {
    const folder = scratch();
    const { run, at } = runnerOf(folder);
    const pipeline = pipelineOf([maker()], { word: 'x' });
    const first = await run(pipeline);
    const env = { ...process.env, MICROTOME_LOCAL_STEP: `${first.run}/1` };
    const orphan = spawn(process.execPath, ['-e', child, join(folder, 'pid')], { env, stdio: 'ignore' });
    const ended = once(orphan, 'exit');
    await pidOf(join(folder, 'pid'));
    writeFileSync(at('lock'), '999999999\n');
    await run(pipeline);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('ends a step at its deadline', async () => {
    const { run } = runnerOf(scratch());
    const slow = stepOf('slow', 'await new Promise(() => setInterval(() => {}, 1000));', [], { deadlineSeconds: 1 });
    await expect(run(pipelineOf([slow]))).rejects.toThrow(/step slow: took longer than 1 s/);
  });

  it('ends a job at the deadline of its step, and does not begin it again', async () => {
    const folder = scratch();
    const { run, events } = runnerOf(folder);
    const image = 'r.example.org/step:1';
    const command = ['node', '-e', 'setInterval(() => {}, 1000)'];
    const job = pyTorchJob({ run: 'r', name: 'job', image, command, retries: 50 });
    writeFileSync(join(folder, 'print.mjs'), `console.log(${JSON.stringify(JSON.stringify(job))});`);
    const programs = { microtome: [process.execPath, join(folder, 'print.mjs')], node: [process.execPath] };
    const more = { command: ['microtome', 'manifest', 'pytorchjob'], deadlineSeconds: 2 };
    const pipeline = pipelineOf([stepOf('train', '', ['--apply'], more)]);
    await expect(run(pipeline, { images: { [image]: { programs, folder, env: {} } } })).rejects.toThrow(
      /step train: took longer than 2 s/,
    );
    expect(events.filter(({ text }) => /restart/.test(text))).toEqual([]);
  });

  it.each([
    [
      'a parameter that was not written',
      stepOf('s', 'words', [outputParameter('p')], { outputParameters: { p: 'STRING' } }),
      /did not write its parameter p/,
    ],
    [
      'an artifact that was not written',
      stepOf('s', 'words', [outputArtifact('a')], { outputArtifacts: { a: 'system.Model' } }),
      /did not write its artifact a/,
    ],
    [
      'a parameter of another type',
      stepOf('s', 'fs.writeFileSync(words[0], "two")', [outputParameter('p')], {
        outputParameters: { p: 'NUMBER_INTEGER' },
      }),
      /parameter p is "two", expected a value of type NUMBER_INTEGER/,
    ],
    [
      'a program that the image has not',
      { ...stepOf('s', '', []), command: ['rm'] },
      /no program rm for r\.example\.org\/step:1/,
    ],
    ['an image that the map has not', { ...stepOf('s', '', []), image: 'other' }, /the map of images has no other/],
    [
      'a claim that leads out',
      stepOf('s', '', [], { volumes: { '/vol': { constant: '../x' } } }),
      /is no name of a claim/,
    ],
  ])('refuses %s', async (_, step, message) => {
    const { run } = runnerOf(scratch());
    await expect(run(pipelineOf([step]))).rejects.toThrow(message);
  });

  it('refuses parameters that the pipeline has not, or of another type, before anything runs', async () => {
    const { run, at } = runnerOf(scratch());
    const pipeline = pipelineOf([maker()], { word: 'one' });
    await expect(run(pipeline, { parameters: { wrod: 'x' } })).rejects.toThrow(
      /no parameter "wrod"; did you mean word\?/,
    );
    await expect(run(pipeline, { parameters: { word: 3 } })).rejects.toThrow(
      /the parameter word is 3, expected STRING/,
    );
    expect(existsSync(at())).toBe(false);
  });

  it('lets one run at a time into a folder', async () => {
    const { run, at } = runnerOf(scratch());
    mkdirSync(at(), { recursive: true });
    writeFileSync(at('lock'), `${process.pid}\n`);
    await expect(run(pipelineOf([maker()], { word: 'x' }))).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
    // Nobody has this number.
    writeFileSync(at('lock'), '999999999\n');
    await expect(run(pipelineOf([maker()], { word: 'x' }))).resolves.toBeDefined();
  });

  it('refuses a state that it did not write', async () => {
    const { run, at } = runnerOf(scratch());
    mkdirSync(at(), { recursive: true });
    writeFileSync(at('state.json'), '{"formatVersion": "2"}');
    await expect(run(pipelineOf([maker()], { word: 'x' }))).rejects.toMatchObject({ code: 'RESUME_REFUSED' });
    expect(readdirSync(at())).toEqual(['state.json']);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
