// Scores one slide in a process of its own and prints its costs as JSON. The first score warms the engine up.
//   node bench/cost-model/probe.mjs '{ "slide", "model", "threads", "keep" }'
import { createScorer, planSlide } from '../../dist/index.js';
import { readByteCounts } from '../prior/byte-counts.mjs';
import { cpuMs } from '../shared/process-figures.mjs';

const { slide, model, threads, keep } = JSON.parse(process.argv[2]);
const options = { level: 0, keep };
const scorer = await createScorer({ model, input: { level: 0 }, threads });
await scorer.score(slide, { ...options, tilesPerSlide: 64 });
const cpu = cpuMs();
const start = performance.now();
const { tileCount, timings } = await scorer.score(slide, options);
const report = { tiles: tileCount, cpuMs: cpuMs() - cpu, wallMs: performance.now() - start };
await scorer.close();

// Busy times are read from the clock, which also counts what other processes took. Their shares are right, and so is the
// CPU time of the process.
const busy = timings.stages.reduce((sum, stage) => sum + stage.busyMs, 0);
const stages = Object.fromEntries(timings.stages.map((one) => [one.stage, (report.cpuMs * one.busyMs) / busy]));
const items = Object.fromEntries(timings.stages.map((one) => [one.stage, one.items]));
const { read, ...plan } = await planSlide(slide, { model, input: { level: 0 }, ...options });
const [{ counts }] = await readByteCounts(slide);
const meanBytes = counts.reduce((sum, one) => sum + one, 0) / counts.length;
process.stdout.write(`${JSON.stringify({ ...report, stages, items, plan, meanBytes })}\n`);
