import { open } from 'node:fs/promises';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import { summariseOnnx } from '../../lib/model/onnx-summary.js';
import type { OnnxSummary } from '../../lib/model/onnx-summary.js';
import { loadModel } from '../../lib/model/load-model.js';
import { attentionModel, meanColourModel } from '../support/models/small-graphs.js';
import { field, varint } from '../support/protobuf.js';
import { failure, graphBytes, sha256, temporaryFolder, writeBundle } from './support/bundle.js';

const folder = temporaryFolder();
let files = 0;

async function summarise(bytes: Uint8Array): Promise<OnnxSummary> {
  const path = join(folder, `${files++}.onnx`);
  writeFileSync(path, bytes);
  const handle = await open(path);
  try {
    return await summariseOnnx(handle, path, bytes.length);
  } finally {
    await handle.close();
  }
}

const entry = (key: string, value: string): Buffer => field(13, Buffer.concat([field(1, key), field(2, value)]));
const external = (location: string | null, more: Buffer[] = []): Buffer =>
  Buffer.concat([
    field(8, 'weights'),
    ...(location === null ? [] : [entry('location', location)]),
    ...more,
    varint(14 * 8),
    varint(1),
  ]);
/** A graph with something in it, as a model. */
const model = (...parts: Buffer[]): Buffer => Buffer.concat([graphBytes, field(7, Buffer.concat(parts))]);

describe('the outline of a graph', () => {
  it('lists inputs and outputs, without the values it holds', async () => {
    expect(await summarise(meanColourModel('batch', 64))).toEqual({
      inputs: [{ name: 'tiles', type: 'float32', shape: [-1, 3, 64, 64] }],
      outputs: [{ name: 'logit', type: 'float32', shape: [-1, 1] }],
      external: [],
      hasCompiledNodes: false,
      operators: new Map([['logit', 'Gemm']]),
    });
    expect((await summarise(attentionModel(2))).inputs[0]?.shape).toEqual([2, 3, 224, 224]);
  });
  it('drops inputs that are initialisers (older files list both)', async () => {
    const info = Buffer.concat([field(1, 'w'), field(2, field(1, Buffer.concat([varint(8), varint(1)])))]);
    const summary = await summarise(model(field(11, info), field(5, field(8, 'w'))));
    expect(summary.inputs.map((i) => i.name)).toEqual(['tiles']);
  });
  it('tells an unknown shape from an empty one, and knows the types', async () => {
    const type = (element: number, shape: boolean): Buffer =>
      field(2, field(1, Buffer.concat([varint(8), varint(element), ...(shape ? [field(2, '')] : [])])));
    const output = (name: string, t: Buffer): Buffer => field(12, Buffer.concat([field(1, name), t]));
    const summary = await summarise(
      model(output('a', type(10, false)), output('b', type(1, true)), output('c', type(99, true))),
    );
    expect(summary.outputs.slice(1)).toEqual([
      { name: 'a', type: 'float16', shape: null },
      { name: 'b', type: 'float32', shape: [] },
      { name: 'c', type: 'type 99', shape: [] },
    ]);
  });
});

describe('other files that a graph names', () => {
  const subgraph = field(1, field(5, field(6, field(5, external('a.bin')))));
  const places: [string, Buffer][] = [
    ['an initialiser', model(field(5, external('a.bin')))],
    ['a sparse initialiser', model(field(15, field(1, external('a.bin'))))],
    ['a constant of a node', model(field(1, field(5, field(5, external('a.bin')))))],
    ['a list of tensors', model(field(1, field(5, field(10, external('a.bin')))))],
    ['a sparse constant', model(field(1, field(5, field(22, field(2, external('a.bin'))))))],
    ['a subgraph', model(subgraph)],
    ['a list of subgraphs', model(field(1, field(5, field(11, field(1, field(5, field(5, external('a.bin'))))))))],
    ['a function', Buffer.concat([graphBytes, field(25, field(7, field(5, field(5, external('a.bin')))))])],
    ['training', Buffer.concat([graphBytes, field(20, field(2, field(5, external('a.bin'))))])],
  ];
  it.each(places)('are found in %s', async (_, bytes) => {
    expect((await summarise(bytes)).external).toMatchObject([{ tensor: 'weights', location: 'a.bin' }]);
  });
  it('include every location of a tensor that has two, and the flag without one', async () => {
    const two = await summarise(model(field(5, external('a.bin', [entry('location', '/etc/passwd')]))));
    expect(two.external.map((e) => e.location)).toEqual(['a.bin', '/etc/passwd']);
    expect((await summarise(model(field(5, external(null))))).external).toMatchObject([{ location: null }]);
  });
  it('are noticed in compiled nodes', async () => {
    expect((await summarise(model(field(1, field(4, 'EPContext'))))).hasCompiledNodes).toBe(true);
  });

  const bundle = (bytes: Buffer, more: Record<string, Buffer> = {}): string =>
    writeBundle({ files: { 'model.onnx': bytes, ...more } });
  const data = Buffer.alloc(100);
  it('are taken when they are listed files of the bundle', async () => {
    const at = [entry('offset', '60'), entry('length', '40')];
    expect((await loadModel(bundle(model(field(5, external('weights.bin', at))), { 'weights.bin': data }))).name).toBe(
      'test-model',
    );
  });
  it.each([
    ['../weights.bin', 'not a plain path'],
    ['/etc/passwd', 'not a path inside'],
    ['a/../../weights.bin', 'not a plain path'],
    ['..\\weights.bin', 'not a path inside'],
    ['*/_ORT_MEM_ADDR_/*', 'not listed'],
    ['unlisted.bin', 'not listed in files'],
    ['', 'not named'],
  ])('are refused at %j', async (location, why) => {
    expect(
      (await failure(() => loadModel(bundle(model(field(5, external(location))))), 'MODEL_INVALID')).message,
    ).toContain(why);
  });
  it.each([
    [[entry('offset', '90'), entry('length', '20')], 'ends at 110'],
    [[entry('offset', '-1')], 'impossible'],
    [[entry('length', 'x')], 'impossible'],
    [[entry('offset', '99999999999999999999')], 'impossible'],
  ])('are refused with a place beyond the file (%#)', async (at, why) => {
    const path = bundle(model(field(5, external('weights.bin', at))), { 'weights.bin': data });
    expect((await failure(() => loadModel(path), 'MODEL_INVALID')).message).toContain(why);
  });
  it('are refused when compiled', async () => {
    expect(
      (await failure(() => loadModel(bundle(model(field(1, field(4, 'EPContext'))))), 'MODEL_INVALID')).message,
    ).toContain('EPContext');
  });
});

describe('bytes that are no graph', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(1000)],
    ['ones', Buffer.alloc(1000, 0xff)],
    ['text', Buffer.from('#!/bin/sh\necho hello\n')],
    ['a length beyond the file', Buffer.concat([varint(7 * 8 + 2), varint(2 ** 40)])],
    ['a length beyond 2^63', Buffer.concat([varint(7 * 8 + 2), Buffer.alloc(9, 0xff), Buffer.from([1])])],
    ['a field beyond its message', model(Buffer.from([0x0a, 0x7f]))],
    ['a group', Buffer.concat([graphBytes, Buffer.from([0x0b])])],
    ['a long name', model(field(5, field(8, 'x'.repeat(70_000))))],
  ])('%s', async (_, bytes) => {
    await expect(summarise(bytes)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
  it('nested 10,000 deep end without a stack overflow', async () => {
    const parts: Buffer[] = [];
    let size = 0;
    for (let i = 0; i < 10_000; ++i) {
      for (const number of [6, 5, 1]) {
        const head = Buffer.concat([varint(number * 8 + 2), varint(size)]);
        parts.push(head);
        size += head.length;
      }
    }
    const nested = Buffer.concat(parts.reverse());
    expect((await failure(() => summarise(field(7, nested)), 'MODEL_INVALID')).message).toContain('deep');
  });
  it('2,000 damaged copies end in a summary or MODEL_INVALID', async () => {
    const base = Buffer.concat([meanColourModel(), model(field(5, external('a.bin')))]);
    let refused = 0;
    let state = 12345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const path = join(folder, 'fuzz.onnx');
    for (let i = 0; i < 2_000; ++i) {
      const bytes = Buffer.from(random(4) === 0 ? base.subarray(0, random(base.length)) : base);
      for (let n = random(6); n >= 0 && bytes.length > 0; --n) bytes[random(bytes.length)] = random(256);
      writeFileSync(path, bytes);
      const handle = await open(path);
      try {
        await summariseOnnx(handle, path, bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(MicrotomeError);
        expect(error).toMatchObject({ code: 'MODEL_INVALID' });
        ++refused;
      } finally {
        await handle.close();
      }
    }
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(2_000);
  }, 60_000);
  it('a large file is walked without holding up the event loop', async () => {
    const node = field(1, Buffer.concat([field(1, 'a'), field(2, 'b'), field(4, 'Relu')]));
    const bytes = field(7, Buffer.concat(Array.from({ length: 300_000 }, () => node)));
    const path = join(folder, 'large.onnx');
    writeFileSync(path, bytes);
    const handle = await open(path);
    const read = vi.spyOn(handle, 'read');
    await summariseOnnx(handle, path, bytes.length);
    await handle.close();
    // Counted, not timed: what a read of the file brings is walked in one turn, and the next read ends it.
    expect(bytes.length / read.mock.calls.length).toBeLessThan(100_000);
  });
});

describe.skipIf(!process.env['MICROTOME_TEST_DATA'])('real models', () => {
  const models = join(process.env['MICROTOME_TEST_DATA'] ?? '', 'models');
  it('are outlined', async () => {
    const names = readdirSync(models).filter((f) => f.endsWith('.onnx'));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      const handle = await open(join(models, name));
      const { size } = await handle.stat();
      const summary = await summariseOnnx(handle, name, size);
      await handle.close();
      expect(summary.inputs.length, name).toBe(1);
      expect(summary.outputs.length, name).toBe(1);
    }
  });
  it('are taken or refused with a reason', async () => {
    expect((await loadModel(join(models, 'SqueezeNet_fp16.onnx'))).input).toMatchObject({
      type: 'float16',
      sizePx: 224,
      layout: 'NCHW',
    });
    expect((await loadModel(join(models, 'cifar_ImageClassifier.onnx'))).input).toMatchObject({
      type: 'float32',
      sizePx: 32,
    });
    expect((await failure(() => loadModel(join(models, 'mnist.onnx')), 'MODEL_MISMATCH')).message).toContain(
      '1 channel',
    );
    expect((await failure(() => loadModel(join(models, 'candy.onnx')), 'MODEL_MISMATCH')).message).toContain('image');
    expect(
      (await failure(() => loadModel(join(models, 'bad/git_lfs_pointer.onnx')), 'MODEL_INVALID')).message,
    ).toContain('git lfs pull');
    expect(
      (await failure(() => loadModel(join(models, 'bad/ext_weights_missing_data.onnx')), 'MODEL_INVALID')).message,
    ).toContain('is not there');
  });
});

it('the hash of a bare model is that of its file', async () => {
  const path = join(folder, 'bare.onnx');
  writeFileSync(path, graphBytes);
  expect((await loadModel(path)).sha256).toBe(sha256(graphBytes));
});
