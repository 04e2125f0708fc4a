/**
 * Reading whole stored tiles through the API against decoders alone: bare libjpeg-turbo, which the bar is about, and our own,
 * which says what everything around it costs.
 */
import { hold, type Standing } from '../harness/contest.js';
import type { Claim } from '../harness/figure.js';
import { denseSlide } from '../workloads/slides.js';
import { median } from '../harness/statistics.js';
import { cpuNote, cpuPerTile, ratioFigure, standingOf } from './compare.js';
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
      entries: [{ name: 'bare-jpeg' }, { name: 'stage-decode' }, { name: 'ours-pixels' }],
      rounds: bench.rounds(15),
    });
    const alone = standingOf(outcome, 'stage-decode');
    const told = typeof alone === 'string' ? alone : median(alone.timing.cpuMsPerTile).toFixed(3);
    const note = (ours: Standing, bare: Standing): string => `${cpuNote(ours, bare)}; our own decoder alone ${told}`;
    return [ratioFigure(outcome, { claim, above: 'ours-pixels', below: 'bare-jpeg', of: cpuPerTile, note })];
  },
};
