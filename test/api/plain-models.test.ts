import { linkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/model/load-model.js';
import { specOf } from '../../lib/model/spec.js';
import { parseScorerOptions, slideSettings } from '../../lib/options/score-options.js';
import type { ModelOptions } from '../../lib/options/types.js';
import { OnnxGraph } from '../support/onnx-writer.js';
import type { Dimension, ElementType } from '../support/onnx-writer.js';
import type { Json } from './support/bundle.js';
import { failure, temporaryFolder } from './support/bundle.js';

interface GraphOptions {
  readonly shape?: readonly Dimension[];
  readonly type?: ElementType;
  readonly outputs?: Readonly<Record<string, readonly Dimension[]>>;
}

function graph({
  shape = ['n', 3, 96, 96],
  type = 'float32',
  outputs = { logits: ['n', 2] },
}: GraphOptions = {}): Buffer {
  const g = new OnnxGraph();
  const x = g.input({ name: 'image', type, shape });
  for (const [name, dims] of Object.entries(outputs)) {
    g.node('Identity', [x], {}, name);
    g.output({ name, type: 'float32', shape: dims });
  }
  return g.encode();
}

function bare(options?: GraphOptions): string {
  const path = join(temporaryFolder(), 'classifier.onnx');
  writeFileSync(path, graph(options));
  return path;
}

describe('a bare .onnx', () => {
  it('is read from its shape, with plain defaults', async () => {
    const model = await loadModel(bare());
    expect(model).toMatchObject({
      name: 'classifier',
      kind: 'onnx',
      card: null,
      intendedUse: 'not declared',
      input: {
        name: 'image',
        sizePx: 96,
        stridePx: 96,
        mpp: null,
        level: null,
        layout: 'NCHW',
        channels: 'RGB',
        type: 'float32',
        scale: 1 / 255,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
      outputs: [{ name: 'score', clip: [1e-6, 1 - 1e-6], clipDeclared: false, fallback: null }],
    });
    expect(specOf(model)).toMatchObject({
      encoders: [{ outputs: [{ tensor: 'logits', columns: 2, activation: 'none' }] }],
      heads: [{ method: 'mean', of: { column: 1 } }],
    });
  });
  it('takes what it is told', async () => {
    const options: ModelOptions = {
      input: { mpp: 0.5, channels: 'BGR', scale: 1, mean: [1, 2, 3], std: [4, 5, 6] },
      activation: 'softmax',
      column: 0,
      head: { method: 'topK', k: 3 },
    };
    const model = await loadModel(bare(), options);
    expect(model.input).toMatchObject({ mpp: 0.5, channels: 'BGR', scale: 1, mean: [1, 2, 3], std: [4, 5, 6] });
    expect(specOf(model)).toMatchObject({
      encoders: [{ outputs: [{ activation: 'softmax' }] }],
      heads: [{ method: 'topK', k: 3, of: { column: 0 } }],
    });
  });
  it('knows channels-last, half precision, bytes and a fixed batch', async () => {
    const nhwc = await loadModel(bare({ shape: [1, 64, 64, 3], type: 'float16', outputs: { p: [1, 1] } }));
    expect(nhwc.input).toMatchObject({ layout: 'NHWC', type: 'float16', sizePx: 64 });
    expect(nhwc.graph.inputs[0]?.shape[0]).toBe(1);
    expect((await loadModel(bare({ type: 'uint8' }))).input?.type).toBe('uint8');
    const trailing = await loadModel(bare({ shape: [1, 3, 32, 32], outputs: { p: [1, 2, 1, 1] } }));
    expect(specOf(trailing).encoders[0]?.outputs[0]?.columns).toBe(2);
  });
  it('needs a size where the graph has none, and takes no other where it has', async () => {
    const path = bare({ shape: ['n', 3, 'h', 'w'] });
    expect((await failure(() => loadModel(path), 'INVALID_OPTION')).message).toContain('pass input.size');
    expect((await loadModel(path, { input: { size: 128 } })).input?.sizePx).toBe(128);
    expect((await failure(() => loadModel(bare(), { input: { size: 128 } }), 'MODEL_MISMATCH')).message).toContain(
      '128 x 128',
    );
    expect((await failure(() => loadModel(bare({ shape: ['n', 3, 10, 20] })), 'MODEL_MISMATCH')).message).toContain(
      'square',
    );
  });
  it('needs a resolution to score, from the model options or the slide options', async () => {
    const settings = async (model: ModelOptions, slide: object) => {
      const loaded = await loadModel(bare(), model);
      return slideSettings(parseScorerOptions({ model: loaded, ...slide }).slide, loaded).grids[0];
    };
    expect((await failure(() => settings({}, {}), 'INVALID_OPTION')).message).toContain(
      'pass input.mpp, the microns per pixel of its training tiles, or input.level',
    );
    expect(await settings({ input: { level: 2 } }, {})).toMatchObject({ level: 2, mpp: null });
    expect(await settings({}, { mpp: 1 })).toMatchObject({ level: null, mpp: 1 });
  });
  it('with more than two columns must be told which is the score', async () => {
    const path = bare({ outputs: { classes: ['n', 10] } });
    const model = await loadModel(path, { input: { mpp: 1 } });
    const error = await failure(() => slideSettings(parseScorerOptions({ model }).slide, model), 'INVALID_OPTION');
    expect(error.message).toContain('The output "classes" has 10 columns: pass column');
    expect(specOf(await loadModel(path, { column: 7 })).heads[0]).toMatchObject({ of: { column: 7 } });
    expect((await failure(() => loadModel(path, { column: 10 }), 'INVALID_OPTION')).message).toContain('below 10');
    expect((await failure(() => loadModel(path, { column: 'cat' }), 'INVALID_OPTION')).message).toContain(
      'names no classes',
    );
  });
  it('with several outputs must be told which is scored', async () => {
    const path = bare({ outputs: { a: ['n', 1], b: ['n', 1] } });
    expect((await failure(() => loadModel(path), 'INVALID_OPTION')).message).toContain(
      '2 outputs (a, b): pass graphOutput',
    );
    expect(specOf(await loadModel(path, { graphOutput: 'b' })).encoders[0]?.outputs[0]?.tensor).toBe('b');
    expect((await failure(() => loadModel(path, { graphOutput: 'c' }), 'MODEL_MISMATCH')).message).toContain('"c"');
  });
  it('may be a link, since the user named it, but not one to a folder', async () => {
    const path = bare();
    const link = join(temporaryFolder(), 'link.onnx');
    symlinkSync(path, link);
    expect((await loadModel(link)).path).toBe(path);
    linkSync(path, join(temporaryFolder(), 'hard.onnx'));
    expect((await loadModel(path)).path).toBe(path);
  });
});

const config = (): Json => ({
  spec_version: '1.0',
  architecture: 'resnet34',
  num_classes: 2,
  patch_size_pixels: 350,
  spacing_um_px: 0.25,
  class_names: ['benign', 'tumour'],
  transform: [
    { name: 'Resize', arguments: { size: 96 } },
    { name: 'ToTensor' },
    { name: 'Normalize', arguments: { mean: [0.7, 0.5, 0.6], std: [0.1, 0.2, 0.3] } },
  ],
  another_key: 'allowed by the format',
});

function wsinfer(edit?: (json: Json) => void, onnx: GraphOptions = {}): string {
  const folder = temporaryFolder();
  const json = config();
  edit?.(json);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json, null, 1));
  writeFileSync(join(folder, 'model.onnx'), graph(onnx));
  return folder;
}

describe('a WSInfer model', () => {
  it('becomes a grid at the resolution after its resize, softmax over its classes', async () => {
    const folder = wsinfer();
    const model = await loadModel(folder);
    expect(model).toMatchObject({ kind: 'wsinfer', name: 'resnet34', path: folder });
    expect(model.input).toMatchObject({
      sizePx: 96,
      stridePx: 96,
      mean: [0.7, 0.5, 0.6],
      std: [0.1, 0.2, 0.3],
      scale: 1 / 255,
    });
    expect(model.input?.mpp).toBeCloseTo((0.25 * 350) / 96, 12);
    expect(model.outputs.map((o) => o.name)).toEqual(['score', 'benign', 'tumour']);
    expect(specOf(model)).toMatchObject({
      encoders: [{ outputs: [{ activation: 'softmax', columns: 2, columnNames: ['benign', 'tumour'] }] }],
      heads: [{ of: { column: 1 } }, { of: { column: 0 } }, { of: { column: 1 } }],
    });
    expect((await loadModel(join(folder, 'config.json'))).sha256).toBe(model.sha256);
  });
  it('takes sigmoid for a single class, and its patch as it is without Resize', async () => {
    const one = wsinfer(
      (j) =>
        Object.assign(j, {
          num_classes: 1,
          class_names: ['tumour'],
          patch_size_pixels: 96,
          transform: [{ name: 'ToTensor' }],
        }),
      { outputs: { p: ['n', 1] } },
    );
    const model = await loadModel(one);
    expect(model.input).toMatchObject({ sizePx: 96, mpp: 0.25, mean: [0, 0, 0], std: [1, 1, 1] });
    expect(specOf(model).encoders[0]?.outputs[0]?.activation).toBe('sigmoid');
  });
  it('takes a class by name, and must be told of three', async () => {
    expect(specOf(await loadModel(wsinfer(), { column: 'benign' })).heads[0]).toMatchObject({ of: { column: 0 } });
    expect((await failure(() => loadModel(wsinfer(), { column: 'none' }), 'INVALID_OPTION')).message).toContain(
      'benign, tumour',
    );
    const three = (j: Json) => Object.assign(j, { num_classes: 3, class_names: ['a', 'b', 'c'] });
    const model = await loadModel(wsinfer(three, { outputs: { p: ['n', 3] } }));
    expect(
      (await failure(() => slideSettings(parseScorerOptions({ model }).slide, model), 'INVALID_OPTION')).message,
    ).toContain('3 columns (a, b, c)');
    expect((await failure(() => loadModel(wsinfer(), { activation: 'none' }), 'INVALID_OPTION')).message).toContain(
      'activation',
    );
  });
  it('whose graph has other columns or another size is refused', async () => {
    expect(
      (await failure(() => loadModel(wsinfer(undefined, { outputs: { p: ['n', 3] } })), 'MODEL_MISMATCH')).message,
    ).toContain('3 values for each tile, but 2');
    expect(
      (await failure(() => loadModel(wsinfer(undefined, { shape: ['n', 3, 224, 224] })), 'MODEL_MISMATCH')).message,
    ).toContain('96 x 96');
  });
  const wrong: [string, (j: Json) => void][] = [
    ['/spec_version: must be "1.0"', (j) => (j['spec_version'] = '2.0')],
    ['/class_names: 2 names for num_classes 3', (j) => (j['num_classes'] = 3)],
    ['/class_names: must be a list of different names', (j) => (j['class_names'] = ['a', 'a'])],
    ['/spacing_um_px: must be a number of at least', (j) => (j['spacing_um_px'] = 0)],
    ['/patch_size_pixels: must be an integer', (j) => delete j['patch_size_pixels']],
    [
      '/transform/0/name: the transform "CenterCrop" is not supported',
      (j) => (((j['transform'] as Json[])[0] as Json)['name'] = 'CenterCrop'),
    ],
    ['must be Resize, ToTensor, Normalize in this order', (j) => (j['transform'] as Json[]).reverse()],
    ['ToTensor is missing', (j) => (j['transform'] as Json[]).splice(1, 1)],
    ['only square sizes', (j) => (((j['transform'] as Json[])[0] as Json)['arguments'] = { size: [96, 48] })],
    [
      'the argument "interpolation" is not supported',
      (j) => (((j['transform'] as Json[])[0] as Json)['arguments'] = { size: 96, interpolation: 3 }),
    ],
    [
      '/transform/2/arguments/std/1',
      (j) => (((j['transform'] as Json[])[2] as Json)['arguments'] = { mean: [0, 0, 0], std: [1, 0, 1] }),
    ],
  ];
  it.each(wrong)('%s', async (message, edit) => {
    const error = await failure(() => loadModel(wsinfer(edit)), 'MODEL_INVALID');
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/line \d+/);
  });
  it('needs one .onnx, which is no link', async () => {
    const folder = wsinfer();
    renameSync(join(folder, 'model.onnx'), join(folder, 'b.onnx'));
    expect((await loadModel(folder)).graph.path).toBe(join(folder, 'b.onnx'));
    symlinkSync('b.onnx', join(folder, 'model.onnx'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('is a link');
    renameSync(join(folder, 'model.onnx'), join(folder, 'c.onnx'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain(
      '2 .onnx files (b.onnx, c.onnx)',
    );
    rmSync(join(folder, 'b.onnx'));
    rmSync(join(folder, 'c.onnx'));
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('no .onnx file');
  });
});
