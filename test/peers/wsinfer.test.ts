/** A WSInfer folder against WSInfer 0.6.1: the mask, the tiles and their order, the table. */
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScorer, loadModel, openSlide, type Scorer } from '../../lib/index.js';
import { wsInferRows } from '../../lib/outputs/wsinfer-csv.js';
import { dataDir, slideFile } from '../support/data.js';
import { OnnxGraph, Weights } from '../support/onnx-writer.js';
import { differenceOf } from '../support/pixel-difference.js';
import { runPython, runTool } from '../support/python.js';
import { writeSlide } from '../support/slides.js';
import { stateResolution } from '../support/tiff-resolution.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-wsinfer-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const realNames = ['CMU-1-Small-Region.svs', 'derived_cmu_pyr_jpeg75_t256.tif', 'derived_cmu_pyr_zstd_t512.tif'];
const generated = [
  { name: 'even', width: 8192, height: 6144, seed: 11, tissueShare: 0.4, pixelsPerCm: 40000 },
  { name: 'odd', width: 9001, height: 4999, seed: 12, tissueShare: 0.3, pixelsPerCm: 39683 },
  { name: 'pens', width: 6000, height: 7000, seed: 13, pens: ['green' as const], borders: [], pixelsPerCm: 20000 },
];
const slides = (): string[] => [
  ...generated.map(({ name }) => join(scratch, `${name}.tif`)),
  ...(dataDir === null ? [] : realNames.map(slideFile)),
];

/** A network of a convolution, a ReLU, the mean and a linear layer, as the folder of a WSInfer model, and for numpy. */
const model = { patchPx: 300, sidePx: 96, kernelPx: 8, spacing: 0.31, channels: 4, classes: ['benign', 'tumour'] };
const normalise = { mean: [0.7238, 0.5716, 0.6779], std: [0.112, 0.1459, 0.1089] };
const folder = join(scratch, 'model');

function writeModel(): void {
  const { sidePx, kernelPx, channels, classes } = model;
  const weights = new Weights(5);
  const some = (count: number, scale: number): number[] =>
    Array.from({ length: count }, () => Math.fround(weights.next() * scale));
  const convolution = some(channels * 3 * kernelPx * kernelPx, 0.1);
  const linear = some(channels * classes.length, 2);
  const graph = new OnnxGraph(1);
  const input = graph.input({ name: 'tiles', type: 'float32', shape: ['batch', 3, sidePx, sidePx] });
  const shape = [channels, 3, kernelPx, kernelPx];
  const strides = { kernel_shape: [kernelPx, kernelPx], strides: [kernelPx, kernelPx] };
  const features = graph.node('Relu', [graph.node('Conv', [input, graph.floats(shape, convolution)], strides)]);
  const mean = graph.node('Flatten', [graph.node('GlobalAveragePool', [features])]);
  graph.node('MatMul', [mean, graph.floats([channels, classes.length], linear)], {}, 'logits');
  graph.output({ name: 'logits', type: 'float32', shape: ['batch', classes.length] });
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.onnx'), graph.encode());
  const config = {
    spec_version: '1.0',
    architecture: 'convolution',
    num_classes: classes.length,
    class_names: classes,
    patch_size_pixels: model.patchPx,
    spacing_um_px: model.spacing,
    transform: [
      { name: 'Resize', arguments: { size: sidePx } },
      { name: 'ToTensor' },
      { name: 'Normalize', arguments: normalise },
    ],
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(scratch, 'model.json'), JSON.stringify({ ...model, ...normalise, convolution, linear }));
}

interface Row {
  readonly place: string;
  readonly probabilities: readonly number[];
}

function readTable(text: string): { head: string; rows: Row[] } {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const rows = lines.map((line) => {
    const cells = line.split(',');
    return { place: cells.slice(0, 4).join(','), probabilities: cells.slice(4).map(Number) };
  });
  return { head, rows };
}

let scorer: Scorer;
let theirs: Map<string, string | null>;

beforeAll(async () => {
  for (const { name, pixelsPerCm, ...options } of generated) {
    const path = join(scratch, `${name}.tif`);
    await writeSlide(path, options);
    stateResolution(path, pixelsPerCm);
  }
  writeModel();
  scorer = await createScorer({ model: await loadModel(folder) });
  const found = await runPython<{ slide: string; csv: string | null }>('wsinfer_slide.py', [
    scratch,
    join(scratch, 'model.json'),
    ...slides(),
  ]);
  theirs = new Map(found.map(({ slide, csv }) => [basename(slide), csv === null ? null : readFileSync(csv, 'utf8')]));
}, 240_000);
afterAll(() => scorer?.close());

async function ourTable(path: string): Promise<string> {
  const { tiles } = await scorer.score(path, { tiles: true });
  const output = tiles?.outputs['logits'];
  if (tiles === undefined || output === undefined) throw new Error('no tiles were kept');
  const columns = model.classes.map((name, offset) => ({
    name: `prob_${name}`,
    values: output.values,
    stride: output.columns,
    offset,
  }));
  const { count, level0X: x, level0Y: y, level0Width: width, level0Height: height } = tiles;
  return [...wsInferRows({ count, x, y, width, height, columns })].join('');
}

const names = [...generated.map(({ name }) => `${name}.tif`), ...(dataDir === null ? [] : realNames)];
const pathOf = (name: string): string => slides().find((path) => basename(path) === name) ?? name;

describe('the mask of one overview', () => {
  it.each(names)('%s: the same pixels', async (name) => {
    const slide = await openSlide(pathOf(name));
    try {
      const overview = await slide.thumbnail(2048);
      const mask = await slide.tissue({ method: 'wsinfer' });
      expect([mask.width, mask.height]).toEqual([overview.width, overview.height]);
      const [from, to] = [join(scratch, 'overview.rgb'), join(scratch, 'mask')];
      writeFileSync(from, overview.data);
      const mpp = slide.mpp === null ? NaN : (slide.mpp.x + slide.mpp.y) / 2;
      const maskMpp = (mpp * mask.level0PerPxX + mpp * mask.level0PerPxY) / 2;
      const [found] = await runPython<{ leftOut: number }>('wsinfer_mask.py', [
        from,
        String(overview.width),
        String(maskMpp),
        to,
      ]);
      const expected = readFileSync(to);
      const different = mask.data.reduce((sum, value, i) => sum + (value === expected[i] ? 0 : 1), 0);
      const tissue = mask.data.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
      process.stdout.write(
        `${name}: ${different} of ${mask.data.length} pixels differ, ${tissue} are tissue, ${found?.leftOut} in holes\n`,
      );
      expect(tissue).toBeGreaterThan(0);
      expect(different).toBe(0);
    } finally {
      await slide.close();
    }
  });
});

/** A tile that hangs over the edge is white there, and black in WSInfer: its probabilities are not compared. */
function overhangs(place: string, slide: { readonly width: number; readonly height: number }): boolean {
  const [x = 0, y = 0, width = 0, height = 0] = place.split(',').map(Number);
  return x + width > slide.width || y + height > slide.height;
}

async function sizeOf(path: string): Promise<{ width: number; height: number }> {
  const slide = await openSlide(path);
  const { width, height } = slide;
  await slide.close();
  return { width, height };
}

describe('the table of a slide', () => {
  it.each(names)('%s: the same tiles in the same order, probabilities within 2e-3', async (name) => {
    const text = theirs.get(name);
    if (text === undefined || text === null) throw new Error(`WSInfer has no table of ${name}`);
    const size = await sizeOf(pathOf(name));
    const [ours, reference] = [readTable(await ourTable(pathOf(name))), readTable(text)];
    const other = new Map(reference.rows.map(({ place, probabilities }) => [place, probabilities]));
    const shared = ours.rows.filter(({ place }) => other.has(place));
    let [largest, compared] = [0, 0];
    for (const { place, probabilities } of shared) {
      if (overhangs(place, size)) continue;
      ++compared;
      probabilities.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value - (other.get(place)?.[i] ?? NaN)));
      });
    }
    const counts = `${ours.rows.length} tiles, WSInfer ${reference.rows.length}, both ${shared.length}`;
    process.stdout.write(`${name}: ${counts}; probabilities of ${compared} differ by ${largest.toExponential(1)}\n`);
    expect(ours.head).toBe(reference.head);
    const kept = new Set(shared.map(({ place }) => place));
    const inOrder = reference.rows.map(({ place }) => place).filter((place) => kept.has(place));
    expect(shared.map(({ place }) => place)).toEqual(inOrder);
    // The overview is reduced by another filter: a centre on the very edge of the tissue may be in one mask and not in the other.
    const most = generated.some((one) => `${one.name}.tif` === name) ? 0 : 1;
    expect(ours.rows.length + reference.rows.length - 2 * shared.length).toBeLessThanOrEqual(most);
    expect(compared).toBeGreaterThan(0);
    expect(largest).toBeLessThan(2e-3);
  });
});

describe('a tile reduced to the size of the model', () => {
  it('differs by 1 of 255 at most from the bilinear of PIL that WSInfer uses', async () => {
    const cases = await runPython<{ file: string; expected: string; widthPx: number; sidePx: number }>(
      'wsinfer_resize.py',
      [scratch, ...(dataDir === null ? [] : [slideFile('he_patch_source.png')])],
    );
    for (const { file, expected, widthPx, sidePx } of cases) {
      const out = join(scratch, 'resized.rgb');
      await runTool('resize_tool', [file, String(widthPx), String(sidePx), out]);
      const reference = readFileSync(expected);
      const { mean, largest } = differenceOf(readFileSync(out), reference, reference);
      process.stdout.write(`${widthPx} to ${sidePx} px: mean ${mean.toFixed(4)}, largest ${largest} of 255\n`);
      expect(largest).toBeLessThanOrEqual(1);
      expect(mean).toBeLessThanOrEqual(0.3);
    }
  });
});
