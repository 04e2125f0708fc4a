/** checkModel on graphs that are known: shapes, neighbours, failures. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  it('is not tried as a whole where nobody said which column is the score', async () => {
    const { encoders, notTried } = await checkModel(await loadModel(at('wide.onnx'), { input: { level: 0 } }));
    expect([encoders.length, notTried]).toEqual([1, 'noColumn']);
  });

  it('of large tiles makes less noise, and refuses where even that is too large', async () => {
    writeFileSync(at('large.onnx'), wideModel(2, 1100));
    const options = { input: { level: 0 }, column: 0, clip: null };
    const { encoders, notTried } = await checkModel(await loadModel(at('large.onnx'), options));
    expect(encoders).toMatchObject([{ inputShape: [3, 1100, 1100], dependsOnNeighbours: false }]);
    expect(notTried).toBeNull();
    writeFileSync(at('huge.onnx'), wideModel(2, 8192));
    await expect(checkModel(await loadModel(at('huge.onnx'), options))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('bytes of noise'),
    });
  });

  it('need not say its resolution', async () => {
    expect((await checkModel(at('mean.onnx'))).failure).toBeNull();
  });

  it('that gives no numbers fails as it would on a slide', async () => {
    await expect(checkModel(at('nan.onnx'))).rejects.toMatchObject({ code: 'OUTPUT_NOT_FINITE' });
  });

  it('may read two resolutions and a picture: it is tried as a whole', async () => {
    const files = { 'fine.onnx': wideModel(2, 64), 'coarse.onnx': wideModel(3, 64) };
    const folder = at('two');
    mkdirSync(folder);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    const scales = [
      ['fine', 0.5],
      ['coarse', 2.2],
    ] as const;
    const bundle = {
      formatVersion: 1,
      name: 'two',
      inputs: {
        tiles: scales.map(([name, mpp]) => ({ name, mpp, size: 64, edge: 'drop' })),
        images: [{ name: 'whole', mode: 'fixed', width: 64, height: 64 }],
      },
      encoders: [
        ...scales.map(([name], i) => ({
          name,
          graph: `${name}.onnx`,
          input: { from: name },
          outputs: [{ name: 'features', columns: i + 2 }],
        })),
        { name: 'whole', graph: 'fine.onnx', input: { from: 'whole' }, outputs: [{ name: 'features', columns: 2 }] },
      ],
      heads: ['fine', 'coarse', 'whole'].map((name) => ({
        name,
        method: 'mean',
        of: { encoder: name, output: 'features', column: 1 },
      })),
      outputs: [{ name: 'score', of: [{ head: 'fine' }, { head: 'coarse' }, { head: 'whole' }], clip: null }],
      files: Object.fromEntries(
        Object.entries(files).map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
      ),
      card: { licence: 'Apache-2.0', intendedUse: 'tests' },
    };
    writeFileSync(join(folder, 'microtome.json'), JSON.stringify(bundle));
    const { encoders, failure, notTried } = await checkModel(folder);
    expect([failure, notTried]).toEqual([null, null]);
    expect(encoders.map(({ name, reads, dependsOnNeighbours }) => [name, reads, dependsOnNeighbours])).toEqual([
      ['fine', 'tiles', false],
      ['coarse', 'tiles', false],
      ['whole', 'image', null],
    ]);
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
