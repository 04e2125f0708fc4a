// Scores each file named on the command line with the model named first, everywhere (no tissue rule), and prints one JSON
// object with an outcome for each and the peak memory of the process.
import { createScorer, MicrotomeError } from '../../dist/index.js';
import { peakMb } from './process-figures.mjs';

const [model, ...files] = process.argv.slice(2);
const outcomes = [];
const scorer = await createScorer({ model, input: { level: 0 } });
for (const file of files) {
  const before = process.cpuUsage();
  let outcome;
  try {
    const result = await scorer.score(file, { keep: 'all' });
    outcome = { outcome: 'scored', score: result.score };
  } catch (error) {
    if (!(error instanceof MicrotomeError)) throw error;
    outcome = { outcome: error.code, message: error.message };
  }
  const { user, system } = process.cpuUsage(before);
  // CPU time of all threads: a busy machine does not decide it.
  outcomes.push({ file, ...outcome, cpuMs: (user + system) / 1000 });
}
await scorer.close();
process.stdout.write(JSON.stringify({ outcomes, peakMb: peakMb() }));
