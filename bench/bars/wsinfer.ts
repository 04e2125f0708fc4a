/** The Python way: WSInfer's runner with the same weights on the same tiles. */
import { hold } from '../harness/contest.js';
import type { Claim, Figure } from '../harness/figure.js';
import { modelFile, type ModelName } from '../models/files.js';
import { denseSlide } from '../workloads/slides.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { MODEL_TILE_PX, wholeSlide, WORKERS, type Row } from './row.js';

interface Case {
  readonly model: ModelName;
  readonly units: number;
  readonly claim: Claim;
}

const against = (what: string, least: number): Claim => ({
  row: 'wsinfer',
  what: `whole loop against WSInfer, ${what}`,
  unit: 'x',
  bar: { op: '>=', value: least },
});

const cases: readonly Case[] = [
  { model: 'mobilenet', units: 4, claim: against('MobileNetV3-small', 3) },
  { model: 'resnet', units: 2, claim: against('ResNet-18', 1.2) },
];

export const wsinfer: Row = {
  id: 'wsinfer',
  title: 'whole loop against WSInfer, same weights, same tiles',
  claims: cases.map((one) => one.claim),
  async run(bench) {
    const figures: Figure[] = [];
    for (const { model, units, claim } of cases) {
      const slide = await denseSlide(bench.quick ? 1 : units);
      const file = await modelFile(model);
      const outcome = await hold({
        // WSInfer gives probabilities.
        workload: wholeSlide(slide, MODEL_TILE_PX, { model: file, threads: WORKERS, activation: 'softmax' }),
        entries: [{ name: 'ours-scores' }, { name: 'wsinfer', workload: { batch: 32 } }],
        rounds: bench.rounds(5),
      });
      figures.push(
        ratioFigure(outcome, {
          ...{ claim, above: 'ours-scores', below: 'wsinfer', of: speed },
          note: (a, b) => `${speedNote(a, b)}; ${b.version}`,
        }),
      );
    }
    return figures;
  },
};
