/** The price of a grid that does not fit the stored tiles. Every stored tile is decoded once for both. */
import { hold } from '../harness/contest.js';
import type { Claim } from '../harness/figure.js';
import { denseSlide } from '../workloads/slides.js';
import { cpuNote, cpuPerTile, ratioFigure } from './compare.js';
import { MODEL_TILE_PX, STORED_TILE_PX, storedTiles, wholeSlide, type Row } from './row.js';

const claim: Claim = {
  row: 'unaligned',
  what: 'CPU time per pixel, unaligned 224 grid against aligned 256',
  unit: 'x',
  bar: { op: '<=', value: 1.15 },
};

export const unaligned: Row = {
  id: claim.row,
  title: claim.what,
  claims: [claim],
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 3 : 6);
    const outcome = await hold({
      workload: wholeSlide(slide, MODEL_TILE_PX),
      entries: [
        { name: 'vips-region' },
        { name: 'ours-pixels', as: 'ours at 224' },
        { name: 'ours-pixels', as: 'ours at 256', workload: storedTiles(slide), check: 'none' },
      ],
      rounds: bench.rounds(15),
    });
    const factor = (STORED_TILE_PX / MODEL_TILE_PX) ** 2;
    return [
      ratioFigure(outcome, {
        ...{ claim, above: 'ours at 224', below: 'ours at 256', of: cpuPerTile, factor },
        note: (a, b) => `${cpuNote(a, b)} of 224² and 256²; the 224 grid's pixels are those of libvips`,
      }),
    ];
  },
};
