import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/model/load-model.js';
import { specOf } from '../../lib/model/spec.js';
import { OnnxGraph } from '../support/onnx-writer.js';
import { attentionModel } from '../support/models/small-graphs.js';
import type { Json } from './support/bundle.js';
import { failure, graphBytes, sha256, temporaryFolder, writeBundle } from './support/bundle.js';

const list = (json: Json, key: string): Json[] => json[key] as Json[];
const first = (json: Json, key: string): Json => list(json, key)[0] as Json;
const tile = (json: Json): Json => ((json['inputs'] as Json)['tiles'] as Json[])[0] as Json;

describe('a valid bundle', () => {
  it('becomes a model with everything declared, and defaults for the rest', async () => {
    const folder = writeBundle();
    const model = await loadModel(folder);
    expect(model).toMatchObject({
      name: 'test-model',
      kind: 'bundle',
      path: folder,
      sha256: sha256(readFileSync(join(folder, 'microtome.json'))),
      intendedUse: 'Tests; not for clinical use.',
      card: { licence: 'Apache-2.0', clinicalUse: false, authors: [] },
      input: {
        sizePx: 224,
        stridePx: 224,
        mpp: 0.5,
        level: null,
        layout: 'NCHW',
        channels: 'RGB',
        type: 'float32',
        scale: 1 / 255,
        mean: [0.5, 0.4, 0.3],
      },
      outputs: [{ name: 'relapse', clip: [0.01, 0.99], clipDeclared: true, fallback: 0.16 }],
    });
    expect(Object.isFrozen(model)).toBe(true);
    expect(specOf(model)).toMatchObject({
      encoders: [
        {
          name: 'classifier',
          fixedSizePx: 224,
          outputs: [{ name: 'probability', tensor: 'logit', columns: 1, activation: 'sigmoid' }],
        },
      ],
      heads: [{ name: 'top', method: 'topK', k: 5, of: { encoder: 0, output: 0, column: 0 } }],
      tiles: [{ select: { keep: 'fraction', minTissueFraction: 0.4, maxTiles: 100, seed: 7 } }],
    });
  });
  it('is found by its microtome.json too, and through a link to its folder', async () => {
    const folder = writeBundle();
    expect((await loadModel(join(folder, 'microtome.json'))).path).toBe(folder);
    const link = join(temporaryFolder(), 'link');
    symlinkSync(folder, link);
    expect((await loadModel(link)).path).toBe(folder);
  });
  it('may clip nothing, or say nothing of clipping', async () => {
    const none = await loadModel(writeBundle({ edit: (j) => (first(j, 'outputs')['clip'] = null) }));
    expect(none.outputs[0]?.clip).toBeNull();
    const silent = await loadModel(writeBundle({ edit: (j) => delete first(j, 'outputs')['clip'] }));
    expect(silent.outputs[0]?.clip).toEqual([1e-6, 1 - 1e-6]);
    expect(specOf(silent).outputs[0]?.clip).toBeUndefined();
  });
  it('takes no options of its own model', async () => {
    expect((await failure(() => loadModel(writeBundle(), { activation: 'none' }), 'INVALID_OPTION')).message).toContain(
      'activation',
    );
  });
});

describe('a bundle that does not fit the schema', () => {
  it('is refused with the line and the pointer', async () => {
    const folder = writeBundle({ edit: (j) => (tile(j)['sise'] = 224) });
    const line =
      readFileSync(join(folder, 'microtome.json'), 'utf8')
        .split('\n')
        .findIndex((l) => l.includes('"sise"')) + 1;
    const error = await failure(() => loadModel(folder), 'MODEL_INVALID');
    expect(error.message).toContain(`line ${line}, /inputs/tiles/0/sise: unknown property; did you mean "size"?`);
    expect(error.path).toBe(join(folder, 'microtome.json'));
  });
  it('is refused with the line of a syntax error', async () => {
    const error = await failure(
      () => loadModel(writeBundle({ text: '{\n  "formatVersion": 1,\n  oops\n}' })),
      'MODEL_INVALID',
    );
    expect(error.message).toContain('line 3 is not valid JSON');
  });
  it('of a later format version is named so', async () => {
    const error = await failure(
      () => loadModel(writeBundle({ edit: (j) => (j['formatVersion'] = 2) })),
      'MODEL_INVALID',
    );
    expect(error.message).toContain('later version');
  });
  it.each([['[]'], ['null'], ['3'], ['"x"']])('is refused when it is %s', async (text) => {
    expect((await failure(() => loadModel(writeBundle({ text })), 'MODEL_INVALID')).message).toContain(
      'must be of type object',
    );
  });
  it('is refused when it is not text, or too long', async () => {
    const folder = writeBundle();
    writeFileSync(join(folder, 'microtome.json'), Buffer.from([0x7b, 0xff, 0xfe]));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('UTF-8');
    writeFileSync(join(folder, 'microtome.json'), ' '.repeat(5 * 2 ** 20));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('bytes');
  });
});

describe('names that lead nowhere', () => {
  const cases: [string, (j: Json) => void][] = [
    ['there is no input "none"', (j) => ((first(j, 'encoders')['input'] as Json)['from'] = 'none')],
    ['there is no encoder "none"', (j) => ((first(j, 'heads')['of'] as Json)['encoder'] = 'none')],
    ['no output "none"', (j) => ((first(j, 'heads')['of'] as Json)['output'] = 'none')],
    ['column 1 of 1', (j) => ((first(j, 'heads')['of'] as Json)['column'] = 1)],
    ['there is no head "none"', (j) => (first(j, 'outputs')['of'] = 'none')],
    ['there is no tile input "none"', (j) => (first(j, 'select')['input'] = 'none')],
    ['used twice', (j) => list(j, 'heads').push(first(j, 'heads'))],
    ['not listed in files', (j) => (first(j, 'encoders')['graph'] = 'other.onnx')],
    ['a second cap', (j) => list(j, 'select').push({ rule: 'cap', count: 1 })],
    ['a second rule', (j) => list(j, 'select').push({ rule: 'all' })],
    ['is empty', (j) => (first(j, 'outputs')['clip'] = [0.9, 0.1])],
    ['x must rise', (j) => (first(j, 'outputs')['calibration'] = { method: 'isotonic', x: [0, 0], y: [0, 1] })],
    ['values of x', (j) => (first(j, 'outputs')['calibration'] = { method: 'isotonic', x: [0, 1], y: [0] })],
    [
      'names for 1 columns',
      (j) => (((first(j, 'encoders')['outputs'] as Json[])[0] as Json)['columnNames'] = ['a', 'b']),
    ],
  ];
  it.each(cases)('%s', async (what, edit) => {
    expect((await failure(() => loadModel(writeBundle({ edit })), 'MODEL_INVALID')).message).toContain(what);
  });
});

describe('hostile files', () => {
  it('a wrong hash', async () => {
    const folder = writeBundle();
    const bytes = Buffer.from(graphBytes);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(join(folder, 'model.onnx'), bytes);
    const error = await failure(() => loadModel(folder), 'MODEL_INVALID');
    expect(error.message).toContain(sha256(bytes));
    expect(error.message).toContain(sha256(graphBytes));
  });
  it('a missing file', async () => {
    const folder = writeBundle();
    rmSync(join(folder, 'model.onnx'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('is not there');
  });
  it.each(['../model.onnx', '/etc/passwd', 'a/../model.onnx', './model.onnx', 'a//b'])(
    'a path that leaves or hides: %s',
    async (path) => {
      const folder = writeBundle({
        edit: (j) => {
          (j['files'] as Json)[path] = sha256(graphBytes);
          first(j, 'encoders')['graph'] = path;
        },
      });
      writeFileSync(join(folder, '..', 'model.onnx'), graphBytes);
      try {
        expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('not a plain path');
      } finally {
        rmSync(join(folder, '..', 'model.onnx'));
      }
    },
  );
  it('a symbolic link, in or out of the bundle', async () => {
    const folder = writeBundle();
    renameSync(join(folder, 'model.onnx'), join(folder, 'real.onnx'));
    symlinkSync('real.onnx', join(folder, 'model.onnx'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('is a link');
  });
  it('a folder on the way that is a link', async () => {
    const folder = writeBundle({
      files: { 'graphs/model.onnx': graphBytes },
      edit: (j) => (first(j, 'encoders')['graph'] = 'graphs/model.onnx'),
    });
    expect((await loadModel(folder)).graph.path).toBe(join(folder, 'graphs/model.onnx'));
    renameSync(join(folder, 'graphs'), join(folder, 'elsewhere'));
    symlinkSync('elsewhere', join(folder, 'graphs'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('lies behind one');
  });
  it('a hard link', async () => {
    const folder = writeBundle();
    linkSync(join(folder, 'model.onnx'), join(folder, 'second-name.onnx'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('hard link (2 names');
  });
  it('a FIFO does not hang', async () => {
    const folder = writeBundle();
    rmSync(join(folder, 'model.onnx'));
    execFileSync('mkfifo', [join(folder, 'model.onnx')]);
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('not a regular file');
  });
  it('a folder in place of a file', async () => {
    const folder = writeBundle();
    rmSync(join(folder, 'model.onnx'));
    mkdirSync(join(folder, 'model.onnx'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('not a regular file');
  });
  it('microtome.json as a link', async () => {
    const folder = writeBundle();
    renameSync(join(folder, 'microtome.json'), join(folder, 'other.json'));
    symlinkSync('other.json', join(folder, 'microtome.json'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('is a link');
  });
  it('a Git LFS pointer', async () => {
    const pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    const error = await failure(() => loadModel(writeBundle({ files: { 'model.onnx': pointer } })), 'MODEL_INVALID');
    expect(error.message).toContain('git lfs pull');
  });
});

describe('a graph that is not the declared one', () => {
  const graph = (bytes: Uint8Array, edit?: (j: Json) => void): string =>
    writeBundle({ files: { 'model.onnx': bytes }, ...(edit === undefined ? {} : { edit }) });
  const output = (j: Json): Json => (first(j, 'encoders')['outputs'] as Json[])[0] as Json;
  const cases: [string, string, (j: Json) => void][] = [
    [
      'size',
      'tiles of 256 x 256 pixels are declared for the input "tiles", but the graph\'s is 224',
      (j) => (tile(j)['size'] = 256),
    ],
    ['layout', "declared as NHWC, but the graph's shape is NCHW", (j) => (tile(j)['layout'] = 'NHWC')],
    ['type', 'declared as uint8, but the graph takes float32', (j) => (tile(j)['type'] = 'uint8')],
    [
      'input name',
      'the input "image" is declared, but the graph has "tiles"',
      (j) => ((first(j, 'encoders')['input'] as Json)['tensor'] = 'image'),
    ],
    [
      'output name',
      'the output "probs" is declared, but the graph has "logit"',
      (j) => (output(j)['tensor'] = 'probs'),
    ],
    ['columns', 'gives 1 values for each tile, but 2 are declared', (j) => (output(j)['columns'] = 2)],
  ];
  it.each(cases)('%s', async (_, message, edit) => {
    expect((await failure(() => loadModel(graph(graphBytes, edit)), 'MODEL_MISMATCH')).message).toContain(message);
  });
  it('with one channel, two inputs or an image for an output', async () => {
    const make = (channels: number, outputShape: number[], inputs = 1): Buffer => {
      const g = new OnnxGraph();
      const x = g.input({ name: 'tiles', type: 'float32', shape: ['n', channels, 224, 224] });
      for (let i = 1; i < inputs; ++i) g.input({ name: `more${i}`, type: 'float32', shape: [1] });
      g.node('Identity', [x], {}, 'logit');
      g.output({ name: 'logit', type: 'float32', shape: ['n', ...outputShape] });
      return g.encode();
    };
    expect((await failure(() => loadModel(graph(make(1, [1]))), 'MODEL_MISMATCH')).message).toContain(
      'has 1 channel, but tiles have 3',
    );
    expect((await failure(() => loadModel(graph(make(3, [3, 224, 224]))), 'MODEL_MISMATCH')).message).toContain(
      'is an image or a map',
    );
    expect((await failure(() => loadModel(graph(make(3, [1], 2))), 'MODEL_MISMATCH')).message).toContain('2 inputs');
  });
  it('but for a fixed batch, which nobody declares, is taken', async () => {
    expect((await loadModel(graph(attentionModel(4)))).graph.inputs[0]?.shape[0]).toBe(4);
  });
});

describe('references', () => {
  it('that lead nowhere', async () => {
    await failure(() => loadModel(join(temporaryFolder(), 'none')), 'FILE_NOT_FOUND');
    const empty = temporaryFolder();
    expect((await failure(() => loadModel(empty), 'MODEL_INVALID')).message).toContain('neither microtome.json nor');
    writeFileSync(join(empty, 'model.pt'), 'x');
    expect((await failure(() => loadModel(join(empty, 'model.pt')), 'MODEL_INVALID')).message).toContain(
      'neither a folder',
    );
    await failure(() => loadModel(''), 'INVALID_OPTION');
    await failure(() => loadModel(3 as unknown as string), 'INVALID_OPTION');
    await failure(() => loadModel('demo-retina'), 'FILE_NOT_FOUND');
  });
});
