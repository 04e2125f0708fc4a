/** Triton's own Python client against the built program: what it understands, and 10,000 requests of it, 64 at a time. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createImageScorer } from '../../../lib/index.js';
import { ask, images, rowsGraph, until } from '../support.js';

// Set by scripts/test-serve.mjs, which makes the environment.
const python = process.env['MICROTOME_TRITON_PYTHON'] ?? '';
const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const token = 'a-planted-secret-0123456789';
const kRequests = 10_000;
const kAtOnce = 64;
/** Beside what the process has after the first fifth of the requests. */
const kGrowthBytes = 64 * 2 ** 20;

let folder = '';
let paths: string[] = [];
let wanted: readonly number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-peer-'));
  paths = await Promise.all(
    (await images(16)).map(async (image, i) => {
      const path = join(folder, `${i}.png`);
      await writeFile(path, image);
      return path;
    }),
  );
  await using scorer = await createImageScorer({ model: 'demo-lesion', device: 'cpu' });
  wanted = [...((await scorer.score({ kind: 'files', paths })).outputs.get('target') ?? [])];
  await writeFile(join(folder, 'token'), token);
});
afterAll(() => rm(folder, { recursive: true }));

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly address: string;
  stop(): Promise<number | null>;
}

async function serve(...more: readonly string[]): Promise<Served> {
  const models = ['--tensor-model', `rows=${await rowsGraph()}`, '--model', 'lesion=demo-lesion', '--device', 'cpu'];
  const child = spawn(process.execPath, [program, 'serve', ...models, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const ended = once(child, 'close');
  await until(() => stdout.includes('\n') || child.exitCode !== null);
  const url = stdout.trim();
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    return (await ended)[0] as number | null;
  };
  return { child, url, address: new URL(url).host, stop };
}

const run = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
  const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout);
};

describe("Triton's client", () => {
  it('understands the server, and is understood', async () => {
    const server = await serve('--token-file', join(folder, 'token'));
    const found = await run(script('client.py'), server.address, token, ...paths);
    expect(found).toMatchObject({
      live: true,
      ready: true,
      modelReady: true,
      server: { name: 'microtome' },
      metadata: { name: 'rows', inputs: [{ name: 'rows', datatype: 'FP32', shape: [-1, 4] }] },
      index: [
        { name: 'lesion', version: '1', state: 'READY' },
        { name: 'rows', version: '1', state: 'READY' },
      ],
      id: 'one',
      twice: [
        [0, 0.5, 1, 1.5],
        [2, 2.5, 3, 3.5],
        [4, 4.5, 5, 5.5],
      ],
      scores: wanted,
      wrongName: { status: '400' },
      wrongModel: { status: '404' },
      wrongShape: { status: '400' },
    });
    expect(found['text']).toEqual(found['squares']);
    expect(await server.stop()).toBe(0);
  });

  it(`gets ${kRequests} right answers of ${kRequests}, ${kAtOnce} at a time, from a process whose memory stays flat`, async () => {
    const server = await serve();
    const resident = async (): Promise<number> => {
      const { body } = await ask(server, { method: 'GET', path: '/metrics' });
      return Number(/^microtome_resident_bytes (\d+)$/m.exec(body.toString())?.[1]);
    };
    const load = (requests: number) =>
      run(script('load.py'), server.address, `${requests}`, `${kAtOnce}`, paths.join(','), JSON.stringify(wanted));
    const first = await load(kRequests / 5);
    const before = await resident();
    const rest = await load((kRequests * 4) / 5);
    const after = await resident();
    expect(first).toMatchObject({ right: kRequests / 5, wrong: 0, lost: 0, reasons: {} });
    expect(rest).toMatchObject({ right: (kRequests * 4) / 5, wrong: 0, lost: 0, reasons: {} });
    const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
    process.stdout.write(
      `  ${((kRequests * 4) / 5 / (rest['seconds'] as number)).toFixed(0)} requests/s; ${mib(before)} MiB, then ${mib(after)} MiB\n`,
    );
    expect(after - before).toBeLessThan(kGrowthBytes);
    expect(await server.stop()).toBe(0);
  });
});
