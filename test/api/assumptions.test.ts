/** What is assumed of a model that does not say it, and activations that cannot be meant. No runtime is opened. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/index.js';
import type { ModelAssumptions, ModelOptions } from '../../lib/index.js';
import { specOf } from '../../lib/model/spec.js';
import { constantModel } from '../support/models/small-graphs.js';
import { OnnxGraph, type Dimension, type ElementType } from '../support/onnx-writer.js';
import { failure, temporaryFolder, writeBundle, type Json } from './support/bundle.js';

let files = 0;
const folder = temporaryFolder();
function put(bytes: Buffer): string {
  const path = join(folder, `model${files++}.onnx`);
  writeFileSync(path, bytes);
  return path;
}

/** Operators one after the other, from the image to the output. */
function chain(operators: readonly string[], shape: readonly Dimension[], type: ElementType = 'float32'): string {
  const graph = new OnnxGraph();
  let at = graph.input({ name: 'image', type, shape: ['n', 3, 64, 64] });
  operators.forEach((operator, i) => {
    at = graph.node(operator, [at], {}, i === operators.length - 1 ? 'y' : undefined);
  });
  graph.output({ name: 'y', type: 'float32', shape });
  return put(graph.encode());
}

const plainInput = { channels: 'RGB', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] } as const;

describe('what is assumed of a bare .onnx', () => {
  it('is what nobody told; what the graph shows stands beside it', async () => {
    const { assumed } = await loadModel(put(constantModel([1, 2])));
    expect(assumed).toEqual({
      input: plainInput,
      activation: 'none',
      column: 1,
      head: { method: 'mean' },
      fromGraph: { input: 'tiles', size: 64, layout: 'NCHW', graphOutput: 'row', operator: 'Gemm' },
    });
    expect(Object.isFrozen(assumed)).toBe(true);
  });

  it('becomes less with each option that is told, also with the value of the default', async () => {
    const path = put(constantModel([1, 2]));
    const assumed = async (options: ModelOptions) => (await loadModel(path, options)).assumed;
    expect((await assumed({ input: { mean: [0.5, 0.5, 0.5], std: [1, 1, 1] } }))?.input).toEqual({
      channels: 'RGB',
      scale: 1 / 255,
    });
    expect(await assumed({ input: plainInput })).not.toHaveProperty('input');
    expect(await assumed({ activation: 'none' })).not.toHaveProperty('activation');
    expect(await assumed({ column: 0 })).not.toHaveProperty('column');
    expect(await assumed({ head: { method: 'max' } })).not.toHaveProperty('head');
    expect(await assumed({ input: { size: 64, layout: 'NCHW' }, graphOutput: 'row' })).toMatchObject({
      fromGraph: { input: 'tiles', operator: 'Gemm' },
    });
  });

  it('told back, it gives the same model with nothing assumed', async () => {
    const path = put(constantModel([1, 2]));
    const first = await loadModel(path);
    const { fromGraph: _, ...options } = first.assumed as ModelAssumptions;
    const second = await loadModel(path, options);
    expect(second.assumed).toBeNull();
    expect([second.input, specOf(second)]).toEqual([first.input, specOf(first)]);
  });

  it('a single column needs no guess; of many none is guessed', async () => {
    const one = (await loadModel(put(constantModel([1])))).assumed;
    expect([one?.column, one?.fromGraph?.column]).toEqual([undefined, 0]);
    const three = (await loadModel(put(constantModel([1, 2, 3])))).assumed;
    expect([three?.column, three?.fromGraph?.column]).toEqual([undefined, undefined]);
  });

  it('the layout is assumed only where the shape does not show it; bytes are not scaled', async () => {
    const graph = new OnnxGraph();
    const x = graph.input({ name: 'image', type: 'uint8', shape: ['n', 'a', 'b', 'c'] });
    graph.node('Identity', [x], {}, 'y');
    graph.output({ name: 'y', type: 'float32', shape: ['n', 1] });
    const { assumed } = await loadModel(put(graph.encode()), { input: { size: 64 } });
    expect(assumed?.input).toEqual({ layout: 'NCHW', channels: 'RGB' });
    expect(assumed?.fromGraph).toEqual({ input: 'image', graphOutput: 'y', column: 0 });
  });
});

describe('what is assumed of a bundle', () => {
  const tiles = (json: Json): Json => ((json['inputs'] as Json)['tiles'] as Json[])[0] as Json;
  const output = (json: Json): Json =>
    ((json['encoders'] as Json[])[0] as { outputs: Json[] }).outputs[0] as unknown as Json;
  const all = (json: Json): void => {
    Object.assign(tiles(json), { layout: 'NCHW', channels: 'RGB', type: 'float32', scale: 1 / 255 });
  };

  it('nothing, where it declares everything; the built-in one does', async () => {
    expect((await loadModel(writeBundle({ edit: all }))).assumed).toBeNull();
    expect((await loadModel('demo')).assumed).toBeNull();
  });

  it('what it leaves to the defaults of its format', async () => {
    const edit = (json: Json): void => {
      all(json);
      delete tiles(json)['mean'];
      delete output(json)['activation'];
    };
    expect((await loadModel(writeBundle({ edit }))).assumed).toEqual({
      input: { mean: [0, 0, 0] },
      activation: 'none',
    });
  });

  it('the first of several columns, with sigmoid also a warning', async () => {
    const files = { 'model.onnx': constantModel([1, 2]) };
    const edit = (json: Json): void => {
      all(json);
      tiles(json)['size'] = 64;
      Object.assign(output(json), { tensor: 'row', columns: 2 });
    };
    const { assumed, warnings } = await loadModel(writeBundle({ edit, files }));
    expect(assumed).toEqual({ column: 0 });
    expect(warnings).toEqual([expect.stringContaining('sigmoid takes each of the 2 columns')]);
  });
});

describe('an activation', () => {
  it('softmax over a single column is refused, naming sigmoid', async () => {
    const error = await failure(() => loadModel(put(constantModel([1])), { activation: 'softmax' }), 'INVALID_OPTION');
    expect(error.message).toContain('activation: \'softmax\' over the single column of the output "row"');
    expect(error.advice).toContain("pass activation: 'sigmoid'");
  });

  it('softmax over the single column of a graph that ends with Sigmoid: neither is needed', async () => {
    const path = put(constantModel([1], 'Sigmoid'));
    const error = await failure(() => loadModel(path, { activation: 'softmax' }), 'INVALID_OPTION');
    expect(error.advice).toContain('leave activation out: the graph ends with Sigmoid');
  });

  it('softmax over a single column in a bundle names its line', async () => {
    const edit = (json: Json): void => {
      const encoder = (json['encoders'] as Json[])[0] as { outputs: Json[] };
      (encoder.outputs[0] as unknown as Json)['activation'] = 'softmax';
    };
    const error = await failure(() => loadModel(writeBundle({ edit })), 'MODEL_INVALID');
    expect(error.message).toMatch(/line \d+, \/encoders\/0\/outputs\/0\/activation: softmax over a single column/);
    expect(error.message).toContain('sigmoid');
  });

  it.each([
    ['Sigmoid', 'sigmoid', [1]],
    ['Sigmoid', 'softmax', [1, 2]],
    ['Softmax', 'softmax', [1, 2]],
    ['HardSigmoid', 'sigmoid', [1]],
  ] as const)('after %s, %s again is warned of', async (ending, activation, row) => {
    const path = put(constantModel(row, ending));
    const { warnings } = await loadModel(path, { activation, column: row.length - 1 });
    expect(warnings).toEqual([expect.stringContaining(`the graph ends with ${ending}`)]);
    expect((await loadModel(path, { column: row.length - 1 })).warnings).toEqual([]);
  });

  it('after Gemm nothing is warned of; after LogSoftmax only what is wrong', async () => {
    expect((await loadModel(put(constantModel([1])), { activation: 'sigmoid' })).warnings).toEqual([]);
    const path = put(constantModel([1, 2], 'LogSoftmax'));
    expect((await loadModel(path, { activation: 'softmax' })).warnings).toEqual([]);
    expect((await loadModel(path, { activation: 'sigmoid', column: 1 })).warnings).toEqual([
      expect.stringContaining('logarithms'),
    ]);
  });

  it('Softmax over a single column in the graph is warned of', async () => {
    expect((await loadModel(put(constantModel([1], 'Softmax')))).warnings).toEqual([
      expect.stringContaining('1 for every tile'),
    ]);
  });

  it('sigmoid over several columns is warned of where nobody said which one', async () => {
    const path = put(constantModel([1, 2]));
    expect((await loadModel(path, { activation: 'sigmoid' })).warnings).toEqual([
      expect.stringContaining('column 1 was taken'),
    ]);
    expect((await loadModel(path, { activation: 'sigmoid', column: 0 })).warnings).toEqual([]);
  });
});

describe('a column outside', () => {
  it.each([
    [[1, 2], 2, 'columns count from 0: 0 to 1'],
    [[1], 1, 'the output has a single column, 0'],
  ])('of %j, %d is refused with those there are', async (row, column, advice) => {
    const error = await failure(() => loadModel(put(constantModel(row)), { column }), 'INVALID_OPTION');
    expect(error.message).toContain(`an index below ${row.length}`);
    expect(error.advice).toBe(advice);
  });
});

describe('the operator that makes an output', () => {
  const operator = async (path: string) => (await loadModel(path, { column: 0 })).assumed?.fromGraph?.operator;
  it('is seen through those that change only shape or type', async () => {
    for (const last of ['Identity', 'Flatten', 'Cast', 'Dropout', 'Transpose'])
      expect(await operator(chain(['GlobalAveragePool', 'Softmax', last, 'Identity'], ['n', 3])), last).toBe('Softmax');
  });
  it('is not known of an input that is passed on, nor of a node far from the end', async () => {
    expect(await operator(chain(['Identity'], ['n', 3]))).toBeUndefined();
    const graph = new OnnxGraph();
    const x = graph.input({ name: 'image', type: 'float32', shape: ['n', 3, 64, 64] });
    graph.node('Sigmoid', [x], {}, 'y');
    for (let i = 0; i < 2000; ++i) graph.node('Neg', [x]);
    graph.output({ name: 'y', type: 'float32', shape: ['n', 3] });
    expect(await operator(put(graph.encode()))).toBeUndefined();
  });
  it('is that of the output which is scored', async () => {
    const graph = new OnnxGraph();
    const x = graph.input({ name: 'image', type: 'float32', shape: ['n', 3, 64, 64] });
    graph.node('Sigmoid', [x], {}, 'a');
    graph.node('Neg', [x], {}, 'b');
    for (const name of ['a', 'b']) graph.output({ name, type: 'float32', shape: ['n', 1] });
    const path = put(graph.encode());
    for (const [graphOutput, expected] of [['a', 'Sigmoid'] as const, ['b', 'Neg'] as const])
      expect((await loadModel(path, { graphOutput })).assumed?.fromGraph?.operator).toBe(expected);
  });
});
