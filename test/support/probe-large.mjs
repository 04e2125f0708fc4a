// Scores a slide while it measures the event loop, and prints tiles, peak memory and the longest turn as JSON.
// A turn is measured in CPU time of the JavaScript thread: on a machine with fewer idle cores than threads the clock also
// counts the time that the kernel gave to others, which is not this library's doing.
import { readFileSync } from 'node:fs';
import { createScorer } from '../../dist/index.js';

/** Not maxRSS, which starts at the size of the process that started this one. */
const peakKiB = () => Number(readFileSync('/proc/self/status', 'latin1').match(/^VmHWM:\s+(\d+) kB$/m)[1]);

const [slide, model] = process.argv.slice(2);

const cpuMs = () => {
  // Nanoseconds on CPU of this thread, first field of schedstat.
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
};
const scorer = await createScorer({ model, input: { level: 0 } });
let longestTurnMs = 0;
let last = cpuMs();
let running = true;
const watch = () => {
  const now = cpuMs();
  longestTurnMs = Math.max(longestTurnMs, now - last);
  last = cpuMs();
  if (running) setImmediate(watch);
};
setImmediate(watch);
const result = await scorer.score(slide, { onProgress: () => {}, tiles: true });
running = false;
await scorer.close();
process.stdout.write(JSON.stringify({ tiles: result.tileCount, peakKiB: peakKiB(), longestTurnMs }));
