/** Other readers on the same aligned tiles, each on one thread, each with its own best call. */
import type { ContenderName } from '../contenders/registry.js';
import { hold } from '../harness/contest.js';
import type { Claim } from '../harness/figure.js';
import { denseSlide } from '../workloads/slides.js';
import { cpuNote, cpuPerTile, ratioFigure } from './compare.js';
import { STORED_TILE_PX, wholeSlide, type Row } from './row.js';

const against = (name: string, least: number | null, mayBeMissing = false): Claim => ({
  row: 'readers',
  mayBeMissing,
  what: `CPU time per tile, ${name} against ours`,
  unit: 'x',
  bar: least === null ? null : { op: '>=', value: least },
});

const peers: readonly (readonly [ContenderName, Claim])[] = [
  ['openslide', against('OpenSlide 4', 6)],
  ['vips-region', against('libvips kept region', 1.25)],
  ['cucim', against('cuCIM on CPU', 1, true)],
  ['fastslide', against('fastslide', 1, true)],
  ['tiffslide', against('tiffslide', null)],
];

export const readers: Row = {
  id: 'readers',
  title: 'CPU time per aligned 256² tile of other readers against ours',
  claims: peers.map(([, claim]) => claim),
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 2 : 4);
    const outcome = await hold({
      workload: wholeSlide(slide, STORED_TILE_PX),
      entries: [{ name: 'bare-jpeg' }, { name: 'ours-pixels' }, ...peers.map(([name]) => ({ name }))],
      rounds: bench.rounds(9),
    });
    return peers.map(([name, claim]) =>
      ratioFigure(outcome, { claim, above: name, below: 'ours-pixels', of: cpuPerTile, note: cpuNote }),
    );
  },
};
