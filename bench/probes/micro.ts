/**
 * Single calls of the API, by tinybench.
 *   micro.js <slide> <milliseconds for each>
 */
import { openSlide } from 'microtome';
import { loadTinybench } from '../contenders/peer-packages.js';

/** Milliseconds a call. */
export interface MicroReport {
  readonly name: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

const [path, time] = process.argv.slice(2) as [string, string];

const { Bench } = await loadTinybench();
const slide = await openSlide(path);
let next = 0;
const bench = new Bench({ time: Number(time), warmupTime: Number(time) / 4 });
bench
  .add('openSlide and close', async () => (await openSlide(path)).close())
  .add('readRegion, one stored tile', () =>
    slide.readRegion({ level: 0, x: 256 * (next++ % 16), y: 0, width: 256, height: 256 }),
  )
  .add('readRegion, 224² across four stored tiles', () =>
    slide.readRegion({ level: 0, x: 256 * (next++ % 15) + 144, y: 144, width: 224, height: 224 }),
  )
  .add('thumbnail of 512 pixels', () => slide.thumbnail(512))
  .add('tissue mask', () => slide.tissue());
await bench.run();
await slide.close();
const reports = bench.tasks.map(({ name, result }): MicroReport => {
  if (result.latency === undefined) throw new Error(`${name}: ${String(result.error ?? result.state)}`);
  const { p50, p75, samplesCount, min } = result.latency;
  return { name, median: p50, low: min, high: p75, count: samplesCount };
});
process.stdout.write(`${JSON.stringify(reports)}\n`);
