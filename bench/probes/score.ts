/**
 * Scores one slide with two threads and says how much memory the process took at its peak.
 *   score.js <slide> <model>
 */
import { createScorer } from 'microtome';
import { peakRssKib } from '../harness/memory.js';

export interface ScoreReport {
  readonly tiles: number;
  readonly elapsedMs: number;
  readonly peakKib: number;
}

const [slide, model] = process.argv.slice(2) as [string, string];

const scorer = await createScorer({ model, threads: 2, input: { level: 0 } });
const began = performance.now();
const { tileCount } = await scorer.score(slide);
const report: ScoreReport = { tiles: tileCount, elapsedMs: performance.now() - began, peakKib: peakRssKib() };
await scorer.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
