/** Other readers on the same aligned tiles, each on one thread, each with its own best call. */
import type { ContenderName } from '../contenders/registry.js';
import type { Outcome } from '../harness/contest.js';
import { atLeast, notRun, type Claim, type Figure } from '../harness/figure.js';
import type { Verification } from '../harness/protocol.js';
import { cpuNote, cpuPerTile, ratioFigure } from './compare.js';
import { holdDense, rowOf, STORED_TILE_PX } from './row.js';

const against = (name: string, least: number, mayBeMissing = false): Claim => ({
  ...atLeast('readers', `CPU time per tile, ${name} against ours`, least),
  mayBeMissing,
});

const fastslide = against('fastslide', 1, true);
/**
 * It decodes more cheaply than libjpeg's default, so its pixels are others. The comparison favours it, and stands where it
 * has at least read the same picture: the mean of every tile's red, green and blue within this many levels of 255.
 */
const MEANS_WITHIN = 2;

const peers: readonly (readonly [ContenderName, Claim])[] = [
  ['openslide', against('OpenSlide 4', 6)],
  ['vips-region', against('libvips kept region', 1.25)],
  ['cucim', against('cuCIM on CPU', 1, true)],
];

/** Largest difference of the means of two tiles at the same place; NaN where there is nothing to compare. */
function meansApart(a: Verification | undefined, b: Verification | undefined): number {
  if (a?.means === undefined || b?.means === undefined || a.means.length !== b.means.length) return Number.NaN;
  return a.means.reduce((worst, mean, i) => Math.max(worst, Math.abs(mean - (b.means?.[i] as number))), 0);
}

function fastslideFigure(outcome: Outcome): Figure {
  const ratio = { claim: fastslide, above: 'fastslide', below: 'ours-pixels', of: cpuPerTile };
  const [theirs, ours] = ['fastslide', 'ours-pixels'].map((key) => outcome.verifications.get(key));
  if (!outcome.standings.has('fastslide') || theirs?.digest === ours?.digest)
    return ratioFigure(outcome, { ...ratio, note: cpuNote });
  const apart = meansApart(theirs, ours);
  if (!(apart <= MEANS_WITHIN)) return notRun(fastslide, `other pixels: means of tiles differ by ${apart.toFixed(2)}`);
  const told = `its pixels are not libjpeg-turbo's default ones, but cheaper; mean colours of tiles within ${apart.toFixed(2)} of 255`;
  return ratioFigure(outcome, { ...ratio, note: (a, b) => `${cpuNote(a, b)}; ${told}` });
}

export const readers = rowOf(
  [fastslide, ...peers.map(([, claim]) => claim)],
  async (bench) => {
    const outcome = await holdDense(bench, {
      ...{ units: 4, size: STORED_TILE_PX, rounds: 9 },
      entries: () => [
        { name: 'bare-jpeg' },
        { name: 'ours-pixels' },
        ...peers.map(([name]) => ({ name })),
        { name: 'fastslide', check: 'stated' },
      ],
    });
    const ratios = peers.map(([name, claim]) =>
      ratioFigure(outcome, { claim, above: name, below: 'ours-pixels', of: cpuPerTile, note: cpuNote }),
    );
    return [...ratios, fastslideFigure(outcome)];
  },
  'CPU time per aligned 256² tile of other readers against ours',
);
