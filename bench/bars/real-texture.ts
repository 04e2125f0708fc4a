/** Reading again, on tiles of a scanned slide compressed as the drawn ones are: do the ratios hold for real texture? */
import type { ContenderName } from '../contenders/registry.js';
import { hold } from '../harness/contest.js';
import { notRun, type Claim } from '../harness/figure.js';
import { realTextureSlide, type DenseSlide } from '../workloads/slides.js';
import { cpuNote, cpuPerTile, ratioFigure } from './compare.js';
import { STORED_TILE_PX, wholeSlide, type Row } from './row.js';

const claimOf = (what: string): Claim => ({
  row: 'real-texture',
  what: `real texture: CPU time per aligned 256² tile, ${what}`,
  unit: 'x',
  bar: null,
  mayBeMissing: true,
});

const ratios: readonly (readonly [ContenderName, ContenderName, Claim])[] = [
  ['ours-pixels', 'bare-jpeg', claimOf('ours against bare libjpeg-turbo')],
  ['vips-region', 'ours-pixels', claimOf('libvips kept region against ours')],
  ['openslide', 'ours-pixels', claimOf('OpenSlide 4 against ours')],
];

export const realTexture: Row = {
  id: 'real-texture',
  title: 'readers on tiles of a scanned slide (no bar)',
  claims: ratios.map(([, , claim]) => claim),
  async run(bench) {
    let slide: DenseSlide;
    try {
      slide = await realTextureSlide(bench.quick ? 2 : 4);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return ratios.map(([, , claim]) => notRun(claim, reason));
    }
    const outcome = await hold({
      workload: wholeSlide(slide, STORED_TILE_PX),
      entries: [{ name: 'bare-jpeg' }, { name: 'ours-pixels' }, { name: 'vips-region' }, { name: 'openslide' }],
      rounds: bench.rounds(9),
    });
    return ratios.map(([above, below, claim]) =>
      ratioFigure(outcome, { claim, above, below, of: cpuPerTile, note: cpuNote }),
    );
  },
};
