/** The Python way: WSInfer's runner with the same weights on the same tiles. */
import { atLeast, type Figure } from '../harness/figure.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { holdDense, rowOf } from './row.js';

const against = (what: string, least: number) => atLeast('wsinfer', `whole loop against WSInfer, ${what}`, least);

const mobilenet = { model: 'mobilenet', units: 4, claim: against('MobileNetV3-small', 3) } as const;
const resnet = { model: 'resnet', units: 2, claim: against('ResNet-18', 1.2) } as const;

export const wsinfer = rowOf(
  [mobilenet.claim, resnet.claim],
  async (bench) => {
    const figures: Figure[] = [];
    for (const { model, units, claim } of [mobilenet, resnet]) {
      const outcome = await holdDense(bench, {
        // WSInfer gives probabilities.
        ...{ units, model, more: { activation: 'softmax' }, rounds: 5 },
        entries: () => [{ name: 'ours-scores' }, { name: 'wsinfer', workload: { batch: 32 } }],
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
  'whole loop against WSInfer, same weights, same tiles',
);
