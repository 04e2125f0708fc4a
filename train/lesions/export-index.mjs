// node train/lesions/export-index.mjs IMAGES.hdf5 INDEX.json: where each image is in the file, found by the library's own reader.
// Training reads the images at these places, so it sees the bytes that the library scores.
import { writeImageIndex } from 'microtome';

const [file, out] = process.argv.slice(2);
if (file === undefined || out === undefined) {
  console.error('usage: node train/lesions/export-index.mjs IMAGES.hdf5 INDEX.json');
  process.exit(2);
}
const { images, notImages } = await writeImageIndex(file, out);
console.log(`${images} images, ${notImages} other entries`);
