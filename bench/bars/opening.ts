/** Opening the largest slide of the published distribution: time and memory that its tables take. */
import { measured, type Claim } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { estimate, median } from '../harness/statistics.js';
import type { OpenReport } from '../probes/open.js';
import { giantSlide } from '../workloads/giant-slides.js';
import { denseSlide } from '../workloads/slides.js';
import type { Row } from './row.js';

const claim = (what: string, unit: string): Claim => ({
  row: 'opening',
  what: `opening a 72-gigapixel slide with 1.1 million tiles, ${what}`,
  unit,
  bar: { op: '<=', value: 60 },
});

const time = claim('time', 'ms');
const memory = claim('memory', 'MB');

export const opening: Row = {
  id: 'opening',
  title: 'opening a 72-gigapixel slide with 1.1 million tiles',
  claims: [time, memory],
  async run(bench) {
    const small = (await denseSlide(1)).path;
    const large = await giantSlide('seventy-two gigapixels');
    const reports: OpenReport[] = [];
    for (let i = 0; i < bench.rounds(11); i++) reports.push(await probe<OpenReport>('open', [small, large]));
    const of = (field: keyof OpenReport): number => median(reports.map((report) => report[field]));
    const megabytes = reports.map((report) => (report.growthKib * 1024) / 1e6);
    return [
      measured(
        time,
        estimate(reports.map((report) => report.openMs)),
        `first tile after ${of('firstTileMs').toFixed(1)} ms; each in a process of its own`,
        { reports },
      ),
      measured(
        memory,
        estimate(megabytes),
        `beyond what the process had, first tile included; ${((of('peakKib') * 1024) / 1e6).toFixed(0)} MB with Node.js`,
        { reports },
      ),
    ];
  },
};
