/** Whatever a stranger sends gets a 4xx and a sentence, and nothing else breaks. */
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { createClient } from '../../lib/client/index.js';
import { createServer, type InferenceServer } from '../../lib/serve/index.js';
import { ask, bareConnection, imageBundle, json, rowsGraph, withBinary, type RawRequest } from './support.js';

const row = { name: 'rows', shape: [1, 4], datatype: 'FP32' };
const data = [1, 2, 3, 4];
const bytes = (count: number): Uint8Array => new Uint8Array(count);
const rows = (input: object | readonly object[], more: object = {}): Partial<RawRequest> => ({
  body: JSON.stringify({ inputs: Array.isArray(input) ? input : [input], ...more }),
});
const image = (input: object, ...tensors: readonly Uint8Array[]): Partial<RawRequest> => ({
  path: '/v2/models/images/infer',
  ...withBinary({ inputs: [{ name: 'encoded_image', datatype: 'BYTES', shape: [1], ...input }] }, ...tensors),
});
const binary = (size: unknown, ...tensors: readonly Uint8Array[]): Partial<RawRequest> =>
  withBinary({ inputs: [{ ...row, parameters: { binary_data_size: size } }] }, ...tensors);
const base64 = { parameters: { content_type: 'base64' } };

const cases: readonly (readonly [what: string, status: number, request: Partial<RawRequest>])[] = [
  ['no body', 400, {}],
  ['an empty body', 400, { body: '' }],
  ['no JSON', 400, { body: 'inputs' }],
  ['half of a JSON', 400, { body: '{"inputs": [' }],
  ['a list', 400, { body: '[]' }],
  ['null', 400, { body: 'null' }],
  ['a number', 400, { body: '1e999' }],
  ['what is no UTF-8', 400, { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
  ['a byte order mark', 400, { body: '\uFEFF{}' }],
  ['a very deep list', 400, { body: `{"inputs": ${'['.repeat(100_000)}` }],
  ['a very deep object', 400, { body: `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}` }],
  ['no inputs', 400, { body: '{}' }],
  ['an empty list of inputs', 400, rows([])],
  ['inputs that are no list', 400, { body: '{"inputs": {"length": 1}}' }],
  ['an input that is no object', 400, { body: '{"inputs": [7]}' }],
  ['an input that is null', 400, { body: '{"inputs": [null]}' }],
  [
    'two inputs where one is taken',
    400,
    rows([
      { ...row, data },
      { ...row, data },
    ]),
  ],
  ['very many inputs', 413, rows(new Array(17).fill({ ...row, data }))],
  ['very many outputs', 413, rows({ ...row, data }, { outputs: new Array(17).fill({ name: 'twice' }) })],
  ['an input without a name', 400, rows({ shape: [1, 4], datatype: 'FP32', data })],
  ['a name that is no text', 400, rows({ ...row, name: 7, data })],
  ['a name of another input', 400, rows({ ...row, name: 'others', data })],
  ['the name __proto__', 400, rows({ ...row, name: '__proto__', data })],
  ['a very long name', 400, rows({ ...row, name: 'x'.repeat(5000), data })],
  ['no datatype', 400, rows({ ...row, datatype: undefined, data })],
  ['an unknown datatype', 400, rows({ ...row, datatype: 'FP8', data })],
  ['the datatype constructor', 400, rows({ ...row, datatype: 'constructor', data })],
  ['another datatype than the model has', 400, rows({ ...row, datatype: 'FP64', data })],
  ['no shape', 400, rows({ ...row, shape: undefined, data })],
  ['a shape of texts', 400, rows({ ...row, shape: ['1', '4'], data })],
  ['a negative shape', 400, rows({ ...row, shape: [-1, 4], data })],
  ['a shape of halves', 400, rows({ ...row, shape: [0.5, 8], data })],
  ['a shape of many sides', 413, rows({ ...row, shape: new Array(9).fill(1), data: [1] })],
  ['another shape than the model has', 400, rows({ ...row, shape: [1, 5], data: [...data, 5] })],
  ['no side', 400, rows({ ...row, shape: [], data: [1] })],
  ['too many rows', 413, rows({ ...row, shape: [1025, 4], data: new Array(4100).fill(0) })],
  ['a shape that is immense', 413, rows({ ...row, shape: [2 ** 50, 4], data })],
  ['fewer values than the shape has', 400, rows({ ...row, data: [1, 2, 3] })],
  ['more values than the shape has', 400, rows({ ...row, data: [...data, 5] })],
  ['values that are texts', 400, rows({ ...row, data: ['1', '2', '3', '4'] })],
  ['values that are null', 400, rows({ ...row, data: [1, 2, 3, null] })],
  [
    'a value that FP32 cannot hold',
    400,
    { body: '{"inputs":[{"name":"rows","shape":[1,4],"datatype":"FP32","data":[1,2,3,1e300]}]}' },
  ],
  [
    'values that are nested in another way',
    400,
    rows({
      ...row,
      data: [
        [1, 2],
        [3, 4],
      ],
    }),
  ],
  ['values that are nested too deeply', 400, rows({ ...row, data: [[[1], [2], [3], [4]]] })],
  ['data that is no list', 400, rows({ ...row, data: { 0: 1, length: 4 } })],
  ['neither data nor bytes', 400, rows(row)],
  ['parameters that are a list', 400, rows({ ...row, parameters: [], data })],
  ['an unknown output', 400, rows({ ...row, data }, { outputs: [{ name: 'thrice' }] })],
  ['an output asked for twice', 400, rows({ ...row, data }, { outputs: [{ name: 'twice' }, { name: 'twice' }] })],
  [
    'an output as classes',
    400,
    rows({ ...row, data }, { outputs: [{ name: 'twice', parameters: { classification: 3 } }] }),
  ],
  [
    'binary_data that is no flag',
    400,
    rows({ ...row, data }, { outputs: [{ name: 'twice', parameters: { binary_data: 1 } }] }),
  ],
  ['binary_data_output that is no flag', 400, rows({ ...row, data }, { parameters: { binary_data_output: 'yes' } })],
  ['an id that is no text', 400, rows({ ...row, data }, { id: 7 })],
  [
    'both data and bytes',
    400,
    withBinary({ inputs: [{ ...row, data, parameters: { binary_data_size: 16 } }] }, bytes(16)),
  ],
  ['fewer bytes than are told', 400, binary(16, bytes(15))],
  ['more bytes than are told', 400, binary(16, bytes(17))],
  ['bytes of another shape', 400, binary(12, bytes(12))],
  ['a negative number of bytes', 400, binary(-16, bytes(16))],
  ['a number of bytes that is none', 400, binary('16', bytes(16))],
  [
    'a header beyond the body',
    400,
    { ...binary(16, bytes(16)), headers: { 'inference-header-content-length': '99999' } },
  ],
  [
    'a header that is no number',
    400,
    { ...binary(16, bytes(16)), headers: { 'inference-header-content-length': '0x10' } },
  ],
  ['a negative header', 400, { ...binary(16, bytes(16)), headers: { 'inference-header-content-length': '-1' } }],
  ['a header of nothing', 400, { ...binary(16, bytes(16)), headers: { 'inference-header-content-length': '0' } }],
  [
    'an image whose length goes beyond',
    400,
    image({ parameters: { binary_data_size: 8 } }, Buffer.from([255, 255, 255, 255, 1, 2, 3, 4])),
  ],
  ['an image whose length is cut', 400, image({ parameters: { binary_data_size: 3 } }, bytes(3))],
  ['two images where one is told', 400, image({ parameters: { binary_data_size: 8 } }, bytes(8))],
  ['an image that is none', 400, image({ parameters: { binary_data_size: 5 } }, Buffer.from([1, 0, 0, 0, 7]))],
  ['an image of no bytes', 400, image({ parameters: { binary_data_size: 4 } }, bytes(4))],
  ['an image that is not base64', 400, image({ ...base64, data: ['%%%%'] })],
  ['an image that is half of base64', 400, image({ ...base64, data: ['abc'] })],
  ['an image that is a number', 400, image({ ...base64, data: [7] })],
  ['images without a word on base64', 400, image({ data: ['AAAA'] })],
  ['images in a grid', 400, image({ ...base64, shape: [1, 2], data: ['AAAA', 'AAAA'] })],
  [
    'an image for a model of rows',
    400,
    rows({ ...row, name: 'encoded_image', shape: [1], datatype: 'BYTES', ...base64, data: ['AAAA'] }),
  ],
  ['another content type', 415, { ...rows({ ...row, data }), headers: { 'content-type': 'text/plain' } }],
  ['a form', 415, { ...rows({ ...row, data }), headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['a packed body', 415, { ...rows({ ...row, data }), headers: { 'content-encoding': 'gzip' } }],
  ['another method', 405, { method: 'GET' }],
  ['a method that hardly anybody knows', 405, { method: 'PROPFIND' }],
  ['an unknown model', 404, { path: '/v2/models/none/infer', ...rows({ ...row, data }) }],
  ['a model named __proto__', 404, { path: '/v2/models/__proto__/infer', ...rows({ ...row, data }) }],
  ['an unknown address', 404, { path: '/v2/models/rows/infer/more' }],
  ['an address above', 404, { path: '/v2/models/../../etc/passwd' }],
  ['an address with a broken escape', 400, { path: '/v2/models/%zz/infer' }],
  ['a very long address', 400, { path: `/v2/models/${'x'.repeat(5000)}/infer` }],
  ['a root that is not there', 404, { path: '/' }],
];

let server: InferenceServer;

beforeAll(async () => {
  server = await createServer({
    models: [
      { name: 'rows', tensors: await rowsGraph(), device: 'cpu', threads: 2 },
      { name: 'images', model: imageBundle(), device: 'cpu', threads: 2 },
    ],
  });
});
afterAll(() => server.close({ now: true }));

async function stillWorks(): Promise<void> {
  const values = Float32Array.of(1, 2, 3, 4);
  const found = await createClient(server.url).infer('rows', [
    { name: 'rows', shape: [1, 4], datatype: 'FP32', values },
  ]);
  expect(found.outputs[0]?.values).toEqual(Float32Array.of(2, 4, 6, 8));
}

describe('a malformed request', () => {
  it.each(cases)('with %s gets %i', async (_what, status, request) => {
    const answer = await ask(server, { path: '/v2/models/rows/infer', ...request });
    expect(answer.status).toBe(status);
    const { error } = json(answer);
    expect(typeof error).toBe('string');
    // Nothing of this machine, and nothing that looks like a bug.
    expect(error).not.toMatch(/undefined|\[object|TypeError|\/tmp|node_modules/);
    await stillWorks();
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a binary', '\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v2/models/rows/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd',
      400,
    ],
    [
      'a length and chunks',
      'POST /v2/models/rows/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'a chunk that is none',
      'POST /v2/models/rows/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
    ['very long headers', `GET /v2 HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('of %s ends its connection', async (_what, text, status) => {
    const { socket, closed } = bareConnection(server);
    socket.write(text, 'latin1');
    expect(await closed).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await stillWorks();
  });
});
