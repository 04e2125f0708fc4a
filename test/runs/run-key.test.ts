import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/model/load-model.js';
import { specOf } from '../../lib/model/spec.js';
import { parseDirectoryOptions } from '../../lib/runs/directory-options.js';
import { keyOptions, partialOptions, runKey } from '../../lib/runs/run-key.js';
import { writeBundle } from '../api/support/bundle.js';
import { fileWith } from './support.js';

const prepared = {
  header: ['filename', 'relapse'],
  rows: [],
  problems: [],
  formatSha256: null,
  metadataSha256: null,
  inputs: [],
} as const;

describe('options in the key of the journal', () => {
  it('are those that change scores, by name; a default given by name is no difference', async () => {
    const given = {
      model: 'demo',
      output: 'o.csv',
      threads: 3,
      memoryLimit: 2 ** 30,
      tiles: true,
      onError: 'error',
      mpp: 0.5,
      onBadTile: 'error',
      tile: { stride: 9 },
      limits: { directories: 512, tableBytes: 5 },
      clip: null,
      input: { mean: [0, 0, 0], std: [1, 1, 2] },
      deadline: new Date('2031-05-01T08:00:00Z'),
    };
    expect(await keyOptions(given)).toEqual({
      mpp: 0.5,
      'tile.stride': 9,
      clip: null,
      'input.std': [1, 1, 2],
    });
  });

  it('are not those that change some scores only: these are the rows own', async () => {
    const given = { model: 'demo', onBadTile: 'fill', seed: 7, limits: { tableBytes: 5 }, deadline: 1000 } as const;
    expect(await keyOptions(given)).toEqual({});
    const model = await loadModel(writeBundle());
    const values = (options: object) =>
      Object.fromEntries(partialOptions(model, parseDirectoryOptions(options)).map((o) => [o.name, o.value]));
    expect(values(given)).toMatchObject({ onBadTile: 'fill', seed: 7, 'limits.tableBytes': 5 });
    expect(values({ model: 'demo' })).toMatchObject({
      onBadTile: 'error',
      seed: null,
      'limits.tableBytes': 256 * 2 ** 20,
    });
  });

  it('device and runtime count by what is in use, not by how they were named', async () => {
    expect(await keyOptions({ device: 'cpu', onnxRuntimePath: '/x.so' })).toEqual({});
    const model = await loadModel(writeBundle());
    const machine = { 'ONNX Runtime': '1.29.0', 'the device': 'cpu' };
    expect((await runKey(model, prepared, parseDirectoryOptions({ model }), machine)).machine).toEqual(machine);
  });

  it('have who decodes for a GPU only without reproducible', async () => {
    expect(await keyOptions({ gpu: { decode: 'cpu' } })).toEqual({});
    const free = await keyOptions({ gpu: { decode: 'cpu' }, reproducible: false });
    expect(free).toEqual({ 'gpu.decode': 'cpu', reproducible: false });
  });
  it('have the batch size only without reproducible', async () => {
    expect(await keyOptions({ batchSize: 3 })).toEqual({});
    expect(await keyOptions({ batchSize: 3, reproducible: false })).toEqual({ batchSize: 3, reproducible: false });
  });

  it('have a mask by what is in its file', async () => {
    const path = await fileWith('{}', 'mask.geojson');
    const before = await keyOptions({ mask: path });
    expect(before['mask']).toMatch(/^sha256:/);
    await writeFile(path, '{ }');
    expect(await keyOptions({ mask: path })).not.toEqual(before);
  });

  it('have what a model was loaded with', async () => {
    const folder = writeBundle();
    const key = async (model: Awaited<ReturnType<typeof loadModel>>) =>
      (await runKey(model, prepared, parseDirectoryOptions({ model }))).options;
    expect(await key(await loadModel(folder))).toEqual({});
    expect(await key(await loadModel(folder, { clip: [0.2, 0.8] }))).toEqual({ clip: [0.2, 0.8] });
  });
});

describe('clip', () => {
  it('takes the place of the range of the first output, or of every range', async () => {
    const folder = writeBundle();
    const declared = await loadModel(folder);
    const held = await loadModel(folder, { clip: [0.2, 0.8] });
    expect(held.outputs[0]?.clip).toEqual([0.2, 0.8]);
    expect(specOf(held).outputs[0]?.clip).toEqual([0.2, 0.8]);
    expect(held.outputs.slice(1)).toEqual(declared.outputs.slice(1));
    expect((await loadModel(folder, { clip: null })).outputs[0]?.clip).toBeNull();
    for (const clip of [[1, 0], [0], 'none', [0, Number.NaN]]) {
      await expect(loadModel(folder, { clip } as never)).rejects.toThrow('clip');
    }
  });
});
