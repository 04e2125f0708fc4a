/** What a server does not wait for, does not hold, and does not tell. */
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../lib/client/index.js';
import { HeldBytes, readBody } from '../../lib/serve/body.js';
import { createServer, type ServerOptions } from '../../lib/serve/index.js';
import { failureOf, fileWith, temporaryFolder } from '../runs/support.js';
import {
  ask,
  bareConnection,
  json,
  pngOf,
  rowsGraph,
  rowsServer,
  serverOf,
  slowModelOfSlides,
  until,
  withBinary,
} from './support.js';

const path = '/v2/models/rows/infer';
const good = JSON.stringify({ inputs: [{ name: 'rows', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] });
const head = (length: number): string => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`;

describe('a slow client', () => {
  it('that sends headers drop by drop is cut off', async () => {
    const server = await rowsServer({ limits: { headerMs: 50 } });
    const { socket, closed } = bareConnection(server);
    socket.write('GET /v2 HTTP/1.1\r\nhost: ');
    expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('that sends a body drop by drop is cut off, and its bytes are given back', async () => {
    const server = await rowsServer({ limits: { slowGraceMs: 50, bodyBytesPerSecond: 1_000_000 } });
    const { socket, closed } = bareConnection(server);
    socket.write(`${head(1000)}{`);
    expect(await closed).toMatch(/^HTTP\/1\.1 408 .*the body comes too slowly/s);
    const metrics = await ask(server, { method: 'GET', path: '/metrics' });
    expect(metrics.body.toString()).toContain('microtome_held_bytes 0');
    expect((await ask(server, { path, body: good })).status).toBe(200);
  });

  it('that says nothing is let go', async () => {
    const server = await rowsServer({ limits: { headerMs: 50 } });
    const { closed } = bareConnection(server);
    await closed;
  });

  it('that has been answered is kept for a while only', async () => {
    const server = await rowsServer({ limits: { keepAliveMs: 50 } });
    const { socket, closed } = bareConnection(server);
    socket.write('GET /v2/health/live HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await closed).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that goes away in the middle leaves nothing behind', async () => {
    const server = await rowsServer();
    for (let i = 0; i < 20; i++) {
      const { socket, closed } = bareConnection(server);
      socket.write(`${head(1000)}{`, () => socket.destroy());
      await closed;
    }
    await until(async () => {
      const metrics = (await ask(server, { method: 'GET', path: '/metrics' })).body.toString();
      return /microtome_held_bytes 0\b/.test(metrics) && /microtome_requests_in_work 0\b/.test(metrics);
    });
  });
});

describe('a request that is too much', () => {
  it('by its announced length is refused before it is read', async () => {
    const server = await rowsServer({ limits: { bodyBytes: 1000 } });
    const { socket, closed } = bareConnection(server);
    socket.write(head(1001));
    expect(await closed).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('by the chunks that come is refused', async () => {
    const server = await rowsServer({ limits: { bodyBytes: 1000 } });
    const { socket, closed } = bareConnection(server);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`);
    socket.write(`400\r\n${'x'.repeat(1024)}\r\n`);
    expect(await closed).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('by its JSON is refused, and taken as binary', async () => {
    const server = await rowsServer({ limits: { jsonBytes: 200 } });
    const data = new Array(400).fill(0.125);
    const input = { name: 'rows', shape: [100, 4], datatype: 'FP32' };
    expect((await ask(server, { path, body: JSON.stringify({ inputs: [{ ...input, data }] }) })).status).toBe(413);
    const binary = withBinary(
      { inputs: [{ ...input, parameters: { binary_data_size: 1600 } }], parameters: { binary_data_output: true } },
      new Uint8Array(Float32Array.from(data).buffer),
    );
    expect((await ask(server, { path, ...binary })).status).toBe(200);
  });

  it('of more than is held altogether may come again', async () => {
    const server = await rowsServer({ limits: { heldBytes: 2000 } });
    const { socket, closed } = bareConnection(server);
    socket.write(`${head(1500)}{`);
    await until(async () =>
      (await ask(server, { method: 'GET', path: '/metrics' })).body.includes('microtome_held_bytes 1500'),
    );
    const refused = await ask(server, { path, body: good });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    socket.destroy();
    await closed;
    await until(async () => (await ask(server, { path, body: good })).status === 200);
  });

  it('beside those in work and those that wait may come again', async () => {
    const server = await serverOf({ models: [slowModelOfSlides()], limits: { requests: 1, queue: 1 } });
    const client = createClient(server.url);
    const readings = async (): Promise<string> =>
      (await ask(server, { method: 'GET', path: '/metrics' })).body.toString();
    const image = await pngOf([1, 2, 3]);
    const stop = new AbortController();
    // Each takes many seconds: they are given up.
    const infer = (): Promise<unknown> =>
      client.inferImages('slow', [image], { signal: stop.signal }).catch(() => null);
    const first = infer();
    await until(async () => (await readings()).includes('microtome_requests_in_work 1'));
    const second = infer();
    await until(async () => (await readings()).includes('microtome_requests_waiting 1'));
    const third = await ask(server, { path: '/v2/models/slow/infer', body: good });
    expect([third.status, third.headers['retry-after']]).toEqual([503, '1']);
    stop.abort();
    await Promise.all([first, second]);
    await until(async () => /microtome_requests_in_work 0\b/.test(await readings()));
  });

  it('in time is given up', async () => {
    const server = await rowsServer({ limits: { requestMs: 50, slowGraceMs: 60_000, headerMs: 60_000 } });
    const { socket, closed } = bareConnection(server);
    socket.write(`${head(1000)}{`);
    expect(await closed).toMatch(/^HTTP\/1\.1 504 /);
  });
});

describe('a token', () => {
  const token = 'a-planted-secret-0123456789';

  it('is asked for everywhere but for health, and told nowhere', async () => {
    const errors: unknown[] = [];
    const server = await rowsServer({ token, onError: (error) => errors.push(error) });
    const addresses = ['/v2', '/metrics', '/v2/models/rows', '/v2/models/rows/ready', '/v2/models/none'];
    for (const [name, headers] of [
      ['none', {}],
      ['another', { authorization: `Bearer ${token}x` }],
      ['a shorter one', { authorization: `Bearer ${token.slice(1)}` }],
      ['another kind', { authorization: `Basic ${token}` }],
    ] as const)
      for (const address of addresses) {
        const answer = await ask(server, { method: 'GET', path: address, headers });
        expect([name, answer.status]).toEqual([name, 401]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        expect(answer.body.toString()).not.toContain(token);
      }
    expect((await ask(server, { path, body: good })).status).toBe(401);
    expect((await ask(server, { method: 'GET', path: '/v2/health/live' })).status).toBe(200);
    expect((await ask(server, { method: 'GET', path: '/v2/health/ready' })).status).toBe(200);
    const client = createClient(server.url, { token });
    expect((await client.metadata()).name).toBe('microtome');
    const metrics = await ask(server, {
      method: 'GET',
      path: '/metrics',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(metrics.body.toString()).not.toContain(token);
    expect(errors).toEqual([]);
  });

  it.each(['short', `${token} and a blank`, 'é'.repeat(20), ''])(
    'that is none is refused and not shown (%#)',
    async (bad) => {
      const models = [{ name: 'rows', tensors: await rowsGraph(), device: 'cpu' }] as const;
      const error = await failureOf(createServer({ models, token: bad }));
      expect(error.code).toBe('INVALID_OPTION');
      if (bad !== '') expect(error.message).not.toContain(bad);
    },
  );
});

describe('a server that cannot be', () => {
  const refused = async (options: Partial<ServerOptions>): Promise<string> =>
    (
      await failureOf(
        createServer({ models: [{ name: 'rows', tensors: await rowsGraph(), device: 'cpu' }], ...options }),
      )
    ).code;

  it('says why', async () => {
    expect(await refused({ models: [] })).toBe('INVALID_OPTION');
    expect(await refused({ port: 70_000 })).toBe('INVALID_OPTION');
    expect(await refused({ limits: { bodyBytes: 0 } })).toBe('INVALID_OPTION');
    expect(await refused({ limits: { bodyBites: 7 } as never })).toBe('INVALID_OPTION');
    expect(await refused({ slides: '/nowhere/at/all' })).toBe('FILE_NOT_FOUND');
    expect(await refused({ slides: await fileWith('x') })).toBe('INVALID_OPTION');
    expect(await refused({ host: '192.0.2.1' })).toBe('NETWORK');
    expect(await refused({ models: [{ name: 'a/b', tensors: await rowsGraph(), device: 'cpu' }] })).toBe(
      'INVALID_OPTION',
    );
    const two = [{ name: 'rows', tensors: await rowsGraph(), device: 'cpu' }] as const;
    expect(await refused({ models: [...two, ...two] })).toBe('INVALID_OPTION');
    expect(await refused({ models: [{ name: 'rows', tensors: `${await temporaryFolder()}/none.onnx` }] })).toBe(
      'FILE_NOT_FOUND',
    );
  });

  it('leaves a port that is taken to whoever has it', async () => {
    const server = await rowsServer();
    expect(await refused({ port: Number(new URL(server.url).port) })).toBe('NETWORK');
    expect((await ask(server, { path, body: good })).status).toBe(200);
  });
});

it('an error of the server is told to its owner and not to the client', async () => {
  const told: unknown[] = [];
  const graph = await rowsGraph();
  const server = await serverOf({
    models: [{ name: 'rows', tensors: graph, device: 'cpu' }],
    onError: (e) => told.push(e),
  });
  await writeFile(graph, 'gone');
  // The graph is in memory: nothing of the file is read again.
  expect((await ask(server, { path, body: good })).status).toBe(200);
  expect(json(await ask(server, { method: 'GET', path: '/v2/health/live' }))).toEqual({ live: true });
  expect(told).toEqual([]);
});

describe('what a body takes', () => {
  const limits = { bodyBytes: 2 ** 20, bodyBytesPerSecond: 0, slowGraceMs: 1000, requestMs: 1000 };
  const bodyOf = (pieces: Iterable<Buffer>, headers: Record<string, string> = {}): IncomingMessage =>
    Object.assign(Readable.from(pieces), { headers }) as unknown as IncomingMessage;

  it('is counted as it is held, not as it came: pieces of one byte are joined', async () => {
    const held = new HeldBytes(2 ** 21);
    const count = 100_000;
    const drops = function* (): Generator<Buffer> {
      for (let i = 0; i < count; i++) yield Buffer.from([i % 251]);
    };
    const body = await readBody(bodyOf(drops()), limits, held);
    expect(Buffer.from(body.bytes).equals(Buffer.from(Uint8Array.from({ length: count }, (_, i) => i % 251)))).toBe(
      true,
    );
    expect(held.now).toBeGreaterThanOrEqual(count);
    expect(held.now).toBe(body.bytes.buffer.byteLength);
    body.release();
    expect(held.now).toBe(0);
  });

  it('is what has come, not what was announced', async () => {
    const held = new HeldBytes(2 ** 19);
    const announced = bodyOf([Buffer.from('x')], { 'content-length': String(2 ** 20) });
    const first = await readBody(announced, limits, held);
    expect(held.now).toBe(first.bytes.buffer.byteLength);
    expect(held.now).toBeLessThan(2 ** 18);
  });
});

it('a request whose JSON could become more than is held is refused, and a small one after it is not', async () => {
  const server = await rowsServer({ limits: { heldBytes: 2 ** 20 } });
  const body = `{"parameters":{"x":[${'[],'.repeat(2 ** 15)}[]]},${good.slice(1)}`;
  expect((await ask(server, { path, body })).status).toBe(503);
  expect((await ask(server, { path, body: good })).status).toBe(200);
});

it('a client that takes its answer drop by drop does not keep a server from ending', async () => {
  const server = await rowsServer({ limits: { requestMs: 200 } });
  const { socket, closed } = bareConnection(server);
  // More answers than the kernel keeps for a socket that nobody reads.
  socket.pause();
  socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(5000));
  await until(async () =>
    /requests_total.*\b[1-9]/.test((await ask(server, { method: 'GET', path: '/metrics' })).body.toString()),
  );
  await server.close();
  socket.resume();
  await closed;
});
