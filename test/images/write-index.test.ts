/** writeImageIndex: the places of the index are those of the images. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeImageIndex } from '../../lib/index.js';
import { hdf5File } from './hdf5-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'microtome-index-'));

it('says where each image is, and of which file', async () => {
  const images = ['one', 'two', 'three'].map((word, i) => ({
    name: `ISIC_${i}`,
    content: Buffer.from(word.repeat(i + 9)),
  }));
  const file = hdf5File(images);
  writeFileSync(join(folder, 'images.hdf5'), file);
  const out = join(folder, 'index.json');
  const sha256 = createHash('sha256').update(file).digest('hex');
  expect(await writeImageIndex(join(folder, 'images.hdf5'), out)).toEqual({
    path: out,
    images: 3,
    notImages: 0,
    sha256,
  });
  const index = JSON.parse(readFileSync(out, 'utf8')) as { names: string[]; offsets: number[]; bytes: number[] };
  expect(index).toMatchObject({ formatVersion: 1, file: 'images.hdf5', fileBytes: file.length, sha256, notImages: [] });
  index.names.forEach((name, i) => {
    const at = index.offsets[i] ?? 0;
    expect(file.subarray(at, at + (index.bytes[i] ?? 0))).toEqual(images.find((one) => one.name === name)?.content);
  });
});

it('leaves nothing where the file is no HDF5, or the folder is not there', async () => {
  const no = join(folder, 'no.hdf5');
  writeFileSync(no, 'no images');
  await expect(writeImageIndex(no, join(folder, 'other.json'))).rejects.toMatchObject({ code: 'IMAGES_INVALID' });
  const images = join(folder, 'images.hdf5');
  await expect(writeImageIndex(images, join(folder, 'none/index.json'))).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
  });
  expect(readdirSync(folder).sort()).toEqual(['images.hdf5', 'index.json', 'no.hdf5']);
});
