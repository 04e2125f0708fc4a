/** microtome pipeline: its commands, their output and their exit codes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelineText } from '../../lib/pipeline/index.js';
import { outputParameter } from '../../lib/pipeline/ir/placeholders.js';
import { cli } from '../cli/support.js';
import { startFakeKfp, token, type FakeKfp } from './fake-kfp.js';
import { localImages, pipelineOf, scratch, stepOf } from './local-support.js';
import { fullParams, fullPipeline } from './support.js';

const folder = scratch();
const at = (name: string): string => join(folder, name);
const put = (name: string, content: string): string => {
  writeFileSync(at(name), content);
  return at(name);
};
let kfp: FakeKfp;
beforeAll(async () => {
  kfp = await startFakeKfp();
});
afterAll(() => kfp.close());

describe('compile and show', () => {
  it('writes the file of the library, and shows its steps', async () => {
    const params = put('params.json', JSON.stringify(fullParams()));
    expect((await cli(['pipeline', 'compile', params])).stdout).toBe(pipelineText(fullPipeline()));
    expect((await cli(['pipeline', 'compile', params, '--out', at('p.yaml')])).code).toBe(0);
    expect(readFileSync(at('p.yaml'), 'utf8')).toBe(pipelineText(fullPipeline()));
    expect(await cli(['pipeline', 'compile', params, '--out', at('p.yaml')])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/OUTPUT_EXISTS/) as string,
    });
    const { stdout } = await cli(['pipeline', at('p.yaml')]);
    expect(stdout).toMatch(/\n {2}train +r\.example\.org\/tools:1 +after digest, folds, index\n/);
    const shown = JSON.parse((await cli(['pipeline', at('p.yaml'), '--json'])).stdout) as { steps: string[] };
    expect(shown.steps.at(-1)).toBe('check');
  });

  it('takes file: URLs wherever it takes a file', async () => {
    const url = (name: string): string => pathToFileURL(at(name)).href;
    put('params 2.json', JSON.stringify(fullParams()));
    expect((await cli(['pipeline', 'compile', url('params 2.json'), '--out', url('p 2.yaml')])).code).toBe(0);
    expect(readFileSync(at('p 2.yaml'), 'utf8')).toBe(pipelineText(fullPipeline()));
    expect((await cli(['pipeline', url('p 2.yaml')])).code).toBe(0);
    const digest = await cli(['pipeline', 'digest', url('params 2.json'), '--to', url('digest of it')]);
    expect(digest.stdout).toBe((await cli(['pipeline', 'digest', at('params 2.json')])).stdout);
    expect(readFileSync(at('digest of it'), 'utf8')).toBe(digest.stdout.trim());
  });

  it('refuses what is no pipeline, with the file', async () => {
    const bad = put('bad.yaml', pipelineText(fullPipeline()).replaceAll('comp-train', 'comp-x'));
    put('bad.yaml', readFileSync(bad, 'utf8').replace('name: comp-x', 'name: comp-y'));
    expect(await cli(['pipeline', bad])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/PIPELINE_INVALID.*no component comp-y.*bad\.yaml/) as string,
    });
    expect((await cli(['pipeline', 'compile', put('bad.json', '{')])).stderr).toMatch(/bad\.json is no JSON/);
    expect((await cli(['pipeline', 'compile', at('none.json')])).code).toBe(4);
  });
});

describe('run --local', () => {
  const code = 'fs.writeFileSync(words[0], words[1] + (env.HOME_OF_TEST ?? ""))';
  const small = () =>
    pipelineOf(
      [
        stepOf('make', code, [outputParameter('word'), "{{$.inputs.parameters['word']}}"], {
          parameters: { word: { parameter: 'word' } },
          outputParameters: { word: 'STRING' },
        }),
      ],
      { word: 'a' },
    );
  const map = () => {
    mkdirSync(at('map'), { recursive: true });
    localImages(at('map'));
    return put(
      'map/images.json',
      JSON.stringify({ images: { 'r.example.org/step:1': { programs: { step: [process.execPath, './step.mjs'] } } } }),
    );
  };

  it('runs, says what it does, and skips what is done', async () => {
    process.env['HOME_OF_TEST'] = 'must not be passed on';
    const words = [
      'pipeline',
      'run',
      put('small.yaml', pipelineText(small())),
      '--local',
      '--images',
      map(),
      '--work',
      at('run'),
    ];
    const first = await cli([...words, '--param', 'word=x, y=z', '--json']);
    expect(first.stderr).toMatch(/make started\nmake finished: /);
    expect(JSON.parse(first.stdout)).toMatchObject({
      steps: [{ name: 'make', state: 'finished', parameters: { word: 'x, y=z' } }],
    });
    const params = put('values.json', JSON.stringify({ word: 'x, y=z' }));
    const second = await cli([...words, '--params', params]);
    expect(second.stdout).toMatch(/make +skipped/);
    expect(second.stderr).toMatch(/make skipped: its inputs are those of the run that finished at/);
  });

  it('ends with 1 where a step fails, and with 2 where the command line is wrong', async () => {
    const failing = put(
      'failing.yaml',
      pipelineText(pipelineOf([stepOf('bad', 'console.error("no luck"); process.exit(7)', [])])),
    );
    const words = ['pipeline', 'run', failing, '--images', map(), '--work', at('failing')];
    const failed = await cli([...words, '--local']);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/STEP_FAILED.*step bad: ended with code 7\nno luck/) as string,
    });
    expect(await cli(words)).toMatchObject({ code: 2, stderr: expect.stringMatching(/--local is missing/) as string });
    expect((await cli([...words, '--local', '--param', 'x'])).stderr).toMatch(/expected NAME=VALUE/);
    expect((await cli([...words, '--local', '--secrets', put('s.json', '{"a": "hush"}')])).stderr).not.toMatch(/hush/);
  });
});

describe('submit, watch, delete', () => {
  const server = () => ['--endpoint', kfp.url, '--token-file', put('token', `${token}\n`)];

  it('submits, watches to the end, and says why a run failed', async () => {
    const file = put('full.yaml', pipelineText(fullPipeline()));
    const submitted = await cli(['pipeline', 'submit', file, ...server(), '--param', 'epochs=3', '--json']);
    expect(JSON.parse(submitted.stdout)).toMatchObject({ runId: 'run-1', versionWasThere: false });
    kfp.runs = [{ state: 'SUCCEEDED' }];
    expect(await cli(['pipeline', 'watch', 'run-1', ...server()])).toMatchObject({
      code: 0,
      stderr: 'run SUCCEEDED\n',
    });
    kfp.runs = [
      {
        state: 'FAILED',
        run_details: { task_details: [{ display_name: 'train', state: 'FAILED', error: { message: 'no GPU' } }] },
      },
    ];
    const failed = await cli(['pipeline', 'watch', 'run-1', ...server(), '--json']);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/task train FAILED: no GPU\n.*STEP_FAILED.*task train failed: no GPU/s) as string,
    });
    expect(JSON.parse(failed.stdout)).toMatchObject({ state: 'FAILED' });
    expect(await cli(['pipeline', 'delete', '--run-id', 'run-1', ...server()])).toMatchObject({
      code: 0,
      stdout: 'deleted  run run-1\n',
    });
  });

  it('never says the token', async () => {
    kfp.broken = 500;
    const refused = await cli(['pipeline', 'watch', 'run-1', ...server(), '--poll', '0.001', '--verbose']);
    kfp.broken = null;
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).not.toContain(token);
    expect((await cli(['pipeline', 'delete'])).stderr).toMatch(/--run-label or --run-id is missing/);
  });
});

describe('digest', () => {
  it('is that of names and bytes, and may be required', async () => {
    mkdirSync(at('d/sub'), { recursive: true });
    put('d/a', 'one');
    put('d/sub/b', 'two');
    const { stdout } = await cli(['pipeline', 'digest', at('d')]);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await cli(['pipeline', 'digest', at('d'), '--expect', stdout.trim(), '--to', at('digest')])).code).toBe(0);
    expect(readFileSync(at('digest'), 'utf8')).toBe(stdout.trim());
    put('d/sub/b', 'three');
    expect(await cli(['pipeline', 'digest', at('d'), '--expect', stdout.trim(), '--to', at('other')])).toMatchObject({
      code: 2,
    });
    expect(existsSync(at('other'))).toBe(false);
    const key = async (...words: string[]) => {
      await cli(['pipeline', 'digest', at('d'), '--key-to', at('key'), ...words]);
      return readFileSync(at('key'), 'utf8');
    };
    expect(await key('--with', 'a=1')).not.toBe(await key('--with', 'a=2'));
    expect(await key('--with', 'a=1')).toMatch(/^[0-9a-f]{12}$/);
  });
});
