/** Models give what onnxruntime-node gives on the same pixels; models that cannot be used are refused with a reason. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel, openSlide, scoreSlide } from '../../lib/index.js';
import type { ModelInputOptions, ScoreOptions } from '../../lib/index.js';
import { dataDir, modelFile, slideFile } from '../support/data.js';

type Half = (value: number) => number;

// The independent engine. Its types are not needed for one call.
const ort = createRequire(import.meta.url)('onnxruntime-node') as {
  InferenceSession: {
    create(path: string): Promise<{
      inputNames: string[];
      outputNames: string[];
      run(feeds: Record<string, unknown>): Promise<Record<string, { data: ArrayLike<number>; type: string }>>;
    }>;
  };
  Tensor: new (type: string, data: unknown, dims: number[]) => unknown;
};

/** float32 to the bits of float16, rounding to nearest even; inputs here are small and normal. */
const toHalf: Half = (value) => {
  const f = new Float32Array([value]);
  const bits = new Uint32Array(f.buffer)[0] as number;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  if (exponent <= 0) return value === 0 ? 0 : Number.NaN;
  const mantissa = bits & 0x7fffff;
  const half = ((bits >>> 16) & 0x8000) | (exponent << 10) | (mantissa >>> 13);
  const rest = mantissa & 0x1fff;
  return rest > 0x1000 || (rest === 0x1000 && (half & 1) === 1) ? half + 1 : half;
};

const fromHalf: Half = (h) => {
  const exponent = (h >>> 10) & 0x1f;
  const mantissa = h & 0x3ff;
  const magnitude = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return h & 0x8000 ? -magnitude : magnitude;
};

function planar(rgb: Uint8Array, size: number, scale: number): Float32Array {
  const out = new Float32Array(3 * size * size);
  for (let i = 0; i < size * size; i++)
    for (let c = 0; c < 3; c++) out[c * size * size + i] = (rgb[3 * i + c] ?? 0) * scale;
  return out;
}

async function reference(path: string, rgb: Uint8Array, size: number, half: boolean, scale: number): Promise<number[]> {
  const session = await ort.InferenceSession.create(path);
  const values = planar(rgb, size, scale);
  const data = half ? Uint16Array.from(values, toHalf) : values;
  const tensor = new ort.Tensor(half ? 'float16' : 'float32', data, [1, 3, size, size]);
  const outputs = await session.run({ [session.inputNames[0] as string]: tensor });
  const output = outputs[session.outputNames[0] as string];
  if (!output) throw new Error('the reference gave no output');
  const raw = Array.from(output.data);
  const isBits = half && output.data.constructor.name === 'Uint16Array';
  return isBits ? raw.map(fromHalf) : raw;
}

describe.skipIf(dataDir === null || !existsSync(join(dataDir, 'models')))('models of other parties', () => {
  const slide = slideFile('CMU-1-Small-Region.svs');
  const cases: readonly [string, ModelInputOptions, number, boolean, number][] = [
    ['SqueezeNet_fp16.onnx', { level: 0, scale: 1 }, 224, true, 1],
    ['cifar_ImageClassifier.onnx', { level: 0 }, 32, false, 1 / 255],
  ];

  it.each(cases)('%s agrees with onnxruntime-node tile by tile', async (file, input, size, half, scale) => {
    const options: ScoreOptions = {
      model: modelFile(file),
      input,
      column: 3,
      tiles: true,
      keep: 'all',
      tilesPerSlide: 12,
      seed: 5,
    };
    const result = await scoreSlide(slide, options);
    expect(result.tileCount).toBe(12);
    const table = result.tiles;
    const output = Object.values(table?.outputs ?? {})[0];
    if (!table || !output) throw new Error('no per-tile outputs');
    await using opened = await openSlide(slide);
    for (let tile = 0; tile < result.tileCount; tile++) {
      const at = { level: 0, x: table.x[tile] ?? 0, y: table.y[tile] ?? 0, width: size, height: size };
      const { data } = await opened.readRegion(at);
      const wanted = await reference(modelFile(file), data, size, half, scale);
      expect(wanted).toHaveLength(output.columns);
      wanted.forEach((b, column) => {
        const a = output.values[tile * output.columns + column] ?? Number.NaN;
        const allowed = half ? 2e-3 * Math.abs(b) + 1e-5 : 1e-4 * Math.abs(b) + 1e-7;
        expect(Math.abs(a - b), `${file} tile ${tile} column ${column}: ${a} against ${b}`).toBeLessThanOrEqual(
          allowed,
        );
      });
    }
  });

  it.each([
    ['bad/bad_graph_with_duplicate_node_names.onnx', /MODEL_MISMATCH/, /2 dimensions/],
    ['bad/ext_weights_missing_data.onnx', /MODEL_INVALID/, /ext_weights\.data/],
    ['bad/git_lfs_pointer.onnx', /MODEL_INVALID/, /git lfs pull/],
    ['bad/super_resolution_too_old.onnx', /MODEL_(INVALID|MISMATCH)/, /./],
    ['mnist.onnx', /MODEL_MISMATCH/, /1.*28.*28|channel/],
    ['candy.onnx', /MODEL_MISMATCH|OUTPUT_SHAPE/, /./],
  ])('%s is refused with a reason', async (file, code, reason) => {
    const loading = loadModel(modelFile(file)).then(async () => {
      await scoreSlide(slide, { model: modelFile(file), input: { level: 0 }, keep: 'all', column: 0 });
    });
    await expect(loading).rejects.toMatchObject({
      code: expect.stringMatching(code),
      message: expect.stringMatching(reason),
    });
  });
});
