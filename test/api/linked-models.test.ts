/** A bare .onnx behind links, as caches of models keep it: its weights are found beside the link, and run. */
import { existsSync, linkSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createScorer, loadModel } from '../../lib/index.js';
import { specOf } from '../../lib/model/spec.js';
import { dataDir } from '../support/data.js';
import { OnnxGraph } from '../support/onnx-writer.js';
import { failure, sha256, temporaryFolder, writeBundle } from './support/bundle.js';

/** The mean of each channel times one: its weights are the three ones. */
const weights = Buffer.from(Float32Array.of(1, 1, 1).buffer);

function withWeights(location: string): Buffer {
  const g = new OnnxGraph();
  const x = g.input({ name: 'tiles', type: 'float32', shape: ['n', 3, 224, 224] });
  const mean = g.node('Flatten', [g.node('GlobalAveragePool', [x])]);
  g.node('MatMul', [mean, g.external([3, 1], location)], {}, 'score');
  g.output({ name: 'score', type: 'float32', shape: ['n', 1] });
  return g.encode();
}

const graph = withWeights('model.onnx_data');
const sumOf = (name: string): string => sha256(`${sha256(graph)}  ${name}\n${sha256(weights)}  model.onnx_data\n`);

/** As the cache of Hugging Face has it: files under their hashes, links under their names. */
function cache(): { readonly root: string; readonly link: string } {
  const root = realpathSync(temporaryFolder());
  mkdirSync(join(root, 'blobs'));
  mkdirSync(join(root, 'snapshots', 'main'), { recursive: true });
  for (const [name, bytes] of [
    ['model.onnx', graph],
    ['model.onnx_data', weights],
  ] as const) {
    writeFileSync(join(root, 'blobs', sha256(bytes)), bytes);
    symlinkSync(`../../blobs/${sha256(bytes)}`, join(root, 'snapshots', 'main', name));
  }
  return { root, link: join(root, 'snapshots', 'main', 'model.onnx') };
}

/** Opens a runtime with the model: what the runtime refuses shows here. */
async function runs(path: string): Promise<void> {
  const scorer = await createScorer({ model: path, mpp: 0.5, threads: 1 });
  await scorer.close();
}

describe('weights behind a cache link', () => {
  it('are found beside the link; name and hash are those of a copy', async () => {
    const { root, link } = cache();
    const model = await loadModel(link);
    expect(model).toMatchObject({ name: 'model', sha256: sumOf('model.onnx') });
    expect(specOf(model).graphs[0]?.weights).toMatchObject([
      { path: join(root, 'blobs', sha256(weights)), sha256: sha256(weights), location: 'model.onnx_data' },
    ]);
    const copy = temporaryFolder();
    writeFileSync(join(copy, 'model.onnx'), graph);
    writeFileSync(join(copy, 'model.onnx_data'), weights);
    const plain = await loadModel(join(copy, 'model.onnx'));
    expect(plain.sha256).toBe(model.sha256);
    expect(specOf(plain).graphs[0]?.weights[0]).not.toHaveProperty('location');
    await runs(link);
    await runs(pathToFileURL(link).href);
  });

  it('are found where a link of the user leads to the link of the cache, and through a link to a folder', async () => {
    const { root, link } = cache();
    const own = temporaryFolder();
    symlinkSync(link, join(own, 'mine.onnx'));
    symlinkSync(join(root, 'snapshots', 'main'), join(own, 'folder'));
    expect(await loadModel(join(own, 'mine.onnx'))).toMatchObject({ name: 'mine' });
    await runs(join(own, 'mine.onnx'));
    await runs(join(own, 'folder', 'model.onnx'));
  });

  it('are found where each file has a folder of its own, and where one of the two alone is a link', async () => {
    const store = temporaryFolder();
    const folder = temporaryFolder();
    for (const [name, bytes] of [
      ['model.onnx', graph],
      ['model.onnx_data', weights],
    ] as const) {
      mkdirSync(join(store, name));
      writeFileSync(join(store, name, 'object'), bytes);
      symlinkSync(join(store, name, 'object'), join(folder, name));
    }
    await runs(join(folder, 'model.onnx'));
    const mixed = temporaryFolder();
    writeFileSync(join(mixed, 'model.onnx'), graph);
    symlinkSync(join(store, 'model.onnx_data', 'object'), join(mixed, 'model.onnx_data'));
    await runs(join(mixed, 'model.onnx'));
    linkSync(join(store, 'model.onnx_data', 'object'), join(store, 'second name'));
    await runs(join(mixed, 'model.onnx'));
  });

  it('that are not there are missed beside the path that was given', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'real.onnx'), graph);
    const link = join(temporaryFolder(), 'link.onnx');
    symlinkSync(join(folder, 'real.onnx'), link);
    const error = await failure(() => loadModel(link), 'MODEL_INVALID');
    expect(error.message).toContain('model.onnx_data of the model is not there');
    writeFileSync(join(folder, 'model.onnx_data'), weights);
    await runs(link);
  });

  it('that changed after they were read are refused', async () => {
    const { root, link } = cache();
    const model = await loadModel(link, { input: { mpp: 0.5 } });
    writeFileSync(join(root, 'blobs', sha256(weights)), Buffer.from(Float32Array.of(2, 2, 2).buffer));
    const error = await failure(() => createScorer({ model, threads: 1 }), 'MODEL_INVALID');
    expect(error.message).toContain('was changed after the model was read');
  });

  it.each(['../model.onnx_data', '/etc/passwd', 'a/../../x'])('a place outside is refused: %s', async (location) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'real.onnx'), withWeights(location));
    symlinkSync(join(folder, 'real.onnx'), join(folder, 'link.onnx'));
    await failure(() => loadModel(join(folder, 'link.onnx')), 'MODEL_INVALID');
  });

  it('of a bundle are still refused', async () => {
    const folder = writeBundle({ files: { 'model.onnx': graph, 'model.onnx_data': weights } });
    const data = join(folder, 'model.onnx_data');
    const elsewhere = join(temporaryFolder(), 'data');
    writeFileSync(elsewhere, weights);
    rmSync(data);
    symlinkSync(elsewhere, data);
    expect((await failure(() => loadModel(folder), 'MODEL_INVALID')).message).toContain('is a link');
  });
});

describe('the reported file', () => {
  const path = join(dataDir ?? '', 'reports', 'ext.onnx');
  it.skipIf(!existsSync(path))('behind links of a cache', async () => {
    const links = temporaryFolder();
    symlinkSync(path, join(links, 'ext.onnx'));
    symlinkSync(`${path}_data`, join(links, 'ext.onnx_data'));
    const scorer = await createScorer({ model: join(links, 'ext.onnx'), level: 0, threads: 1 });
    await scorer.close();
  });
});
