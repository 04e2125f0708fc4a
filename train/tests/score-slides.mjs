// node train/tests/score-slides.mjs BUNDLE FOLDER: the scores of FOLDER/slides by the library, as JSON by file name. For test_slides.
import { basename, join } from 'node:path';
import { scoreDirectory } from 'microtome';

const [model, folder] = process.argv.slice(2);
const output = join(folder, 'scores.csv');
const run = scoreDirectory(join(folder, 'slides'), {
  model,
  metadata: join(folder, 'metadata.csv'),
  output,
  overwrite: true,
});
const scores = {};
for await (const outcome of run) {
  if (!outcome.ok) throw outcome.error;
  scores[basename(outcome.result.path)] = outcome.result.score;
}
await run.done;
console.log(JSON.stringify(scores));
