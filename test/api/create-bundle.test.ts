/** A bundle of an .onnx file and of what is told of it. */
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBundle } from '../../lib/model/create-bundle.js';
import type { BundleOptions } from '../../lib/model/create-bundle.js';
import { loadModel } from '../../lib/model/load-model.js';
import { specOf } from '../../lib/model/spec.js';
import { constantModel, meanColourModel } from '../support/models/small-graphs.js';
import { failure, temporaryFolder } from './support/bundle.js';

const card = { licence: 'Apache-2.0', intendedUse: 'tests' };

function written(bytes = constantModel([1, 2])): { onnx: string; folder: string } {
  const dir = temporaryFolder();
  const onnx = join(dir, 'net.onnx');
  writeFileSync(onnx, bytes);
  return { onnx, folder: join(dir, 'bundle') };
}

describe('a bundle that is made of a graph', () => {
  it('works as the graph does with the same options', async () => {
    const { onnx, folder } = written();
    const how = {
      input: { mpp: 0.5, channels: 'BGR', mean: [0.1, 0.2, 0.3], std: [1, 2, 3] },
      activation: 'softmax',
      column: 1,
      head: { method: 'topK', fraction: 0.2 },
      clip: [0.1, 0.9],
    } as const;
    const made = await createBundle(onnx, folder, { ...how, ...card, fallback: 0.4, name: 'my-net' });
    expect(made).toMatchObject({
      kind: 'bundle',
      name: 'my-net',
      path: folder,
      card: { ...card, clinicalUse: false },
      assumed: null,
      outputs: [{ name: 'score', clip: [0.1, 0.9], clipDeclared: true, fallback: 0.4 }],
    });
    const bare = await loadModel(onnx, how);
    const { name: _, ...input } = bare.inputs[0] ?? {};
    expect(made.inputs[0]).toMatchObject(input);
    const [was, is] = [specOf(bare), specOf(made)];
    expect(is.heads[0]).toMatchObject({ ...was.heads[0], name: 'slide' });
    expect(is.encoders[0]?.outputs[0]).toMatchObject({ tensor: 'row', columns: 2, activation: 'softmax' });
    expect(is.graphs[0]?.sha256).toBe(was.graphs[0]?.sha256);
    expect(readdirSync(folder).sort()).toEqual(['microtome.json', 'model.onnx']);
    expect(readFileSync(join(folder, 'model.onnx'))).toEqual(readFileSync(onnx));
  });

  it('leaves out what nobody said', async () => {
    const { onnx, folder } = written(meanColourModel());
    await createBundle(onnx, folder, { input: { level: 2 }, ...card });
    const json = JSON.parse(readFileSync(join(folder, 'microtome.json'), 'utf8'));
    expect(json.inputs.tiles[0]).toMatchObject({ level: 2, size: 224 });
    expect(json.outputs[0]).toEqual({ name: 'score', of: 'slide' });
    expect(json.heads[0]).toMatchObject({ method: 'mean' });
  });

  it('declares no guess', async () => {
    const { onnx, folder } = written(meanColourModel());
    const made = await createBundle(onnx, folder, { input: { level: 2 }, ...card });
    const json = JSON.parse(readFileSync(join(folder, 'microtome.json'), 'utf8'));
    for (const key of ['mean', 'std']) expect(json.inputs.tiles[0]).not.toHaveProperty(key);
    expect(json.encoders[0].outputs[0]).not.toHaveProperty('activation');
    const { assumed } = await loadModel(onnx, { input: { level: 2 } });
    expect(made.assumed).toEqual({
      input: { mean: assumed?.input?.mean, std: assumed?.input?.std },
      activation: assumed?.activation,
    });
  });

  it('has a plain name where none is told', async () => {
    const { onnx, folder } = written(meanColourModel());
    const named = join(dirname(onnx), 'my net.onnx');
    copyFileSync(onnx, named);
    expect((await createBundle(named, folder, { input: { level: 2 }, ...card })).name).toBe('my-net');
  });
});

describe('what is refused leaves no folder', () => {
  it.each<[string, Partial<BundleOptions>, string]>([
    ['no resolution', { ...card, column: 1 }, 'pass input.mpp or input.level'],
    ['no licence', { intendedUse: 'x', input: { mpp: 1 } }, 'licence is missing'],
    ['no use', { licence: 'x', input: { mpp: 1 } }, 'intendedUse is missing'],
    ['a column that is not there', { ...card, input: { mpp: 1 }, column: 4 }, 'below 2'],
    ['a guessed column', { ...card, input: { mpp: 1 } }, 'has 2 columns: pass column'],
    ['a name with a space', { ...card, input: { mpp: 1 }, column: 1, name: 'my net' }, 'letters, digits'],
    ['a misspelt option', { ...card, licens: 'x' } as Partial<BundleOptions>, 'did you mean "licence"'],
  ])('%s', async (_, options, what) => {
    const { onnx, folder } = written();
    const error = await failure(() => createBundle(onnx, folder, options as BundleOptions), 'INVALID_OPTION');
    expect(error.message).toContain(what);
    expect(existsSync(folder)).toBe(false);
  });

  it('three columns of which none is told', async () => {
    const { onnx, folder } = written(constantModel([1, 2, 3]));
    const options = { ...card, input: { mpp: 1 } };
    expect((await failure(() => createBundle(onnx, folder, options), 'INVALID_OPTION')).message).toContain(
      'pass column',
    );
    expect(existsSync(folder)).toBe(false);
  });

  it('a folder that is there is not touched', async () => {
    const { onnx } = written();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'mine.txt'), 'mine');
    await failure(() => createBundle(onnx, folder, { ...card, input: { mpp: 1 }, column: 1 }), 'OUTPUT_EXISTS');
    expect(readdirSync(folder)).toEqual(['mine.txt']);
  });

  it('a graph that is not there', async () => {
    const folder = join(temporaryFolder(), 'new');
    await failure(() => createBundle('/none.onnx', folder, { ...card, input: { mpp: 1 } }), 'FILE_NOT_FOUND');
    expect(existsSync(folder)).toBe(false);
  });
});
