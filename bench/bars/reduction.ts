/** Tiles at a target resolution: how near the reduction in bytes comes to the same in double precision. */
import { atLeast, measured, notRun, type Figure } from '../harness/figure.js';
import { probe } from '../harness/probe.js';
import type { ReductionReport } from '../probes/reduction.js';
import { denseSlide } from '../workloads/slides.js';
import { rowOf } from './row.js';

const what = 'target-mpp reduction against a double-precision reference, worst of all cases, PSNR';
const claim = atLeast('reduction', what, 40, 'dB');

/** Some of the resolutions of the published slides, µm per pixel of level 0, and targets that models ask for. */
const slideMpps = [0.121399, 0.194475, 0.220512, 0.230213, 0.25, 0.264384];
const targetMpps = [0.5, 1];

export const reduction = rowOf([claim], async (bench) => {
  const { path } = await denseSlide(3);
  const reports: ReductionReport[] = [];
  for (const slideMpp of bench.quick ? slideMpps.slice(0, 2) : slideMpps) {
    for (const targetMpp of targetMpps)
      reports.push(await probe('reduction', [path, `${slideMpp}`, `${targetMpp}`, '224', bench.quick ? '2' : '6']));
  }
  return [figureOf(reports)];
});

function figureOf(reports: readonly ReductionReport[]): Figure {
  const reduced = reports.filter((report) => report.psnrDb !== null);
  if (reduced.length === 0) return notRun(claim, 'every case was read as it is stored');
  const worst = reduced.reduce((a, b) => ((a.psnrDb ?? 0) <= (b.psnrDb ?? 0) ? a : b));
  const note =
    `${reports.length} pairs of slide and target resolution; worst at a reduction by ${worst.scale.toFixed(3)}, ` +
    `largest difference ${Math.max(...reports.map((report) => report.largestDifference)).toFixed(2)} of 255`;
  return measured(claim, worst.psnrDb ?? Number.NaN, note, { reports });
}
