// Scores the slides of a folder and writes a CSV. Run again after an interruption, it goes on where it stopped.
// node score-folder.ts slides/ scores.csv [model]
import { scoreDirectory } from 'microtome';

const [folder, output, model = 'demo'] = process.argv.slice(2);
if (folder === undefined || output === undefined) throw new Error('usage: score-folder.ts FOLDER OUTPUT.csv [MODEL]');

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const run = scoreDirectory(folder, { model, output, resume: true, statusColumn: 'status', signal: stop.signal });
for await (const outcome of run) {
  if (outcome.ok) console.log(`${outcome.result.path}: ${outcome.result.score.toFixed(3)}`);
  else console.error(`${outcome.path}: ${outcome.error.message}`);
}
const { alreadyComplete, counts, rows } = await run.done;
if (alreadyComplete) console.log(`${output} is complete already`);
else console.log(`${rows.length} rows, ${counts.scored} scored now, ${counts.resumed} scored before`);
