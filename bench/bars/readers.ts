/** Other readers on the same aligned tiles, each on one thread, each with its own best call. */
import type { ContenderName } from '../contenders/registry.js';
import { hold, type Outcome } from '../harness/contest.js';
import { notRun, type Claim, type Figure } from '../harness/figure.js';
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

const fastslide = against('fastslide', 1, true);
/** It decodes more cheaply than libjpeg's default, so its pixels are others: told, but no comparison of equals. */
const otherPixels = { ...against('fastslide, other pixels,', null), mayBeMissing: true };

const peers: readonly (readonly [ContenderName, Claim])[] = [
  ['openslide', against('OpenSlide 4', 6)],
  ['vips-region', against('libvips kept region', 1.25)],
  ['cucim', against('cuCIM on CPU', 1, true)],
  ['tiffslide', against('tiffslide', null)],
];

function fastslideFigures(outcome: Outcome): Figure[] {
  const ratio = { above: 'fastslide', below: 'ours-pixels', of: cpuPerTile, note: cpuNote };
  const same = outcome.verifications.get('fastslide')?.digest === outcome.verifications.get('ours-pixels')?.digest;
  if (same || !outcome.standings.has('fastslide')) return [ratioFigure(outcome, { ...ratio, claim: fastslide })];
  const reason = "its pixels are not libjpeg-turbo's default ones, and it has no option that makes them so";
  return [notRun(fastslide, reason), ratioFigure(outcome, { ...ratio, claim: otherPixels })];
}

export const readers: Row = {
  id: 'readers',
  title: 'CPU time per aligned 256² tile of other readers against ours',
  claims: [...peers.map(([, claim]) => claim), fastslide],
  async run(bench) {
    const slide = await denseSlide(bench.quick ? 2 : 4);
    const outcome = await hold({
      workload: wholeSlide(slide, STORED_TILE_PX),
      entries: [
        { name: 'bare-jpeg' },
        { name: 'ours-pixels' },
        ...peers.map(([name]) => ({ name })),
        { name: 'fastslide', check: 'stated' },
      ],
      rounds: bench.rounds(9),
    });
    const ratios = peers.map(([name, claim]) =>
      ratioFigure(outcome, { claim, above: name, below: 'ours-pixels', of: cpuPerTile, note: cpuNote }),
    );
    return [...ratios, ...fastslideFigures(outcome)];
  },
};
