/** Slides that OpenSlide reads for us, against OpenSlide as its users call it, and tiffslide against our own reader of TIFF. */
import { atLeast } from '../harness/figure.js';
import { cpuNote, cpuPerTile, ratioFigure, speed, speedNote } from './compare.js';
import { holdDense, rowOf, STORED_TILE_PX, WORKERS } from './row.js';

const python = atLeast('drivers', 'CPU time per tile, openslide-python against ours by OpenSlide', 1);
const threads = atLeast('drivers', 'ours by OpenSlide, two threads against one', 1.6);
const tiffslide = atLeast('drivers', 'CPU time per tile, tiffslide against our own reader', 1);

export const drivers = rowOf(
  [python, threads, tiffslide],
  async (bench) => {
    const outcome = await holdDense(bench, {
      ...{ units: 3, size: STORED_TILE_PX, rounds: 9 },
      entries: () => [
        { name: 'ours-openslide' },
        { name: 'openslide-python' },
        { name: 'ours-openslide', as: 'two threads', workload: { threads: WORKERS } },
        { name: 'ours-pixels' },
        { name: 'tiffslide' },
      ],
    });
    const cpu = { of: cpuPerTile, note: cpuNote } as const;
    return [
      ratioFigure(outcome, { ...cpu, claim: python, above: 'openslide-python', below: 'ours-openslide' }),
      ratioFigure(outcome, {
        ...{ claim: threads, above: 'two threads', below: 'ours-openslide', of: speed, note: speedNote },
      }),
      ratioFigure(outcome, { ...cpu, claim: tiffslide, above: 'tiffslide', below: 'ours-pixels' }),
    ];
  },
  'Slides by OpenSlide, and tiffslide',
);
