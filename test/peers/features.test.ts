/** The files of features, opened by h5py, the reader of TRIDENT and CLAM. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { embedSlide, openSlide, scoreSlide } from '../../lib/index.js';
import { temporaryFolder } from '../runs/support.js';
import { runPython } from '../support/python.js';
import { tokenModel, wideModel } from '../support/models/small-graphs.js';
import { makeSharedTileSlide } from '../support/slides.js';

interface Dataset {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Read {
  readonly names: readonly string[];
  readonly file: Readonly<Record<string, unknown>>;
  readonly features: Dataset;
  readonly coords: Dataset;
  readonly clam: Readonly<Record<string, unknown>>;
  readonly trident: Readonly<Record<string, unknown>>;
}

it('has the datasets and attributes that TRIDENT and CLAM read, with the values of scoreSlide', async () => {
  const folder = await temporaryFolder();
  const slide = join(folder, 'släide 1.tif');
  const model = join(folder, 'encoder.onnx');
  await writeFile(model, wideModel(19, 32));
  await makeSharedTileSlide(slide, { width: 2048, height: 1024, seed: 4, tissueShare: 0.5 });
  const options = { model, level: 0, tile: { size: 32, stride: 16 } };
  const outputs = [join(folder, 'one.h5'), join(folder, 'half.h5')] as const;
  const { tiles: count } = await embedSlide(slide, { ...options, output: outputs[0] });
  await embedSlide(slide, { ...options, output: outputs[1], featureType: 'float16' });
  const { tiles } = await scoreSlide(slide, { ...options, column: 0, clip: null, tiles: true });
  const { width, height } = await openSlide(slide);
  const [one, half] = (await runPython<Read>('features.py', outputs)) as [Read, Read];
  expect(one.names).toEqual(['coords', 'features']);
  expect([one.features.dtype, one.features.shape]).toEqual(['float32', [count, 19]]);
  expect(one.features.values).toEqual([...(tiles?.outputs['features']?.values ?? [])]);
  expect(one.features.attributes).toEqual({ name: 'släide 1', savetodir: '.', encoder: 'encoder' });
  expect([one.coords.dtype, one.coords.shape]).toEqual(['int64', [count, 2]]);
  expect(one.coords.values).toEqual([...(tiles?.level0X ?? [])].flatMap((x, i) => [x, tiles?.level0Y[i]]));
  expect(one.coords.attributes).toMatchObject({
    name: 'släide 1',
    patch_size: 32,
    patch_size_level0: 32,
    overlap: 16,
    level0_width: width,
    level0_height: height,
    patch_level: 0,
    downsample: [1, 1],
    level_dim: [width, height],
    downsampled_level_dim: [width, height],
  });
  const last = one.coords.values.slice(-2);
  expect(one.clam).toEqual({ bag: [count, 19], level: 0, size: 32, last });
  const batch = { features: [1, count, 19], coords: [1, count, 2] };
  expect(one.trident).toEqual({ encoder: 'encoder', batch, size0: 32 });
  expect(JSON.parse(String(one.file['identity']))).toMatchObject({ featureType: 'float32', output: 'features' });
  expect([half.features.dtype, half.coords]).toEqual(['float16', one.coords]);
  half.features.values.forEach((value, i) => {
    const exact = one.features.values[i] as number;
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25));
  });
});

interface Compared {
  readonly way: string;
  readonly shape: readonly number[];
  /** The largest difference, the largest value, and the mean deviation of a feature over the tiles. */
  readonly apart: number;
  readonly largest: number;
  readonly spread: number;
}

it('has the tokens of a vision transformer of the size of ViT-S, pooled as numpy does it', async () => {
  const folder = await temporaryFolder();
  const [slide, model, raw] = ['slide.tif', 'vit.onnx', 'tiles.raw'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const [side, width, leading] = [224, 384, 5];
  await writeFile(model, tokenModel({ side, patch: 16, width, blocks: 12, leading }));
  await makeSharedTileSlide(slide, { width: 4 * side, height: 3 * side, seed: 7, tissueShare: 0.9 });
  const options = { level: 0, keep: 'all' } as const;
  const opened = await openSlide(slide);
  // In the order of the plan: row by row, as the file has them.
  const tiles = new Map<string, Float32Array>();
  for await (const batch of opened.tensors({ ...options, size: side, scale: 1 / 255 })) {
    const values = 3 * side * side;
    for (let i = 0; i < batch.dims[0]; ++i)
      tiles.set(`${batch.y[i]} ${batch.x[i]}`, batch.data.slice(i * values, (i + 1) * values) as Float32Array);
    batch.release();
  }
  await opened.close();
  const places = [...tiles.keys()].map((key) => key.split(' ').map(Number) as [number, number]);
  places.sort(([y, x], [otherY, otherX]) => y - otherY || x - otherX);
  for (const [y, x] of places)
    await appendFile(raw, new Uint8Array((tiles.get(`${y} ${x}`) as Float32Array<ArrayBuffer>).buffer));
  const pairs: string[] = [];
  for (const [way, more] of Object.entries({ cls: {}, mean: { poolSkip: leading }, none: {} })) {
    const output = join(folder, `${way}.h5`);
    await embedSlide(slide, { ...options, model, output, pool: way as 'cls' | 'mean' | 'none', ...more });
    pairs.push(way, output);
  }
  const found = await runPython<Compared>('features_vit.py', [model, raw, String(side), String(leading), ...pairs]);
  const tokens = leading + 14 * 14;
  expect(found.map(({ way, shape }) => [way, shape])).toEqual([
    ['cls', [12, width]],
    ['mean', [12, width]],
    ['none', [12, tokens, width]],
  ]);
  for (const { apart, largest, spread } of found) {
    expect(spread).toBeGreaterThan(1e-3);
    // Two builds of ONNX Runtime, with float32 inside.
    expect(apart).toBeLessThan(1e-4 * largest);
  }
});
