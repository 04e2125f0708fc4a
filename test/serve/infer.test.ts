/** Inference over HTTP: the same numbers as in the library, whatever the form and whoever asks at the same time. */
import { describe, expect, it } from 'vitest';
import { createClient } from '../../lib/client/index.js';
import { createImageScorer } from '../../lib/index.js';
import { bundle as clinicalBundle } from '../images/clinical-bundle.js';
import { ask, imageBundle, images, json, pngOf, rowsServer, serverOf, withBinary } from './support.js';

const infer = (model: string) => `/v2/models/${model}/infer`;

describe('images over HTTP', () => {
  it('are refused for a model that reads metadata, which a request has not; the message names the columns', async () => {
    const server = await serverOf({ models: [{ name: 'm', model: clinicalBundle(), device: 'cpu' }] });
    const refused = createClient(server.url).inferImages('m', await images(1));
    await expect(refused).rejects.toThrow(/the model reads "age_approx", .*"patient_id" of each image/);
  });

  it('have the values of createImageScorer, bit for bit, in binary and in JSON', async () => {
    const bundle = imageBundle();
    const server = await serverOf({ models: [{ name: 'm', model: bundle, device: 'cpu' }] });
    const all = await images(41);
    await using scorer = await createImageScorer({ model: bundle, device: 'cpu' });
    const wanted = (await scorer.score({ kind: 'bytes', images: all })).outputs.get('relapse') as Float64Array;
    expect(new Set(wanted).size).toBe(41);
    const client = createClient(server.url);
    expect((await client.inferImages('m', all)).outputs).toEqual(new Map([['relapse', wanted]]));
    const body = JSON.stringify({
      id: 'seven',
      inputs: [
        {
          name: 'encoded_image',
          shape: [41],
          datatype: 'BYTES',
          parameters: { content_type: 'base64' },
          data: all.map((image) => image.toString('base64')),
        },
      ],
    });
    const answer = await ask(server, { path: infer('m'), body, headers: { 'content-type': 'application/json' } });
    expect(json(answer)).toEqual({
      model_name: 'm',
      model_version: '1',
      id: 'seven',
      outputs: [{ name: 'relapse', shape: [41], datatype: 'FP64', data: [...wanted] }],
    });
  });

  it('are joined with those of other requests; a bad one fails its own request alone', async () => {
    const bundle = imageBundle();
    const server = await serverOf({ models: [{ name: 'm', model: bundle, device: 'cpu' }], batchDelayMs: 20 });
    const all = await images(60);
    await using scorer = await createImageScorer({ model: bundle, device: 'cpu' });
    const wanted = (await scorer.score({ kind: 'bytes', images: all })).outputs.get('relapse') as Float64Array;
    const client = createClient(server.url);
    const found = await Promise.allSettled(
      all.map((image, i) => client.inferImages('m', i % 7 === 3 ? [image, Buffer.from('no image')] : [image])),
    );
    found.forEach((one, i) => {
      if (i % 7 !== 3) {
        expect(one).toMatchObject({
          status: 'fulfilled',
          value: { outputs: new Map([['relapse', wanted.slice(i, i + 1)]]) },
        });
        return;
      }
      const reason = one.status === 'rejected' ? one.reason : null;
      expect(reason).toMatchObject({ code: 'NETWORK', cause: { status: 400 } });
      expect(String(reason)).toContain('image 1: IMAGES_INVALID');
    });
    const metrics = (await ask(server, { method: 'GET', path: '/metrics' })).body.toString();
    const batches = Number(/^microtome_batch_rows_count\{model="m"\} (\d+)$/m.exec(metrics)?.[1]);
    expect(batches).toBeGreaterThan(0);
    expect(batches).toBeLessThan(60);
  });

  it('say what was found in them', async () => {
    const server = await serverOf({ models: [{ name: 'm', model: imageBundle(), device: 'cpu' }] });
    const { encodePng } = await import('../../lib/core/png.js');
    const grey = await encodePng({ data: new Uint8Array(400).fill(90), width: 20, height: 20, channels: 1 });
    const { notes } = await createClient(server.url).inferImages('m', [await pngOf([1, 2, 3]), grey]);
    expect(notes).toEqual(['image 1: grey']);
  });

  it('of too many pixels are refused before they are decoded', async () => {
    const server = await serverOf({
      models: [{ name: 'm', model: imageBundle(), device: 'cpu' }],
      limits: { imagePixels: 600 },
    });
    const client = createClient(server.url);
    await client.inferImages('m', [await pngOf([1, 2, 3], 20, 30)]);
    await expect(client.inferImages('m', [await pngOf([1, 2, 3], 20, 31)])).rejects.toMatchObject({
      cause: { status: 413 },
    });
  });
});

describe('rows of tensors over HTTP', () => {
  const rows = Float32Array.from({ length: 12 }, (_, i) => i / 4 - 1);
  const squares = [0, 4, 8].map((at) => Math.fround(rows.slice(at, at + 4).reduce((sum, x) => sum + x * x, 0)));

  it('give the outputs of the graph, in binary and in JSON', async () => {
    const server = await rowsServer();
    const input = { name: 'rows', shape: [3, 4], datatype: 'FP32', values: rows } as const;
    const { outputs } = await createClient(server.url).infer('rows', [input]);
    expect(outputs).toEqual([
      { name: 'twice', shape: [3, 4], datatype: 'FP32', values: rows.map((x) => 2 * x) },
      { name: 'squares', shape: [3, 1], datatype: 'FP32', values: Float32Array.from(squares) },
    ]);
    for (const data of [[...rows], [0, 4, 8].map((at) => [...rows.slice(at, at + 4)])]) {
      const body = JSON.stringify({
        inputs: [{ name: 'rows', shape: [3, 4], datatype: 'FP32', data }],
        outputs: [{ name: 'squares' }],
      });
      const answer = await ask(server, { path: infer('rows'), body });
      expect(json(answer)['outputs']).toEqual([{ name: 'squares', shape: [3, 1], datatype: 'FP32', data: squares }]);
    }
  });

  it('may have one output in the JSON and another behind it', async () => {
    const server = await rowsServer();
    const head = {
      inputs: [{ name: 'rows', shape: [3, 4], datatype: 'FP32', parameters: { binary_data_size: 48 } }],
      parameters: { binary_data_output: true },
      outputs: [{ name: 'twice', parameters: { binary_data: false } }, { name: 'squares' }],
    };
    const answer = await ask(server, { path: infer('rows'), ...withBinary(head, new Uint8Array(rows.buffer)) });
    const length = Number(answer.headers['inference-header-content-length']);
    expect(JSON.parse(answer.body.subarray(0, length).toString())['outputs']).toEqual([
      { name: 'twice', shape: [3, 4], datatype: 'FP32', data: [...rows.map((x) => 2 * x)] },
      { name: 'squares', shape: [3, 1], datatype: 'FP32', parameters: { binary_data_size: 12 } },
    ]);
    expect(new Float32Array(Uint8Array.from(answer.body.subarray(length)).buffer)).toEqual(Float32Array.from(squares));
  });

  it('of many requests at once go back to whom they belong, in large and small requests', async () => {
    const server = await rowsServer({ batchDelayMs: 1 });
    const client = createClient(server.url);
    await Promise.all(
      Array.from({ length: 200 }, async (_, r) => {
        const count = r % 10 === 0 ? 150 : 1 + (r % 3);
        const values = Float32Array.from({ length: 4 * count }, (_x, i) => r + i / 1024);
        const input = { name: 'rows', shape: [count, 4], datatype: 'FP32', values } as const;
        const { outputs } = await client.infer('rows', [input], { outputs: ['twice'] });
        expect(outputs[0]?.values).toEqual(values.map((x) => 2 * x));
      }),
    );
  });

  it('fail alone where an output is no number', async () => {
    const server = await rowsServer({ batchDelayMs: 20 });
    const client = createClient(server.url);
    const send = (x: number): Promise<unknown> =>
      client.infer('rows', [{ name: 'rows', shape: [1, 4], datatype: 'FP32', values: new Float32Array(4).fill(x) }]);
    const [first, bad, last] = await Promise.allSettled([send(1), send(1e30), send(2)]);
    expect([first?.status, last?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(bad).toMatchObject({ status: 'rejected', reason: { cause: { status: 422 } } });
  });

  it('may be none', async () => {
    const server = await rowsServer();
    const body = JSON.stringify({ inputs: [{ name: 'rows', shape: [0, 4], datatype: 'FP32', data: [] }] });
    const answer = await ask(server, { path: infer('rows'), body });
    expect(answer.status).toBe(200);
  });

  it('of a bundle are preprocessed images, and get its activation', async () => {
    const server = await serverOf({ models: [{ name: 'lesion', model: 'demo-lesion', device: 'cpu' }] });
    const client = createClient(server.url);
    const { inputs, outputs } = await client.modelMetadata('lesion');
    expect(inputs).toEqual([
      { name: 'image', datatype: 'FP32', shape: [-1, 3, 64, 64] },
      { name: 'encoded_image', datatype: 'BYTES', shape: [-1] },
    ]);
    expect(outputs.map(({ name }) => name)).toEqual(['probability', 'target']);
    const values = new Float32Array(2 * 3 * 64 * 64);
    const found = await client.infer('lesion', [{ name: 'image', shape: [2, 3, 64, 64], datatype: 'FP32', values }]);
    const [first, second] = (found.outputs[0]?.values ?? []) as Float32Array;
    expect(first).toBe(second);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(1);
  });
});

describe('what a server says of itself', () => {
  it('follows the protocol', async () => {
    const server = await rowsServer();
    const client = createClient(server.url);
    expect(await client.isLive()).toBe(true);
    expect(await client.isReady()).toBe(true);
    expect(await client.isModelReady('rows')).toBe(true);
    expect(await client.isModelReady('other')).toBe(false);
    expect((await client.metadata()).extensions).toContain('binary_tensor_data');
    expect(await client.modelMetadata('rows')).toEqual({
      name: 'rows',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'rows', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [
        { name: 'twice', datatype: 'FP32', shape: [-1, 4] },
        { name: 'squares', datatype: 'FP32', shape: [-1, 1] },
      ],
    });
    const versioned = await ask(server, { method: 'GET', path: '/v2/models/rows/versions/1' });
    expect(json(versioned)['name']).toBe('rows');
    expect((await ask(server, { method: 'GET', path: '/v2/models/rows/versions/2' })).status).toBe(404);
  });
});
