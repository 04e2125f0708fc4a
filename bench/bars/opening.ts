/** Opening the largest slide of the published distribution: time and memory that its tables take. */
import { atMost, measured } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { estimate, median } from '../harness/statistics.js';
import type { OpenReport } from '../probes/open.js';
import { giantSlide } from '../workloads/giant-slides.js';
import { denseSlide } from '../workloads/slides.js';
import { rowOf } from './row.js';

const title = 'opening a 72-gigapixel slide with 1.1 million tiles';
const time = atMost('opening', `${title}, time`, 60, 'ms');
const memory = atMost('opening', `${title}, memory`, 60, 'MB');

export const opening = rowOf(
  [time, memory],
  async (bench) => {
    const slides = [(await denseSlide(1)).path, await giantSlide('seventy-two gigapixels')];
    const reports: OpenReport[] = [];
    for (let i = 0; i < bench.rounds(11); i++) reports.push(await probe<OpenReport>('open', slides));
    const all = (field: keyof OpenReport): number[] => reports.map((report) => report[field]);
    const megabytes = (kib: number): number => (kib * 1024) / 1e6;
    const timeNote = `first tile after ${median(all('firstTileMs')).toFixed(1)} ms; each in a process of its own`;
    const peak = megabytes(median(all('peakKib'))).toFixed(0);
    const memoryNote = `beyond what the process had, first tile included; ${peak} MB with Node.js`;
    return [
      measured(time, estimate(all('openMs')), timeNote, { reports }),
      measured(memory, estimate(all('growthKib').map(megabytes)), memoryNote, { reports }),
    ];
  },
  title,
);
