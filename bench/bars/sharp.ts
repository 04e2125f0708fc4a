/** Decode and normalise, as a JavaScript user would without us: sharp, naive and tuned. */
import { hold, type Outcome } from '../harness/contest.js';
import type { Claim, Figure } from '../harness/figure.js';
import { denseSlide } from '../workloads/slides.js';
import { ratioFigure, speed, speedNote } from './compare.js';
import { MODEL_TILE_PX, STORED_TILE_PX, storedTiles, wholeSlide, WORKERS, type Row } from './row.js';

const against = (what: string, least: number): Claim => ({
  row: 'sharp',
  what,
  unit: 'x',
  bar: { op: '>=', value: least },
});

const tuned = against('decode + normalise against tuned sharp', 4);
const naive = against('decode + normalise against naive sharp', 12);
/** A slow opponent proves nothing: this bar is the opponent's. */
const fair = against('tuned sharp itself, pixels/s against bare decode on as many threads', 0.1);

function figures(outcome: Outcome): Figure[] {
  const ours = 'ours-tensors';
  const factor = (MODEL_TILE_PX / STORED_TILE_PX) ** 2;
  return [
    ratioFigure(outcome, { claim: tuned, above: ours, below: 'sharp-tuned', of: speed, note: speedNote }),
    ratioFigure(outcome, { claim: naive, above: ours, below: 'sharp-naive', of: speed, note: speedNote }),
    ratioFigure(outcome, {
      ...{ claim: fair, above: 'sharp-tuned', below: 'bare-jpeg', of: speed, factor },
      note: (a, b) => `${speedNote(a, b)} of 224² and 256²`,
    }),
  ];
}

export const sharp: Row = {
  id: 'sharp',
  title: 'decode + normalise against sharp',
  claims: [tuned, naive, fair],
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 2 : 6);
    const outcome = await hold({
      workload: wholeSlide(slide, MODEL_TILE_PX, { threads: WORKERS }),
      entries: [
        { name: 'sharp-naive' },
        { name: 'sharp-tuned' },
        { name: 'ours-tensors' },
        { name: 'bare-jpeg', workload: storedTiles(slide), check: 'none' },
      ],
      rounds: bench.rounds(7),
    });
    return figures(outcome);
  },
};
