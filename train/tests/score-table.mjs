// node train/tests/score-table.mjs BUNDLE FOLDER: the scores of FOLDER/images.hdf5 with FOLDER/train-metadata.csv by the library's engine,
// by name, as JSON. For the tests of the training.
import { join } from 'node:path';
import { scoreImages } from 'microtome';

const [model, folder] = process.argv.slice(2);
const metadata = join(folder, 'train-metadata.csv');
const { names, scores, counts } = await scoreImages(join(folder, 'images.hdf5'), { model, metadata }).done;
if (counts.scored !== names.length) throw new Error(`${names.length} images, ${counts.scored} scored`);
console.log(JSON.stringify(Object.fromEntries(names.map((name, i) => [name, scores[i]]))));
