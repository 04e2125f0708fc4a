/** The end of a server: what was accepted is finished, what comes later is refused, nothing is left open. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient } from '../../lib/client/index.js';
import { temporaryFolder } from '../runs/support.js';
import { writeSlide } from '../support/slides.js';
import { ask, bareConnection, json, rowsGraph, rowsServer, serverOf, slowModelOfSlides, until } from './support.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const path = '/v2/models/rows/infer';
const good = JSON.stringify({ inputs: [{ name: 'rows', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] });
const head = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${good.length}\r\n\r\n`;

/** A request that the server has begun to read. */
async function halfSent(server: { readonly url: string }): Promise<ReturnType<typeof bareConnection>> {
  const connection = bareConnection(server);
  connection.socket.write(`${head}{`);
  await until(async () => {
    const metrics = await ask(server, { method: 'GET', path: '/metrics' });
    return /microtome_held_bytes [1-9]/.test(metrics.body.toString());
  });
  return connection;
}

describe('close', () => {
  it('finishes what was accepted, and refuses what comes', async () => {
    const server = await rowsServer();
    const accepted = await halfSent(server);
    const closed = server.close();
    const ready = await ask(server, { method: 'GET', path: '/v2/health/ready' });
    expect([ready.status, json(ready)]).toEqual([503, { ready: false }]);
    expect((await ask(server, { method: 'GET', path: '/v2/health/live' })).status).toBe(200);
    const refused = await ask(server, { path, body: good });
    expect([refused.status, refused.headers.connection]).toEqual([503, 'close']);
    accepted.socket.write(good.slice(1));
    expect(await accepted.closed).toMatch(/^HTTP\/1\.1 200 .*"squares"/s);
    await closed;
    await expect(ask(server, { method: 'GET', path: '/v2/health/live' })).rejects.toThrow();
    await server.close();
  });

  it('waits for jobs over slides, and gives them up where it is told to', async () => {
    const root = await temporaryFolder();
    await writeSlide(join(root, 'large.tif'), { width: 1024, height: 1024, seed: 4, tissueShare: 0.4 });
    const server = await serverOf({ models: [slowModelOfSlides()], slides: root });
    const client = createClient(server.url);
    const job = await client.startSlide('slow', 'large.tif');
    let isClosed = false;
    const closed = server.close().then(() => {
      isClosed = true;
    });
    // Who waits for it may still ask.
    expect((await client.slideJob('slow', job.id)).id).toBe(job.id);
    expect(isClosed).toBe(false);
    await server.close({ now: true });
    await closed;
  });

  it('now gives up requests, too', async () => {
    const server = await rowsServer();
    const accepted = await halfSent(server);
    const closed = server.close();
    await server.close({ now: true });
    await closed;
    await accepted.closed;
  });
});

describe.skipIf(!existsSync(program))('microtome serve', () => {
  async function start(...args: readonly string[]) {
    const child = spawn(process.execPath, [program, 'serve', ...args]);
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await until(() => stdout.includes('\n') || isOver);
    return { child, url: stdout.trim(), stderr: () => stderr, ended };
  }

  it('finishes what it accepted when SIGTERM comes', async () => {
    const { child, url, stderr, ended } = await start('--tensor-model', `rows=${await rowsGraph()}`);
    const accepted = await halfSent({ url });
    child.kill('SIGTERM');
    await until(() => stderr().includes('stopping'));
    expect((await ask({ url }, { method: 'GET', path: '/v2/health/ready' })).status).toBe(503);
    accepted.socket.write(good.slice(1));
    expect(await accepted.closed).toMatch(/^HTTP\/1\.1 200 .*"squares"/s);
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('ends at once when a second signal comes', async () => {
    const { child, url, stderr, ended } = await start('--tensor-model', `rows=${await rowsGraph()}`);
    const accepted = await halfSent({ url });
    child.kill('SIGTERM');
    await until(() => stderr().includes('stopping'));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 130, signal: null });
    await accepted.closed;
  });

  it('reads its token from a file and says it nowhere', async () => {
    const token = 'a-planted-secret-0123456789';
    const file = join(await temporaryFolder(), 'token');
    await writeFile(file, `${token}\n`);
    const { child, url, stderr, ended } = await start('--model', 'one=demo-lesion', '--token-file', file);
    expect((await ask({ url }, { method: 'GET', path: '/v2/models/one' })).status).toBe(401);
    expect((await createClient(url, { token }).modelMetadata('one')).name).toBe('one');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(stderr()).not.toContain(token);
  });

  it.each([
    [['--port', '8080'], /--model is missing/],
    [['--tensor-model', 'a.onnx'], /NAME=F\.onnx/],
    [['--model', 'demo', '--model', 'demo-lesion', '--activation', 'none'], /--activation is for a single --model/],
    [['--model', 'demo', '--token-file', '/nowhere'], /FILE_UNREADABLE/],
    [['--model', 'demo', '--port', '99999'], /INVALID_OPTION/],
    [['--model-repository', '/nowhere'], /FILE_NOT_FOUND/],
    [['demo'], /unexpected argument/],
  ])('refuses %j', async (args, message) => {
    const { stderr, ended } = await start(...args);
    expect([0, 130]).not.toContain((await ended).code);
    expect(stderr()).toMatch(message);
  });
});
