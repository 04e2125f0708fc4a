/** The whole loop with cheap models against tuned sharp + onnxruntime-node. */
import { hold } from '../harness/contest.js';
import type { Claim, Figure } from '../harness/figure.js';
import { modelFile, type ModelName } from '../models/files.js';
import { denseSlide } from '../workloads/slides.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { MODEL_TILE_PX, wholeSlide, WORKERS, type Row } from './row.js';

const cases: readonly { readonly model: ModelName; readonly claim: Claim }[] = [
  {
    model: 'cnn',
    claim: {
      row: 'sharp-models',
      what: 'whole loop against tuned sharp + onnxruntime-node, CNN of 30 MMAC',
      unit: 'x',
      bar: { op: '>=', value: 1.9 },
    },
  },
  {
    model: 'mobilenet',
    claim: {
      row: 'sharp-models',
      what: 'whole loop against tuned sharp + onnxruntime-node, MobileNetV3-small',
      unit: 'x',
      bar: { op: '>=', value: 1.5 },
    },
  },
];

export const sharpModels: Row = {
  id: 'sharp-models',
  title: 'whole loop with cheap models against tuned sharp + onnxruntime-node',
  claims: cases.map((one) => one.claim),
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 2 : 4);
    const figures: Figure[] = [];
    for (const { model, claim } of cases) {
      const outcome = await hold({
        workload: wholeSlide(slide, MODEL_TILE_PX, { model: await modelFile(model), threads: WORKERS }),
        entries: [{ name: 'sharp-tuned' }, { name: 'ours-scores' }],
        rounds: bench.rounds(7),
      });
      figures.push(
        ratioFigure(outcome, { claim, above: 'ours-scores', below: 'sharp-tuned', of: speed, note: speedNote }),
      );
    }
    return figures;
  },
};
