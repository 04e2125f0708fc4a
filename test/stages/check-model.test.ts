/** checkModel on graphs that are known: shapes, neighbours, failures. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkModel, loadModel } from '../../lib/index.js';
import { OnnxGraph } from '../support/onnx-writer.js';
import { meanColourModel, nanModel, wideModel } from '../support/models/small-graphs.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-check-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (name: string): string => join(scratch, name);

/** Each row minus the mean of all rows of the batch. */
function batchModel(): Buffer {
  const graph = new OnnxGraph(29);
  const x = graph.input({ name: 'tiles', type: 'float32', shape: ['n', 3, 64, 64] });
  const rows = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  graph.node('Sub', [rows, graph.node('ReduceMean', [rows], { axes: [0], keepdims: 1 })], {}, 'rows');
  graph.output({ name: 'rows', type: 'float32', shape: ['n', 3] });
  return graph.encode();
}

beforeAll(() => {
  writeFileSync(at('mean.onnx'), meanColourModel());
  writeFileSync(at('wide.onnx'), wideModel(6, 64));
  writeFileSync(at('batch.onnx'), batchModel());
  writeFileSync(at('nan.onnx'), nanModel());
});

describe('a model on noise', () => {
  it('shows its input, its rows and its speed', async () => {
    const model = await loadModel(at('wide.onnx'), { input: { level: 0 }, column: 2, clip: null });
    const { encoders, failure, model: identity } = await checkModel(model);
    expect(encoders).toMatchObject([
      {
        reads: 'tiles',
        inputShape: [3, 64, 64],
        outputs: [{ name: 'features', columns: 6 }],
        dependsOnNeighbours: false,
      },
    ]);
    expect(encoders[0]?.perSecond).toBeGreaterThan(0);
    expect([failure, identity.sha256]).toEqual([null, model.sha256]);
  });

  it('is told apart where the row of a tile depends on its neighbours', async () => {
    const model = await loadModel(at('batch.onnx'), { input: { level: 0 }, column: 0, clip: null });
    expect((await checkModel(model)).encoders).toMatchObject([{ dependsOnNeighbours: true }]);
  });

  it('need not say its resolution', async () => {
    expect((await checkModel(at('mean.onnx'))).failure).toBeNull();
  });

  it('that gives no numbers fails as it would on a slide', async () => {
    await expect(checkModel(at('nan.onnx'))).rejects.toMatchObject({ code: 'OUTPUT_NOT_FINITE' });
  });

  it('may be the one of the package', async () => {
    const { encoders, failure } = await checkModel('demo');
    expect(encoders).toMatchObject([{ reads: 'tiles', dependsOnNeighbours: false }]);
    expect(failure).toBeNull();
  });

  it('ends with the reason of the signal', async () => {
    const reason = new Error('enough');
    await expect(checkModel('demo', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
