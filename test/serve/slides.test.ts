/** Jobs over slides: asked for by a path in one folder, looked at, cancelled, forgotten. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type SlideJob } from '../../lib/client/index.js';
import { createScorer } from '../../lib/index.js';
import { createServer, type InferenceServer, type ServerLimits } from '../../lib/serve/index.js';
import { writeSlide } from '../support/slides.js';
import { ask, json, serverOf, slowModelOfSlides, until } from './support.js';

const demo = { name: 'demo', model: 'demo', device: 'cpu' } as const;
let shared: InferenceServer;
let outside = '';
let root = '';

beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'microtome-slides-'));
  root = join(outside, 'slides');
  await mkdir(join(root, 'deep'), { recursive: true });
  await writeSlide(join(root, 'deep', 'one.tif'), { width: 1024, height: 1024, seed: 3, tissueShare: 0.4 });
  await writeSlide(join(outside, 'secret.tif'), { width: 256, height: 256, seed: 3, tissueShare: 0.4 });
  await writeFile(join(root, 'text.tif'), 'no slide');
  await symlink('../secret.tif', join(root, 'out.tif'));
  await symlink('..', join(root, 'up'));
  await symlink('deep/one.tif', join(root, 'within.tif'));
  shared = await createServer({ models: [demo], slides: pathToFileURL(root).href });
});
afterAll(async () => {
  await shared.close({ now: true });
  await rm(outside, { recursive: true });
});

function server(limits: Partial<ServerLimits> = {}): Promise<InferenceServer> {
  return serverOf({ models: [demo, slowModelOfSlides()], slides: root, limits });
}

const slides = '/v2/models/demo/slides';
const post = (at: InferenceServer, path: unknown) =>
  ask(at, { path: slides, body: JSON.stringify({ path }), headers: { 'content-type': 'application/json' } });

describe('a job over a slide', () => {
  it('gives the score of the library, and says how far it is', async () => {
    const client = createClient(shared.url);
    const seen: SlideJob[] = [];
    const found = await client.scoreSlide('demo', 'deep/one.tif', { pollMs: 5, onProgress: (job) => seen.push(job) });
    await using scorer = await createScorer({ model: 'demo', device: 'cpu' });
    const wanted = await scorer.score(join(root, 'deep', 'one.tif'));
    expect(found.score).toBe(wanted.score);
    expect(found.tileCount).toBe(wanted.tileCount);
    expect(found.outputs).toEqual({ [scorer.model.outputs[0]?.name ?? '']: wanted.score });
    expect(seen.at(-1)).toMatchObject({
      state: 'done',
      path: 'deep/one.tif',
      progress: { tilesDone: wanted.tileCount, tilesTotal: wanted.tileCount },
    });
    expect(JSON.stringify(seen)).not.toContain(outside);
  });

  it('fails with the code of the library, without the place of the folder', async () => {
    const client = createClient(shared.url);
    const failed = await client.scoreSlide('demo', 'text.tif', { pollMs: 5 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'NOT_A_SLIDE' });
    expect(String(failed)).not.toContain(outside);
  });

  it('is cancelled, also by a client that gives up waiting', async () => {
    const at = await server({ slidesAtOnce: 1 });
    const client = createClient(at.url);
    const stop = new AbortController();
    const given = client.scoreSlide('slow', 'deep/one.tif', {
      pollMs: 5,
      signal: stop.signal,
      onProgress: ({ state }) => {
        if (state === 'running') stop.abort(new Error('enough'));
      },
    });
    await expect(given).rejects.toThrow('enough');
    const running = await client.startSlide('slow', 'deep/one.tif');
    const waiting = await client.startSlide('demo', 'deep/one.tif');
    expect((await client.cancelSlide('demo', waiting.id)).state).toBe('cancelled');
    expect((await client.cancelSlide('slow', running.id)).state).toBe('cancelled');
    const metrics = (await ask(at, { method: 'GET', path: '/metrics' })).body.toString();
    expect(metrics).toContain('microtome_slide_jobs{state="cancelled"} 3');
    // Cancelled once more: it is forgotten.
    await client.cancelSlide('demo', waiting.id);
    await expect(client.slideJob('demo', waiting.id)).rejects.toMatchObject({ cause: { status: 404 } });
  });

  it('may be named through a link that stays inside', async () => {
    const answer = await post(shared, 'within.tif');
    expect(answer.status).toBe(202);
    expect(answer.headers.location).toBe(`${slides}/${json(answer)['id']}`);
  });

  it.each([
    ['..', 400],
    ['../secret.tif', 400],
    ['deep/../../secret.tif', 400],
    ['deep//one.tif', 400],
    ['./deep/one.tif', 400],
    ['/etc/passwd', 400],
    ['deep\\one.tif', 400],
    ['deep/one.tif\0', 400],
    ['', 400],
    [7, 400],
    [null, 400],
    ['file:///etc/passwd', 400],
    ['x'.repeat(5000), 400],
    ['none.tif', 404],
    ['out.tif', 404],
    ['up/secret.tif', 404],
    ['deep', 404],
    ['up', 404],
  ])('of the path %j is refused', async (path, status) => {
    const answer = await post(shared, path);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).not.toContain(outside);
  });

  it('of another model, or of none, is not found', async () => {
    const at = shared;
    const id = json(await post(at, 'text.tif'))['id'] as string;
    for (const path of [`/v2/models/other/slides/${id}`, `${slides}/${id}x`, `${slides}/`])
      expect((await ask(at, { method: 'GET', path })).status).toBe(404);
  });

  it('is kept for a while only, and only so many are', async () => {
    const at = await server({ slideJobMs: 1, slideJobs: 1 });
    const client = createClient(at.url, { retries: 0 });
    const first = await client.startSlide('demo', 'text.tif');
    await until(async () => (await client.slideJob('demo', first.id).catch(() => null)) === null);
    const second = await client.startSlide('slow', 'deep/one.tif');
    const refused = await post(at, 'text.tif');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    await client.cancelSlide('slow', second.id);
    expect((await post(at, 'text.tif')).status).toBe(202);
  });

  it('needs a folder of slides, and a model that scores slides', async () => {
    const without = await serverOf({ models: [{ name: 'demo', model: 'demo', device: 'cpu' }] });
    expect((await post(without, 'deep/one.tif')).status).toBe(404);
  });
});
