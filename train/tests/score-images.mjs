// node train/tests/score-images.mjs BUNDLE FOLDER: the scores of FOLDER/images.hdf5 by the library's engine, in the order of the file's
// names, as JSON. For the tests of the training.
import { join } from 'node:path';
import { createImageScorer, openImages } from 'microtome';

const [model, folder] = process.argv.slice(2);
const path = join(folder, 'images.hdf5');
const images = await openImages(path);
const places = images.names.map((name) => images.place(name));
await images.close();
const scorer = await createImageScorer({ model });
const { outputs, failures } = await scorer.score({
  kind: 'places',
  path,
  offsets: Float64Array.from(places, ({ offset }) => offset),
  bytes: Float64Array.from(places, ({ bytes }) => bytes),
});
await scorer.close();
if (failures.length > 0) throw failures[0].error;
const [scores] = outputs.values();
console.log(JSON.stringify([...scores]));
