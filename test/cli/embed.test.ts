/** microtome embed: flags, lines, exit codes. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../runs/support.js';
import { wideModel } from '../support/models/small-graphs.js';
import { makeSharedTileSlide } from '../support/slides.js';
import { cli } from './support.js';

it('writes a file for each slide, goes on, and says what failed', async () => {
  const folder = await temporaryFolder();
  const slide = join(folder, 'a.tif');
  const model = join(folder, 'encoder.onnx');
  const out = join(folder, 'features');
  await writeFile(model, wideModel(7, 32));
  await makeSharedTileSlide(slide, { width: 1024, height: 1024, seed: 1, tissueShare: 0.5 });
  const argv = ['embed', folder, '--model', model, '--out', out, '--level', '0', '--tile-size', '32'];
  const first = await cli([...argv, '--dtype', 'float16']);
  expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(/^\d+\t.*a\.h5\n$/)]);
  expect(first.stderr).toMatch(/features: 1 embedded, \d+ tiles, /);
  expect(await readdir(out)).toEqual(['a.h5']);
  const other = await cli([...argv, '--resume']);
  expect([other.code, other.stderr]).toEqual([
    4,
    expect.stringContaining('featureType was "float16" and is "float32"'),
  ]);
  await writeFile(join(folder, 'b.tif'), 'no slide');
  const more = await cli([...argv, '--dtype', 'float16', '--resume', '--json']);
  expect(more.code).toBe(3);
  expect(JSON.parse(more.stdout)).toMatchObject({ ok: false, error: { code: 'NOT_A_SLIDE' } });
  expect(more.stderr).toMatch(/1 there already, 1 failed/);
});

it.each([
  [['embed', 'x', '--out', 'y'], '--model is missing'],
  [['embed', 'x', '--model', 'm.onnx'], '--out is missing'],
  [['embed', '--model', 'm.onnx', '--out', 'y'], 'a folder or a slide is missing'],
  [['embed', 'x', '--model', 'm.onnx', '--out', 'y', '--deadline', '8h'], '--deadline'],
  [['embed', 'x', '--model', 'm.onnx', '--out', 'y', '--on-error', 'fallback'], 'fallback'],
])('%j: a usage error', async (argv, message) => {
  const { code, stdout, stderr } = await cli(argv);
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
});
