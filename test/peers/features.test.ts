/** The files of features, opened by h5py, the reader of TRIDENT and CLAM. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { embedSlide, openSlide, scoreSlide } from '../../lib/index.js';
import { temporaryFolder } from '../runs/support.js';
import { runPython } from '../support/python.js';
import { wideModel } from '../support/models/small-graphs.js';
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
  expect(JSON.parse(String(one.file['identity']))).toMatchObject({ featureType: 'float32', output: 'features' });
  expect([half.features.dtype, half.coords]).toEqual(['float16', one.coords]);
  half.features.values.forEach((value, i) => {
    const exact = one.features.values[i] as number;
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25));
  });
});
