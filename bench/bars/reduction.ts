/** Tiles at a target resolution: how near the reduction in bytes comes to the same in double precision. */
import { measured, notRun, type Claim, type Figure } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import type { ReductionReport } from '../probes/reduction.js';
import { blockSlide, denseSlide } from '../workloads/slides.js';
import type { Row } from './row.js';

const claim: Claim = {
  row: 'reduction',
  what: 'target-mpp reduction against a double-precision reference, worst of all cases, PSNR',
  unit: 'dB',
  bar: { op: '>=', value: 40 },
};

/** Decoding at a half, a quarter or an eighth gives other pixels; it is an option, and its figure is shown without a bar. */
const scaledClaim: Claim = {
  row: 'reduction',
  what: 'the same with scaledDecode (block averages) on a slide of one level, PSNR',
  unit: 'dB',
  bar: null,
};

/** Some of the resolutions of the published slides, µm per pixel of level 0, and targets that models ask for. */
const slideMpps = [0.121399, 0.194475, 0.220512, 0.230213, 0.25, 0.264384];
const targetMpps = [0.5, 1];

function figureOf(of: Claim, reports: readonly ReductionReport[]): Figure {
  const reduced = reports.filter((report) => report.psnrDb !== null);
  if (reduced.length === 0) return notRun(of, 'every case was read as it is stored');
  const worst = reduced.reduce((a, b) => ((a.psnrDb ?? 0) <= (b.psnrDb ?? 0) ? a : b));
  const note =
    `${reports.length} pairs of slide and target resolution; worst at a reduction by ${worst.scale.toFixed(3)}, ` +
    `largest difference ${Math.max(...reports.map((report) => report.largestDifference)).toFixed(2)} of 255`;
  return measured(of, worst.psnrDb ?? Number.NaN, note, { reports });
}

export const reduction: Row = {
  id: claim.row,
  title: claim.what,
  claims: [claim, scaledClaim],
  async run(bench) {
    const pyramid = (await denseSlide(3)).path;
    const block = { x: 0, y: 0, width: 21, height: 21 };
    const single = await blockSlide('single', {
      columns: 21,
      rows: 21,
      block,
      distinctTiles: 100,
      seed: 23,
      levels: 1,
    });
    const tiles = bench.quick ? '2' : '6';
    const run = (
      path: string,
      slideMpp: number,
      targetMpp: number,
      ...more: readonly string[]
    ): Promise<ReductionReport> =>
      probe<ReductionReport>('reduction', [path, String(slideMpp), String(targetMpp), '224', tiles, ...more]);
    const plain: ReductionReport[] = [];
    const scaled: ReductionReport[] = [];
    for (const slideMpp of bench.quick ? slideMpps.slice(0, 2) : slideMpps) {
      for (const targetMpp of targetMpps) {
        plain.push(await run(pyramid, slideMpp, targetMpp));
        scaled.push(await run(single, slideMpp, targetMpp, 'scaled'));
      }
    }
    return [figureOf(claim, plain), figureOf(scaledClaim, scaled)];
  },
};
