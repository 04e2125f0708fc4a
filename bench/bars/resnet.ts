/** With a heavy model only inference is left: the loop around it must be all but free. */
import { hold } from '../harness/contest.js';
import type { Claim } from '../harness/figure.js';
import { modelFile } from '../models/files.js';
import { denseSlide } from '../workloads/slides.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { MODEL_TILE_PX, wholeSlide, WORKERS, type Row } from './row.js';

const claim: Claim = {
  row: 'resnet',
  what: 'whole loop against inference alone, ResNet-18 fp32',
  unit: 'x',
  bar: { op: '>=', value: 0.97 },
};

export const resnet: Row = {
  id: claim.row,
  title: claim.what,
  claims: [claim],
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 1 : 2);
    const model = await modelFile('resnet');
    const outcome = await hold({
      workload: wholeSlide(slide, MODEL_TILE_PX, { model, threads: WORKERS, batch: 4 }),
      entries: [{ name: 'sharp-tuned', timed: false }, { name: 'ours-scores' }, { name: 'stage-infer', check: 'none' }],
      rounds: bench.rounds(7),
    });
    return [ratioFigure(outcome, { claim, above: 'ours-scores', below: 'stage-infer', of: speed, note: speedNote })];
  },
};
