// node train/lesions/export-index.mjs IMAGES.hdf5 INDEX.json: where each image is in the file, found by the library's own reader.
// Training reads the images at these places, so it sees the bytes that the library scores.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openImages } from 'microtome';

const [file, out] = process.argv.slice(2);
if (file === undefined || out === undefined) {
  console.error('usage: node train/lesions/export-index.mjs IMAGES.hdf5 INDEX.json');
  process.exit(2);
}
const hash = createHash('sha256');
let fileBytes = 0;
await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), async (blocks) => {
  for await (const block of blocks) {
    hash.update(block);
    fileBytes += block.length;
  }
});
const images = await openImages(file);
const places = images.names.map((name) => images.place(name));
const index = {
  formatVersion: 1,
  file: basename(file),
  fileBytes,
  sha256: hash.digest('hex'),
  names: images.names,
  offsets: places.map(({ offset }) => offset),
  bytes: places.map(({ bytes }) => bytes),
  notImages: images.notImages,
};
await images.close();
await writeFile(`${out}.part`, `${JSON.stringify(index)}\n`);
await rename(`${out}.part`, out);
console.log(`${index.names.length} images, ${index.notImages.length} other entries`);
