/** Peak memory of scoring must not depend on the size of the slide. */
import { measured, type Claim } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import { median, pairedRatio } from '../harness/statistics.js';
import { modelFile } from '../models/files.js';
import type { ScoreReport } from '../probes/score.js';
import { oneGigapixel, seventyTwoGigapixels } from '../workloads/giant-slides.js';
import type { Row } from './row.js';

const claim: Claim = {
  row: 'memory',
  what: 'peak memory, 72 gigapixels against 1, the same share of tissue',
  unit: 'x',
  bar: { op: '<=', value: 1.1 },
};

export const memory: Row = {
  id: claim.row,
  title: claim.what,
  claims: [claim],
  async run(bench) {
    const model = await modelFile('mean');
    const slides = [await oneGigapixel(), await seventyTwoGigapixels()] as const;
    const reports: [ScoreReport[], ScoreReport[]] = [[], []];
    for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
      for (const [i, slide] of slides.entries())
        reports[i as 0 | 1].push(await probe<ScoreReport>('score', [slide, model]));
    }
    const [small, large] = reports;
    const peaks = (all: readonly ScoreReport[]): number[] => all.map((report) => report.peakKib);
    const text = (all: readonly ScoreReport[]): string =>
      `${(median(peaks(all)) / 1024).toFixed(0)} MiB for ${all[0]?.tiles} tiles`;
    return [
      measured(claim, pairedRatio(peaks(large), peaks(small)), `${text(large)} against ${text(small)}`, { reports }),
    ];
  },
};
