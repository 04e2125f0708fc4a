// Slides and models of the cost model. Slides share their tiles, so that they are drawn in seconds.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from '../../scripts/steps/paths.mjs';
import { compile } from '../../scripts/steps/typescript.mjs';
import { generator } from '../shared/generator.mjs';

export const tilePx = 256;
export const qualities = [30, 50, 70, 85, 95];
/** Multiply-accumulates of one tile of 224 px, in millions. */
export const models = { 'mean colour': 0.15, 'CNN of 30 MMAC': 29.8, 'MobileNetV3-small': 56.5, 'ResNet-18': 1814 };

const compiled = 'build/bench/bench/models/architectures.js';

async function compiledBench(path) {
  await compile('bench/tsconfig.json', { book: 'bench', firstOutput: compiled });
  return import(pathToFileURL(inRoot('build/bench', path)).href);
}

/** Files of the models, and of one that takes the stored tile as it is. */
export async function writeModels(folder) {
  const { meanColour, resNet18, smallCnn } = await compiledBench('bench/models/architectures.js');
  const { fp32Graph } = await compiledBench('bench/models/fp32-graph.js');
  const { mobileNetV3Small } = await compiledBench('test/support/models/mobilenet-v3-small.js');
  const { OnnxGraph } = await compiledBench('test/support/onnx-writer.js');
  const graph = new OnnxGraph();
  graph.input({ name: 'tiles', type: 'float32', shape: ['batch', 3, tilePx, tilePx] });
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', ['tiles'])]);
  graph.node('Gemm', [mean, graph.floats([3, 1], [1, 1, 1]), graph.floats([1], [0])], {}, 'score');
  graph.output({ name: 'score', type: 'float32', shape: ['batch', 1] });
  const graphs = {
    stored: graph.encode(),
    'mean colour': fp32Graph(meanColour()),
    'CNN of 30 MMAC': fp32Graph(smallCnn()),
    'MobileNetV3-small': mobileNetV3Small(),
    'ResNet-18': fp32Graph(resNet18()),
  };
  const files = {};
  for (const [index, [name, bytes]] of Object.entries(graphs).entries()) {
    files[name] = join(folder, `model-${index}.onnx`);
    await writeFile(files[name], bytes);
  }
  return files;
}

/** Tissue all over, in one quality; `across` stored tiles a side. */
export async function denseSlide(folder, quality, across = 32) {
  const { makeSharedTileSlide } = await generator();
  const path = join(folder, `dense-${quality}-${across}.tif`);
  const side = across * tilePx;
  await makeSharedTileSlide(path, { width: side, height: side, seed: 3, tissueShare: 1, quality });
  return path;
}

/** `tiles` of tissue in the middle of `glass` times as much slide. */
export async function sparseSlide(folder, tiles, glass) {
  const { makeSharedTileSlide } = await generator();
  const path = join(folder, `sparse-${tiles}-${glass}.tif`);
  const side = Math.ceil(Math.sqrt(tiles * (1 + glass))) * tilePx;
  const tissueShare = (tiles * tilePx ** 2) / side ** 2;
  await makeSharedTileSlide(path, { width: side, height: side, seed: 4, tissueShare });
  return path;
}
