// Scores each file named on the command line with the model named first, everywhere (no tissue rule), and prints one JSON
// object with an outcome for each and the peak memory of the process.
import { createScorer, MicrotomeError } from '../../dist/index.js';

const [model, ...files] = process.argv.slice(2);
const outcomes = [];
const scorer = await createScorer({ model, input: { level: 0 } });
for (const file of files) {
  const start = performance.now();
  let outcome;
  try {
    const result = await scorer.score(file, { keep: 'all' });
    outcome = { outcome: 'scored', score: result.score };
  } catch (error) {
    if (!(error instanceof MicrotomeError)) throw error;
    outcome = { outcome: error.code, message: error.message };
  }
  outcomes.push({ file, ...outcome, ms: performance.now() - start });
}
await scorer.close();
process.stdout.write(JSON.stringify({ outcomes, peakKiB: process.resourceUsage().maxRSS }));
