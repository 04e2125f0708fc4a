// One case in a process of its own, so that its memory is its own. Prints one line of JSON.
//   node bench/large-slides/probe.mjs open <slide> [repeats]
//   node bench/large-slides/probe.mjs plan|score <slide> [model]
import { createScorer, openSlide, planSlide } from '../../dist/index.js';
import { cpuMs, median, peakMiB, residentMiB } from '../shared/process-figures.mjs';

const [what, slide, argument] = process.argv.slice(2);

async function timed(work) {
  const cpu = cpuMs();
  const start = performance.now();
  const result = await work();
  return { result, wallMs: performance.now() - start, cpuMs: cpuMs() - cpu };
}

/** The first open loads the addon and is reported apart. Each slide is closed before the next is opened. */
async function open() {
  const idleMiB = residentMiB();
  const times = [];
  for (let i = 0; i <= Number(argument ?? 20); i++) {
    const { result, wallMs } = await timed(() => openSlide(slide));
    times.push(wallMs);
    await result.close();
  }
  const [firstMs, ...others] = times;
  return { firstMs, openMs: median(others), idleMiB, peakMiB: peakMiB() };
}

async function plan() {
  const idleMiB = residentMiB();
  const { result, wallMs, cpuMs: cpu } = await timed(() => planSlide(slide, { model: argument ?? 'demo' }));
  return { tiles: result.tiles, wallMs, cpuMs: cpu, idleMiB, peakMiB: peakMiB() };
}

async function score() {
  const scorer = await createScorer({ model: argument ?? 'demo', threads: 2 });
  const idleMiB = residentMiB();
  const { result, wallMs, cpuMs: cpu } = await timed(() => scorer.score(slide));
  await scorer.close();
  return { tiles: result.tileCount, score: result.score, wallMs, cpuMs: cpu, idleMiB, peakMiB: peakMiB() };
}

const report = await { open, plan, score }[what]();
process.stdout.write(`${JSON.stringify(report)}\n`);
