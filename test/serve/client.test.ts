/** The client before servers of other parties, and before hostile ones. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient, ServerRefusal, type TensorInput } from '../../lib/client/index.js';

const input: TensorInput = { name: 'x', shape: [2], datatype: 'FP32', values: Float32Array.of(1, 2) };

/** A server that answers as the test says; gives its address. */
async function answers(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<string> {
  let count = 0;
  const server = createHttpServer((request, response) => {
    request.resume().on('end', () => answer(request, response, count++));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const told =
  (json: object, ...tensors: readonly Uint8Array[]) =>
  (_: IncomingMessage, response: ServerResponse) => {
    const head = Buffer.from(JSON.stringify(json));
    if (tensors.length > 0) response.setHeader('Inference-Header-Content-Length', head.byteLength);
    response.end(Buffer.concat([head, ...tensors]));
  };

describe('a client', () => {
  it('sends again what was refused with 503 and Retry-After, so often and no more', async () => {
    let asked = 0;
    const url = await answers((_, response, count) => {
      asked = count + 1;
      if (count < 3) response.writeHead(503, { 'retry-after': '0' }).end('{"error": "busy"}');
      else response.end('{"name": "x"}');
    });
    expect(await createClient(url).metadata()).toEqual({ name: 'x' });
    expect(asked).toBe(4);
    const always = await answers((_, response) =>
      response.writeHead(503, { 'retry-after': '0' }).end('{"error": "busy"}'),
    );
    const refused = await createClient(always, { retries: 2 })
      .metadata()
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'NETWORK', cause: { status: 503, message: 'busy' } });
    expect((refused as Error).cause).toBeInstanceOf(ServerRefusal);
  });

  it('does not send again what was refused for good', async () => {
    let asked = 0;
    const url = await answers((_, response) => {
      asked++;
      response.writeHead(503).end();
    });
    await expect(createClient(url).metadata()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(asked).toBe(1);
  });

  it('understands answers of tensors in both forms, as Triton gives them', async () => {
    const url = await answers(
      told(
        {
          model_name: 'm',
          model_version: '3',
          outputs: [
            { name: 'a', datatype: 'INT64', shape: [2], parameters: { binary_data_size: 16 } },
            { name: 'b', datatype: 'FP32', shape: [1, 2], data: [[0.5, 2]] },
            { name: 'c', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: 11 } },
          ],
        },
        new Uint8Array(BigInt64Array.of(-1n, 2n ** 40n).buffer),
        Buffer.from([2, 0, 0, 0, 104, 105, 1, 0, 0, 0, 33]),
      ),
    );
    const { model, version, outputs } = await createClient(url).infer('m', [input]);
    expect([model, version]).toEqual(['m', '3']);
    expect(outputs.map(({ values }) => values)).toEqual([
      BigInt64Array.of(-1n, 2n ** 40n),
      Float32Array.of(0.5, 2),
      [Buffer.from('hi'), Buffer.from('!')].map((item) => new Uint8Array(item)),
    ]);
  });

  const output = { name: 'a', datatype: 'FP32', shape: [2] };
  it.each([
    ['no JSON', {}, 'text'],
    ['no outputs', {}, '{}'],
    ['outputs that are none', {}, '{"outputs": [7]}'],
    ['an output without a name', {}, JSON.stringify({ outputs: [{ ...output, name: 7, data: [1, 2] }] })],
    ['an unknown datatype', {}, JSON.stringify({ outputs: [{ ...output, datatype: 'FP8', data: [1, 2] }] })],
    ['an impossible shape', {}, JSON.stringify({ outputs: [{ ...output, shape: [-2], data: [1, 2] }] })],
    ['too few values', {}, JSON.stringify({ outputs: [{ ...output, data: [1] }] })],
    ['values that are texts', {}, JSON.stringify({ outputs: [{ ...output, data: ['1', '2'] }] })],
    ['bytes that are not there', {}, JSON.stringify({ outputs: [{ ...output, parameters: { binary_data_size: 8 } }] })],
    ['a header beyond the end', { 'inference-header-content-length': '1000' }, JSON.stringify({ outputs: [] })],
  ])('refuses %s', async (_what, headers, body) => {
    const url = await answers((_, response) => response.writeHead(200, headers).end(body));
    await expect(createClient(url).infer('m', [input])).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it('refuses an answer that is too long, one that leads elsewhere, and one that does not come', async () => {
    const long = await answers((_, response) => response.end('x'.repeat(2000)));
    await expect(createClient(long, { answerBytes: 1000 }).metadata()).rejects.toThrow('more than 1000 bytes');
    const token = 'a-planted-secret-0123456789';
    let stolen = '';
    const thief = await answers((request, response) => {
      stolen += request.headers.authorization ?? '';
      response.end('{}');
    });
    const elsewhere = await answers((_, response) => response.writeHead(302, { location: thief }).end());
    const led = await createClient(elsewhere, { token })
      .metadata()
      .catch((error: unknown) => error);
    expect(led).toMatchObject({ code: 'NETWORK' });
    expect(stolen).toBe('');
    expect(JSON.stringify(led) + String((led as Error).stack)).not.toContain(token);
    const never = await answers(() => undefined);
    await expect(createClient(never, { timeoutMs: 20 }).metadata()).rejects.toThrow('within 20 ms');
    await expect(createClient(never).metadata({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });

  it('says that nobody is there', async () => {
    await expect(createClient('http://127.0.0.1:1').isLive()).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it.each(['nonsense', 'ftp://a', 'http://user:hidden@a'])('refuses the address %s', (url) => {
    expect(() => createClient(url)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(() => createClient(url)).not.toThrow(/hidden/);
  });
});
