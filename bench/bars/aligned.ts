/** Reading whole stored tiles through the API against the decoder alone: what everything around libjpeg-turbo costs. */
import { hold } from '../harness/contest.js';
import type { Claim } from '../harness/figure.js';
import { denseSlide } from '../workloads/slides.js';
import { cpuNote, cpuPerTile, ratioFigure } from './compare.js';
import { STORED_TILE_PX, wholeSlide, type Row } from './row.js';

const claim: Claim = {
  row: 'aligned',
  what: 'CPU time per aligned 256² JPEG tile against bare libjpeg-turbo',
  unit: 'x',
  bar: { op: '<=', value: 1.1 },
};

export const aligned: Row = {
  id: claim.row,
  title: claim.what,
  claims: [claim],
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 3 : 6);
    const outcome = await hold({
      workload: wholeSlide(slide, STORED_TILE_PX),
      entries: [{ name: 'bare-jpeg' }, { name: 'ours-pixels' }],
      rounds: bench.rounds(15),
    });
    return [ratioFigure(outcome, { claim, above: 'ours-pixels', below: 'bare-jpeg', of: cpuPerTile, note: cpuNote })];
  },
};
