/** Files of lesion images that h5py wrote. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openImages } from '../../lib/index.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { runPython } from '../support/python.js';

type Written = Readonly<Record<string, Readonly<Record<string, string>>>>;

it('are read byte by byte, and what is no image is told', async () => {
  const folder = await temporaryFolder();
  const [written = {}] = await runPython<Written>('images.py', [folder]);
  expect(Object.keys(written)).toEqual(['isic', 'forms']);
  for (const [file, contents] of Object.entries(written)) {
    await using images = await openImages(join(folder, `${file}.hdf5`));
    expect(images.names).toEqual(Object.keys(contents).toSorted());
    for (const name of images.names) expect(Buffer.from(await images.read(name)).toString('hex')).toBe(contents[name]);
    if (file !== 'forms') continue;
    expect(Object.fromEntries(images.notImages.map(({ name, reason }) => [name, reason]))).toEqual({
      chunked: 'stored in chunks',
      group: 'a group',
      gzip: 'compressed (deflate)',
      picture: '3 dimensions',
      soft: 'a link',
      text: 'a single value: texts of changing length',
    });
  }
  const newer = await failureOf(openImages(join(folder, 'newer.hdf5')));
  expect(newer).toMatchObject({ code: 'IMAGES_INVALID' });
  expect(newer.message).toContain("libver='earliest'");
});
