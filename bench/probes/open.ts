/**
 * Opens a slide in a process that has opened a small one before, so that the addon and its libraries are there.
 *   open.js <small slide> <slide>
 */
import { openSlide } from 'microtome';
import { peakRssKib, resetPeak, residentKib } from '../harness/memory.js';

export interface OpenReport {
  readonly openMs: number;
  /** Until the first tile from the middle is there: tables are read when they are used. */
  readonly firstTileMs: number;
  /** Most memory at any time since just before the opening, the first tile included, beyond what there was. */
  readonly growthKib: number;
  readonly peakKib: number;
}

const [small, large] = process.argv.slice(2) as [string, string];

await (await openSlide(small)).close();
globalThis.gc?.();
const before = residentKib();
resetPeak();
const began = performance.now();
const slide = await openSlide(large);
const openMs = performance.now() - began;
await slide.readRegion({ level: 0, x: slide.width >> 1, y: slide.height >> 1, width: 256, height: 256 });
const firstTileMs = performance.now() - began;
const peakKib = peakRssKib();
const report: OpenReport = { openMs, firstTileMs, growthKib: peakKib - before, peakKib };
await slide.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
