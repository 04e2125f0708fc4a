/** Decode and normalise, as a JavaScript user would without us: sharp, naive and tuned. */
import { atLeast } from '../harness/figure.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { holdDense, MODEL_TILE_PX, rowOf, STORED_TILE_PX, WORKERS } from './row.js';

const tuned = atLeast('sharp', 'decode + normalise against tuned sharp', 4);
const naive = atLeast('sharp', 'decode + normalise against naive sharp', 12);
/** A slow opponent proves nothing: this bar is the opponent's. */
const fair = atLeast('sharp', 'tuned sharp itself, pixels/s against bare decode on as many threads', 0.1);

export const sharp = rowOf(
  [tuned, naive, fair],
  async (bench) => {
    const outcome = await holdDense(bench, {
      ...{ units: 6, more: { threads: WORKERS }, rounds: 7 },
      entries: (stored) => [
        { name: 'sharp-naive' },
        { name: 'sharp-tuned' },
        { name: 'ours-tensors' },
        { name: 'bare-jpeg', workload: stored, check: 'none' },
      ],
    });
    const ours = { above: 'ours-tensors', of: speed, note: speedNote };
    const factor = (MODEL_TILE_PX / STORED_TILE_PX) ** 2;
    return [
      ratioFigure(outcome, { ...ours, claim: tuned, below: 'sharp-tuned' }),
      ratioFigure(outcome, { ...ours, claim: naive, below: 'sharp-naive' }),
      ratioFigure(outcome, {
        ...{ claim: fair, above: 'sharp-tuned', below: 'bare-jpeg', of: speed, factor },
        note: (a, b) => `${speedNote(a, b)} of 224² and 256²`,
      }),
    ];
  },
  'decode + normalise against sharp',
);
