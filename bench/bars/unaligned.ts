/** The price of a grid that does not fit the stored tiles. Every stored tile is decoded once for both. */
import { atMost } from '../harness/figure.js';
import { cpuNote, cpuPerTile, ratioFigure } from './compare.js';
import { holdDense, MODEL_TILE_PX, rowOf, STORED_TILE_PX } from './row.js';

const claim = atMost('unaligned', 'CPU time per pixel, unaligned 224 grid against aligned 256', 1.15);

export const unaligned = rowOf([claim], async (bench) => {
  const outcome = await holdDense(bench, {
    units: 6,
    rounds: 15,
    entries: (stored) => [
      { name: 'vips-region' },
      { name: 'ours-pixels', as: 'ours at 224' },
      { name: 'ours-pixels', as: 'ours at 256', workload: stored, check: 'none' },
    ],
  });
  const factor = (STORED_TILE_PX / MODEL_TILE_PX) ** 2;
  return [
    ratioFigure(outcome, {
      ...{ claim, above: 'ours at 224', below: 'ours at 256', of: cpuPerTile, factor },
      note: (a, b) => `${cpuNote(a, b)} of 224² and 256²; the 224 grid's pixels are those of libvips`,
    }),
  ];
});
