/** How long single calls take: no bar, but the first place to look when a loop became slower. */
import { measured, type Claim } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import type { MicroReport } from '../probes/micro.js';
import { denseSlide } from '../workloads/slides.js';
import type { Row } from './row.js';

const claimOf = (what: string): Claim => ({ row: 'micro', what, unit: 'ms', bar: null });

export const micro: Row = {
  id: 'micro',
  title: 'single calls of the API (no bar)',
  claims: [claimOf('single calls')],
  async run(bench) {
    const slide = await denseSlide(3);
    const reports = await probe<readonly MicroReport[]>('micro', [slide.path, bench.quick ? '100' : '1000']);
    return reports.map(({ name, ...latency }) => measured(claimOf(name), latency, `${latency.count} calls`));
  },
};
