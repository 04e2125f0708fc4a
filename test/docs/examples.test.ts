// The programs of examples/ are type-checked as a user would compile them, and each does what its first lines say.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request, type ClientRequest } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSlide } from '../../lib/index.js';
import { root, Workshop } from './support/workshop.js';

const folder = join(root, 'examples');
const names = readdirSync(folder)
  .filter((name) => /\.c?ts$/.test(name))
  .sort();

describe('examples', () => {
  let workshop: Workshop;
  let typeErrors: string;
  beforeAll(async () => {
    workshop = await Workshop.create();
    for (const name of names) workshop.write('examples', name, readFileSync(join(folder, name), 'utf8'));
    typeErrors = workshop.compile();
  });
  afterAll(() => workshop.remove());

  const at = (...path: readonly string[]): string => join(workshop.page('examples'), ...path);
  const run = (...args: readonly string[]) => workshop.run('examples', process.execPath, args);

  it('have no type error', () => {
    expect(names.length).toBeGreaterThan(4);
    expect(typeErrors).toBe('');
  });

  it('are all in the table of the README, with the command that runs them', () => {
    const page = readFileSync(join(root, 'README.md'), 'utf8');
    for (const name of names) {
      expect(page).toContain(`(examples/${name})`);
      expect(readFileSync(join(folder, name), 'utf8')).toContain(`\n// node ${name}`);
    }
  });

  it('score-folder writes a row for each slide, and a second run finds them done', async () => {
    const first = await run('score-folder.js', 'slides', 'scores.csv');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('2 rows, 2 scored now, 0 scored before');
    const table = readFileSync(at('scores.csv'), 'utf8');
    expect(table).toMatch(/^filename,relapse,status\none\.tif,0\.\d+,scored\ntwo\.tif,0\.\d+,scored\n$/);
    const second = await run('score-folder.js', 'slides', 'scores.csv');
    expect(second).toMatchObject({ code: 0, stdout: 'scores.csv is complete already\n', stderr: '' });
    expect(readFileSync(at('scores.csv'), 'utf8')).toBe(table);
  });

  it('tiles-to-mosaic puts each tile of tissue where it is in the slide', async () => {
    expect(await run('tiles-to-mosaic.js', 'slide.tif', 'mosaic.png')).toMatchObject({ code: 0, stderr: '' });
    const mosaic = decode(readFileSync(at('mosaic.png')));
    await using slide = await openSlide(at('slide.tif'));
    const whole = await slide.thumbnail(2048);
    expect([mosaic.width, mosaic.height]).toEqual([whole.width, whole.height]);
    let drawn = 0;
    let difference = 0;
    for (let i = 0; i < whole.data.length; i++) {
      if (mosaic.data[i] === 255) continue;
      drawn++;
      difference += Math.abs((mosaic.data[i] ?? 0) - (whole.data[i] ?? 0));
    }
    expect(drawn).toBeGreaterThan(0.05 * whole.data.length);
    expect(drawn).toBeLessThan(0.9 * whole.data.length);
    expect(difference / drawn).toBeLessThan(3);
  });

  it('worker-threads computes a colour for each slide, and names the one that is not there', async () => {
    const { code, stdout, stderr } = await run('worker-threads.js', 'slides/one.tif', 'slide.tif', 'none.tif');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^slides\/one\.tif: (rgb\(\d+, \d+, \d+\))\nslide\.tif: \1\n$/);
    expect(stderr).toContain('none.tif: there is no file at this path');
  });

  it('commonjs scores a slide, and ends with 1 where there is none', async () => {
    expect((await run('commonjs.cjs', 'slide.tif')).stdout).toMatch(/^slide\.tif: 0\.\d{3} from \d+ tiles\n$/);
    expect(await run('commonjs.cjs', 'none.tif')).toMatchObject({ code: 1, stdout: '' });
  });

  describe('http-server', () => {
    let server: ChildProcess;
    let address: string;
    const lines: string[] = [];
    let told: () => void = () => undefined;
    beforeAll(async () => {
      server = spawn(process.execPath, ['http-server.js', 'slides'], {
        cwd: at(),
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (server.stdout === null) throw new Error('no stdout');
      createInterface(server.stdout).on('line', (line) => {
        lines.push(line);
        told();
      });
      await line(/^http:/);
      address = lines[0]?.replace('NAME', '') ?? '';
    });
    afterAll(() => server.kill('SIGKILL'));

    /** Waits for a line that the server prints. */
    async function line(pattern: RegExp): Promise<void> {
      while (!lines.some((one) => pattern.test(one))) {
        await new Promise<void>((resolve) => {
          told = resolve;
        });
      }
    }

    it('answers with a score, or with the code of the error', async () => {
      const scored = await fetch(`${address}one.tif`);
      expect(scored.status).toBe(200);
      expect(await scored.json()).toMatchObject({ score: expect.any(Number), tiles: expect.any(Number) });
      for (const [name, status, error] of [
        ['none.tif', 404, 'FILE_NOT_FOUND'],
        ['..%2Fslide.tif', 404, 'FILE_NOT_FOUND'],
        ['%00', 400, 'INVALID_OPTION'],
        ['', 404, 'ask for /score?slide=NAME'],
      ] as const) {
        const refused = await fetch(`${address}${name}`);
        expect([refused.status, await refused.json()]).toEqual([status, { error }]);
      }
    });

    it('cancels the work for clients that go away, and goes on with the others', async () => {
      // More than are in work at a time, so that some still wait for their turn when their clients go.
      const impatient = await Promise.all(Array.from({ length: 12 }, () => asked(`${address}two.tif`)));
      for (const client of impatient) client.destroy();
      await line(/^cancelled two\.tif$/);
      expect((await fetch(`${address}one.tif`)).status).toBe(200);
    });

    it('ends by itself after SIGTERM', async () => {
      server.kill('SIGTERM');
      expect(await once(server, 'exit')).toEqual([0, null]);
    });
  });
});

/** A request that was sent and is not answered yet. */
async function asked(url: string): Promise<ClientRequest> {
  const client = request(url, { agent: false });
  client.on('error', () => undefined); // of a socket that we destroy
  client.end();
  const [socket] = await once(client, 'socket');
  if (socket.connecting) await once(socket, 'connect');
  return client;
}
