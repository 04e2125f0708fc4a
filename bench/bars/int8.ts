/** The same network in 8 bits: what it saves where the CPU multiplies bytes (VNNI), and what it does to the scores. */
import type { Outcome, Standing } from '../harness/contest.js';
import { atLeast, notRun } from '../harness/figure.js';
import { cpuFlags } from '../harness/machine.js';
import { modelFile } from '../models/files.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { holdDense, rowOf } from './row.js';

const claim = atLeast('int8', 'ResNet-18 INT8 (QDQ) against fp32, whole loop', 3);

/** "scores differ by 0.02 in the mean, 0.09 at most; fp32 scores spread over 1.3" */
function scoreNote(outcome: Outcome): string {
  const fp32 = outcome.verifications.get('fp32')?.scores;
  const int8 = outcome.verifications.get('int8')?.scores;
  if (fp32 === undefined || int8 === undefined) return 'scores were not compared';
  const differences = fp32.map((value, i) => Math.abs(value - (int8[i] ?? Number.NaN)));
  const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length;
  const spread = Math.max(...fp32) - Math.min(...fp32);
  return (
    `tile scores differ by ${mean.toPrecision(2)} in the mean, ${Math.max(...differences).toPrecision(2)} at most; ` +
    `fp32 scores are ${Math.min(...fp32).toPrecision(3)} to ${Math.max(...fp32).toPrecision(3)}, a range of ${spread.toPrecision(2)}`
  );
}

export const int8 = rowOf([claim], async (bench) => {
  if (!cpuFlags().some((flag) => /vnni/.test(flag)))
    return [notRun({ ...claim, mayBeMissing: true }, 'this CPU has no VNNI')];
  const quantised = await modelFile('resnet-int8');
  const outcome = await holdDense(bench, {
    ...{ units: 2, model: 'resnet', rounds: 7 },
    entries: () => [
      { name: 'sharp-tuned', timed: false },
      { name: 'ours-scores', as: 'fp32' },
      { name: 'ours-scores', as: 'int8', workload: { model: quantised }, check: 'stated' },
    ],
  });
  const note = (a: Standing, b: Standing): string => `${speedNote(a, b)}; ${scoreNote(outcome)}`;
  return [ratioFigure(outcome, { claim, above: 'int8', below: 'fp32', of: speed, note })];
});
