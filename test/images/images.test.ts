import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImages, type ImageFile } from '../../lib/index.js';
import { failureOf, fileWith } from '../runs/support.js';
import { dataDir } from '../support/data.js';
import { hdf5File, type Written } from './hdf5-writer.js';

const bytesOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 255);
const image = (i: number, form?: Written['form']): Written => ({
  name: `ISIC_${String(i).padStart(7, '0')}`,
  content: bytesOf(100 + (i % 400), i),
  ...(form === undefined ? {} : { form }),
});

async function opened(content: Uint8Array): Promise<ImageFile> {
  return openImages(await fileWith(content, 'images.hdf5'));
}

describe('a file of images', () => {
  it.each([0, 1, 8, 9, 300, 9000])('gives the bytes of each of %i', async (count) => {
    const entries = Array.from({ length: count }, (_, i) => image(i));
    await using images = await opened(hdf5File(entries));
    expect(images.names).toEqual(entries.map(({ name }) => name));
    expect(images.notImages).toEqual([]);
    for (const { name, content } of entries.filter((_, i) => i % 97 === 0)) {
      expect(await images.read(name)).toEqual(content);
      expect(images.place(name)?.bytes).toBe(content.length);
    }
  });

  it('may store them as lists of bytes, opaque values, or within their headers', async () => {
    const entries = (['bytes', 'opaque', 'compact'] as const).map((form, i) => image(i, form));
    await using images = await opened(hdf5File(entries));
    for (const { name, content } of entries) expect(await images.read(name)).toEqual(content);
  });

  it('tells what is no image, and why', async () => {
    const forms = ['chunked', 'compressed', 'vlen', 'picture', 'external', 'link', 'empty'] as const;
    await using images = await opened(hdf5File([...forms.map((form, i) => image(i, form)), image(9)]));
    expect(images.names).toEqual(['ISIC_0000009']);
    expect(images.notImages.map(({ reason }) => reason)).toEqual([
      'stored in chunks',
      'compressed (deflate)',
      'a single value: texts of changing length',
      '2 dimensions',
      'its bytes are in another file',
      'a link',
      'empty',
    ]);
    const chunked = await failureOf(images.read('ISIC_0000000'));
    expect(chunked).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(chunked.message).toContain('no image but stored in chunks under the name "ISIC_0000000"');
    expect((await failureOf(images.read('nobody'))).message).toContain('has no image under the name "nobody"');
    expect(images.place('nobody')).toBeNull();
  });

  it('ends reads before it closes, and reads nothing afterwards', async () => {
    const entries = Array.from({ length: 50 }, (_, i) => image(i));
    const images = await opened(hdf5File(entries));
    const reads = entries.map(({ name }) => images.read(name));
    await images.close();
    expect(await Promise.all(reads)).toEqual(entries.map(({ content }) => content));
    await images.close();
    expect((await failureOf(images.read('ISIC_0000001'))).code).toBe('CANCELLED');
  });
});

describe('a file that is refused', () => {
  const good = hdf5File(Array.from({ length: 40 }, (_, i) => image(i)));

  it('cut anywhere: it is never read as a smaller one', async () => {
    for (let end = 0; end < good.length; end += 97) {
      const error = await failureOf(opened(good.subarray(0, end)));
      expect(['TRUNCATED', 'IMAGES_INVALID']).toContain(error.code);
      expect(error.message).toContain('images.hdf5');
    }
  });

  it('with any byte changed: what is read lies within the file, or it is refused', async () => {
    for (let at = 0; at < good.length; at += 13) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      await opened(changed).then(
        async (images) => {
          for (const name of images.names) {
            const place = images.place(name);
            expect((place?.offset ?? 0) + (place?.bytes ?? 0)).toBeLessThanOrEqual(changed.length);
          }
          await images.close();
        },
        (error: unknown) => expect(['TRUNCATED', 'IMAGES_INVALID']).toContain((error as { code: string }).code),
      );
    }
  });

  it('of another kind', async () => {
    for (const content of ['', 'PK\x03\x04', 'isic_id,target\n'.repeat(100)])
      expect(await failureOf(opened(Buffer.from(content)))).toMatchObject({ code: 'IMAGES_INVALID', stage: 'slide' });
    expect((await failureOf(openImages('/no/such.hdf5'))).code).toBe('FILE_NOT_FOUND');
    expect((await failureOf(openImages('/tmp'))).message).toContain('a folder, a regular file was expected');
  });

  it('with a name twice, or a tree that leads to itself', async () => {
    expect((await failureOf(opened(hdf5File([image(1), image(1)])))).message).toContain(
      'the name "ISIC_0000001" twice',
    );
    const looping = Buffer.from(hdf5File(Array.from({ length: 600 }, (_, i) => image(i))));
    const top = Number(looping.readBigUInt64LE(96 + 16 + 8));
    looping.writeBigUInt64LE(BigInt(top), top + 24 + 8);
    expect((await failureOf(opened(looping))).message).toContain('has a loop');
  });
});

const layout = join(dataDir ?? '', 'lesions/derived_isic2024_layout.hdf5');
describe.skipIf(dataDir === null)('the layout of ISIC 2024', () => {
  it('gives the JPEG files that it was made of', async () => {
    await using images = await openImages(layout);
    expect(images.notImages).toEqual([]);
    let compared = 0;
    for (const name of images.names) {
      const bytes = await images.read(name);
      expect([...bytes.subarray(0, 2), ...bytes.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
      const original = await readFile(join(layout, '..', `${name}.jpg`)).catch(() => null);
      if (original === null) continue;
      expect(Buffer.from(bytes).equals(original)).toBe(true);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(0);
  });
});
