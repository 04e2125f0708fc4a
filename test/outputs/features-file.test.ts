/** The file of features: the same bytes whatever the order of the rows, and nothing under the final name before its end. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FeaturesFile, type FeatureType } from '../../lib/outputs/features/features-file.js';
import { lookup3 } from '../../lib/outputs/features/lookup3.js';
import { failureOf, faultyFileSystem, systemError, temporaryFolder } from '../runs/support.js';

const columns = 5;
const featureOf = (position: number, column: number): number => position + column / 8;

function rowsOf(positions: readonly number[]): Parameters<FeaturesFile['rows']>[0] {
  const values = positions.flatMap((position) => Array.from({ length: columns }, (_, i) => featureOf(position, i)));
  return { positions: Uint32Array.from(positions), columns, tokens: 1, values: Float32Array.from(values) };
}

function closingOf(count: number): Parameters<FeaturesFile['finish']>[0] {
  return {
    coords: BigInt64Array.from({ length: 2 * count }, (_, i) => BigInt(i * 224)),
    features: { name: 'slide', encoder: 'tiny' },
    coordsAttributes: { patch_size: { int: 224 } },
    root: { identity: '{"model":"ä"}' },
  };
}

async function written(type: FeatureType, parts: readonly (readonly number[])[]): Promise<Buffer> {
  const path = join(await temporaryFolder(), 'slide.h5');
  const file = await FeaturesFile.create(path, type);
  file.planned(parts.flat().length);
  for (const part of parts) await file.rows(rowsOf(part));
  await file.finish(closingOf(parts.flat().length));
  await file.discard();
  return readFile(path);
}

it.each(['float32', 'float16'] as const)('has the same bytes whatever the order of the rows (%s)', async (type) => {
  const inOrder = await written(type, [[0, 1, 2, 3, 4, 5, 6]]);
  expect(await written(type, [[6], [2, 3], [0, 5, 1], [4]])).toEqual(inOrder);
  expect(await written(type, [[6, 5, 4, 3, 2, 1, 0]])).toEqual(inOrder);
});

it('has the values at the place that the layout says', async () => {
  const bytes = await written('float32', [[1, 0], [2]]);
  const found = Array.from({ length: 3 * columns }, (_, i) => bytes.readFloatLE(512 + 4 * i));
  expect(found).toEqual([0, 1, 2].flatMap((row) => Array.from({ length: columns }, (_, i) => featureOf(row, i))));
});

it('takes the checksum that the specification names', () => {
  // From the self-test of lookup3.c.
  expect(lookup3(Buffer.from(''))).toBe(0xdeadbeef);
  expect(lookup3(Buffer.from('Four score and seven years ago'))).toBe(0x17770551);
});

it('refuses rows that do not fit, and leaves no file', async () => {
  const folder = await temporaryFolder();
  const refused = async (
    use: (file: FeaturesFile) => Promise<void>,
    type: FeatureType = 'float32',
  ): Promise<string> => {
    const file = await FeaturesFile.create(join(folder, 'slide.h5'), type);
    file.planned(3);
    const { code } = await failureOf(use(file));
    await file.discard();
    expect(await readdir(folder)).toEqual([]);
    return code;
  };
  const one = (value: number): Parameters<FeaturesFile['rows']>[0] => ({
    positions: Uint32Array.of(0),
    columns: 1,
    tokens: 1,
    values: Float32Array.of(value),
  });
  expect(await refused((file) => file.rows({ ...rowsOf([0]), columns: 4 }))).toBe('OUTPUT_SHAPE');
  expect(await refused((file) => file.rows(one(1)).then(() => file.rows(rowsOf([1]))))).toBe('OUTPUT_SHAPE');
  expect(await refused((file) => file.rows(rowsOf([2, 2])))).toBe('OUTPUT_SHAPE');
  expect(await refused((file) => file.rows(rowsOf([3])))).toBe('OUTPUT_SHAPE');
  expect(await refused((file) => file.rows(rowsOf([0, 2])).then(() => file.finish(closingOf(2))))).toBe('OUTPUT_SHAPE');
  expect(await refused((file) => file.rows(rowsOf([0])).then(() => file.finish(closingOf(3))))).toBe('OUTPUT_SHAPE');
  expect(await refused((file) => file.rows(one(NaN)))).toBe('OUTPUT_NOT_FINITE');
  expect(await refused((file) => file.rows(one(-Infinity)))).toBe('OUTPUT_NOT_FINITE');
  expect(await refused((file) => file.rows(one(65520)), 'float16')).toBe('OUTPUT_OUT_OF_RANGE');
});

it('keeps what was there when the disk is full or the file cannot be named', async () => {
  for (const operation of ['sync', 'rename'] as const) {
    const folder = await temporaryFolder();
    const path = join(folder, 'slide.h5');
    await writeFile(path, 'before');
    const fs = faultyFileSystem((each) => {
      if (each === operation) throw systemError('ENOSPC');
    });
    const file = await FeaturesFile.create(path, 'float32', null, fs);
    file.planned(1);
    await file.rows(rowsOf([0]));
    const { code } = await failureOf(file.finish(closingOf(1)));
    await file.discard();
    expect([operation, code]).toEqual([operation, 'DISK_FULL']);
    expect([await readdir(folder), await readFile(path, 'utf8')]).toEqual([['slide.h5'], 'before']);
  }
});

it('says that the disk is full where rows find no room, and leaves no file', async () => {
  const folder = await temporaryFolder();
  let writes = 0;
  const fs = faultyFileSystem((each) => {
    if (each === 'write' && ++writes === 2) throw systemError('ENOSPC');
  });
  const file = await FeaturesFile.create(join(folder, 'slide.h5'), 'float32', null, fs);
  file.planned(2);
  await file.rows(rowsOf([1]));
  const { code } = await failureOf(file.rows(rowsOf([0])));
  await file.discard();
  expect([code, await readdir(folder)]).toEqual(['DISK_FULL', []]);
});

it('stops at an abort', async () => {
  const stop = new AbortController();
  const file = await FeaturesFile.create(join(await temporaryFolder(), 'slide.h5'), 'float32', stop.signal);
  file.planned(1);
  const reason = new Error('enough');
  stop.abort(reason);
  await expect(file.rows(rowsOf([0]))).rejects.toBe(reason);
  await file.discard();
});
