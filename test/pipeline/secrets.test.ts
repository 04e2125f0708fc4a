/** A secret that a step is given is in nothing that the run writes or says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputParameter } from '../../lib/pipeline/ir/placeholders.js';
import {
  compilePipeline,
  pipelineText,
  readSecrets,
  runPipelineLocally,
  submitPipeline,
  type LocalEvent,
} from '../../lib/pipeline/index.js';
import { Redactor } from '../../lib/pipeline/redact.js';
import { fullParams } from './support.js';
import { localImages, pipelineOf, scratch, stepOf } from './local-support.js';

const planted = 'p1@nted "secret" / of-the-test';
const forms = [
  planted,
  encodeURIComponent(planted),
  JSON.stringify(planted).slice(1, -1),
  Buffer.from(planted).toString('base64'),
  Buffer.from(planted).toString('base64url'),
];
const secret = { name: { constant: 'account' }, keys: { key: 'THE_KEY' } };
const secrets = readSecrets(JSON.stringify({ account: { key: planted } }), 'secrets.json');

/** Everything below a folder, but for what the steps themselves wrote into volumes and artifacts. */
function written(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n');
}

function expectNone(text: string): void {
  for (const form of forms) expect(text.includes(form)).toBe(false);
}

describe('secrets of a local run', () => {
  it('reach the step, and neither its log, the state, an event nor an error', async () => {
    const folder = scratch();
    const events: LocalEvent[] = [];
    // Prints it in every form, in pieces, on both streams, and fails.
    const code = `
      const value = env.THE_KEY;
      if (!value.startsWith('p1@nted')) process.exit(0);
      console.log(value, encodeURIComponent(value), JSON.stringify({ value }));
      console.error(Buffer.from(value).toString('base64'), Buffer.from(value).toString('base64url'));
      for (const letter of 'x' + value + value) await new Promise((done) => process.stdout.write(letter, done));
      throw new Error(value);`;
    const pipeline = pipelineOf([stepOf('leaky', code, [], { secret })]);
    expectNone(pipelineText(pipeline));
    const error = await runPipelineLocally({
      pipeline,
      images: localImages(folder),
      folder: join(folder, 'run'),
      secrets,
      onEvent: (event) => events.push(event),
    }).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'STEP_FAILED', message: expect.stringContaining('***') as string });
    expectNone(JSON.stringify([error, (error as Error).stack, events]));
    const log = readFileSync(join(folder, 'run', 'logs', 'leaky.log'), 'utf8');
    expect(log.match(/\*\*\*/g)?.length).toBeGreaterThanOrEqual(7);
    expectNone(written(join(folder, 'run')));
  });

  it('are no output of a step', async () => {
    const folder = scratch();
    const step = stepOf('leaky', 'fs.writeFileSync(words[0], "key=" + env.THE_KEY)', [outputParameter('p')], {
      secret,
      outputParameters: { p: 'STRING' },
    });
    const running = runPipelineLocally({
      pipeline: pipelineOf([step]),
      images: localImages(folder),
      folder: join(folder, 'run'),
      secrets,
    });
    await expect(running).rejects.toThrow(/its parameter p has a value of a Secret/);
    expectNone(written(join(folder, 'run')));
  });

  it('are refused by name where the file has them not', async () => {
    const folder = scratch();
    const run = (given: object) =>
      runPipelineLocally({
        pipeline: pipelineOf([stepOf('s', '', [], { secret })]),
        images: localImages(folder),
        folder: join(folder, 'run'),
        secrets: readSecrets(JSON.stringify(given), 'secrets.json'),
      });
    await expect(run({})).rejects.toThrow(/has no Secret account/);
    await expect(run({ account: { other: planted } })).rejects.toThrow(/has no key key in account/);
  });

  it.each(['{', `{"account": "${'x'.repeat(10)}"}`, '{"account": {"key": 7}}', `["${'x'.repeat(10)}"]`])(
    'a file such as %s is refused without its content',
    (content) => {
      expect(() => readSecrets(content, 's.json')).toThrow(/the secrets file (is no JSON|has no text at)/);
      expect(() => readSecrets(content, 's.json')).not.toThrow(/xxxx/);
    },
  );
});

describe('Redactor', () => {
  it('finds a value wherever the stream is cut', () => {
    const text = `a ${planted}${planted} b ${planted.slice(0, -1)} c`;
    const expected = `a ****** b ${planted.slice(0, -1)} c`;
    for (let cut = 0; cut <= text.length; ++cut) {
      const stream = new Redactor([planted]).stream();
      expect(stream.piece(text.slice(0, cut)) + stream.piece(text.slice(cut)) + stream.end()).toBe(expected);
    }
  });

  it('takes the longer of two values', () => {
    expect(new Redactor(['abc', 'abcdef']).text('abcdef abc')).toBe('*** ***');
  });
});

describe('a credential in place of the name of a Secret', () => {
  // In pieces, so that no scanner of secrets takes this file for a leak.
  const token = ['gh', 'p_', 'A1b2C3d4E5f6G7h8I9j0', 'K1l2M3n4O5p6'].join('');
  const thrown = async (run: () => unknown): Promise<string> => {
    try {
      await run();
    } catch (error) {
      return `${(error as { code: string }).code} ${String(error)} ${(error as Error).stack}`;
    }
    return 'nothing was thrown';
  };

  it.each([
    ['a flag', 'horse-battery', { args: ['--token', 'horse-battery'] }, {}],
    ['a form', token, { args: ['fetch', token] }, {}],
    ['a variable', 'horse-battery', {}, { training: { env: { KAGGLE_KEY: 'horse-battery' } } }],
  ])('is not compiled: %s', async (_, value, download, more) => {
    const params: Record<string, unknown> = { ...fullParams(), ...more };
    const found = await thrown(() =>
      compilePipeline({ ...params, download: { ...(params['download'] as object), ...download } }),
    );
    expect(found).toMatch(/^PIPELINE_INVALID/);
    expect(found).toContain('put it into a Secret');
    expect(found).not.toContain(value);
  });

  it.each([
    ['word', token],
    ['api_token', 'horse-battery'],
  ])('is no parameter of a run: %s', async (name, value) => {
    const pipeline = pipelineOf([stepOf('s', '', [])], { word: '', api_token: '' });
    const endpoint = 'https://kubeflow.example.org';
    const found = await thrown(() => submitPipeline({ endpoint, pipeline, parameters: { [name]: value } }));
    expect(found).toMatch(/^INVALID_OPTION .*is a credential/);
    expect(found).not.toContain(value);
    const declared = await thrown(() => pipelineOf([stepOf('s', '', [])], { [name]: value }));
    expect(declared).toMatch(/^PIPELINE_INVALID/);
    expect(declared).not.toContain(value);
  });
});
