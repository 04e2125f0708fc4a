/** With a heavy model only inference is left: the loop around it must be all but free. */
import { atLeast } from '../harness/figure.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { holdDense, rowOf } from './row.js';

const claim = atLeast('resnet', 'whole loop against inference alone, ResNet-18 fp32', 0.97);

export const resnet = rowOf([claim], async (bench) => {
  const outcome = await holdDense(bench, {
    ...{ units: 2, model: 'resnet', more: { batch: 4 }, rounds: 7 },
    entries: () => [
      { name: 'sharp-tuned', timed: false },
      { name: 'ours-scores' },
      { name: 'stage-infer', check: 'none' },
    ],
  });
  return [ratioFigure(outcome, { claim, above: 'ours-scores', below: 'stage-infer', of: speed, note: speedNote })];
});
