/**
 * T3: the pipeline file runs whole on this machine, from a download with credentials to a table of scores that the
 * challenge would take, and to a service whose scores are those of the table.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSubmission, openImages } from '../../../lib/index.js';
import { createClient } from '../../../lib/client/index.js';
import {
  compilePipeline,
  parsePipeline,
  pipelineText,
  readSecrets,
  runPipelineLocally,
  type LocalEvent,
} from '../../../lib/pipeline/index.js';
import { images, machine, scratch, small, tools, trainer } from './support.js';

const planted = 'planted-key-of-the-test';

const params = (operator: string) => ({
  name: 'lesions',
  images: { tools, trainer, server: 'r.example.org/server:1' },
  download: {
    image: 'r.example.org/download:1',
    command: ['fetch-data'],
    args: ['/data'],
    secret: { name: 'data-account', keys: { username: 'DATA_USER', key: 'DATA_KEY' } },
    retries: 0,
  },
  data: {
    images: 'train/images.hdf5',
    metadata: 'train/train-metadata.csv',
    testImages: 'test/images.hdf5',
    sampleSubmission: 'test/sample_submission.csv',
  },
  training: { ...small, operator, extraArgs: ['--threads', '1', '--device', 'cpu'] },
  serving: { name: 'lesion-service' },
});

/** Everything that the run wrote, but for volumes and artifacts, which are of the steps. */
function writtenByUs(folder: string): string {
  const ours = ['logs', 'parameters', 'state.json'].map((name) => join(folder, name));
  const files = ours.flatMap((path) =>
    path.endsWith('.json')
      ? [path]
      : readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name)),
  );
  return files.map((file) => readFileSync(file, 'utf8')).join('\n');
}

describe('the whole pipeline', () => {
  it.each(['pytorchjob', 'trainjob'])('runs with a %s, and goes on where it was', async (operator) => {
    const folder = scratch();
    const text = pipelineText(compilePipeline(params(operator)));
    expect(text).not.toContain(planted);
    const pipeline = parsePipeline(text);
    const events: LocalEvent[] = [];
    const options = {
      pipeline,
      images: images(folder),
      folder: join(folder, 'run'),
      env: machine,
      onEvent: (event: LocalEvent) => events.push(event),
    };
    // With another key the download fails, by name, and the key is not said.
    const wrong = readSecrets(
      JSON.stringify({ 'data-account': { username: 'reader', key: 'another-planted-key' } }),
      's.json',
    );
    const refused = await runPipelineLocally({ ...options, secrets: wrong }).catch((error: unknown) => error as Error);
    expect((refused as Error).message).toMatch(
      /step download: ended with code 1\nthe server refused the credentials \*\*\* \*\*\*/,
    );

    const secrets = readSecrets(JSON.stringify({ 'data-account': { username: 'reader', key: planted } }), 's.json');
    let served = new Map<string, number>();
    const run = await runPipelineLocally({
      ...options,
      secrets,
      onServices: async ([service]) => {
        served = await scoresOver(service?.url ?? '', join(folder, 'run/volumes/lesions-data/test/images.hdf5'));
      },
    });
    const { submission = '' } = run.steps.find(({ name }) => name === 'score')?.artifacts ?? {};
    const format = join(folder, 'run/volumes/lesions-data/test/sample_submission.csv');
    expect(await checkSubmission(submission, { format })).toMatchObject({ rows: 30 });
    expect(scoresIn(submission)).toEqual(new Map([...served].map(([name, value]) => [name, value.toFixed(9)])));

    const events2 = events.length;
    const again = await runPipelineLocally({ ...options, secrets });
    const repeated = again.steps.filter(({ name, state }) => state === 'finished' && !name.startsWith('create-'));
    // What comes after a step that ran again runs again.
    expect(repeated.map(({ name }) => name)).toEqual(['deploy', 'score', 'check']);
    expect(events.slice(events2).some(({ text: said }) => said.includes('its service ended with the run'))).toBe(true);

    const all = `${writtenByUs(join(folder, 'run'))}${JSON.stringify([run, again, events, refused])}`;
    for (const value of [planted, 'another-planted-key']) expect(all).not.toContain(value);
    expect(all).toContain('signed in as *** with ***');
  });
});

function scoresIn(path: string): ReadonlyMap<string, string> {
  const [, ...rows] = readFileSync(path, 'utf8').trim().split('\n');
  return new Map(rows.map((row) => row.split(',') as [string, string]));
}

async function scoresOver(url: string, file: string): Promise<Map<string, number>> {
  await using opened = await openImages(file);
  const client = createClient(url);
  const bytes = await Promise.all(opened.names.map((name) => opened.read(name)));
  const { outputs } = await client.inferImages('lesions', bytes);
  const values = outputs.get('target') ?? [];
  return new Map(opened.names.map((name, i) => [name, values[i] ?? Number.NaN]));
}
