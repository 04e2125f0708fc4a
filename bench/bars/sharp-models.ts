/** The whole loop with cheap models against tuned sharp + onnxruntime-node. */
import { atLeast, type Figure } from '../harness/figure.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { holdDense, rowOf } from './row.js';

const against = (what: string, least: number) =>
  atLeast('sharp-models', `whole loop against tuned sharp + onnxruntime-node, ${what}`, least);

const cnn = against('CNN of 30 MMAC', 1.9);
const mobilenet = against('MobileNetV3-small', 1.5);

export const sharpModels = rowOf(
  [cnn, mobilenet],
  async (bench) => {
    const figures: Figure[] = [];
    for (const [model, claim] of Object.entries({ cnn, mobilenet }) as ['cnn' | 'mobilenet', typeof cnn][]) {
      const entries = () => [{ name: 'sharp-tuned' }, { name: 'ours-scores' }] as const;
      const outcome = await holdDense(bench, { units: 4, model, rounds: 7, entries });
      const ratio = { claim, above: 'ours-scores', below: 'sharp-tuned', of: speed, note: speedNote };
      figures.push(ratioFigure(outcome, ratio));
    }
    return figures;
  },
  'whole loop with cheap models against tuned sharp + onnxruntime-node',
);
