/** Glass must cost nothing: the same tissue tiles on a slide with sixteen times as much glass around them. */
import { hold } from '../harness/contest.js';
import { atMost } from '../harness/figure.js';
import { median } from '../harness/statistics.js';
import { blockSlide } from '../workloads/slides.js';
import { ratioFigure } from './compare.js';
import { plainWorkload, rowOf, STORED_TILE_PX, WORKERS } from './row.js';

const claim = atMost('glass', '16 times more glass around the same tissue tiles, decode + normalise, time', 1.2);

/** 48 x 48 tissue tiles. 80 x 80 tiles leave 4,096 of glass, 260 x 261 leave 65,556: 16.005 times as many. */
const block = { x: 16, y: 16, width: 48, height: 48 };
const common = { block, distinctTiles: 441, seed: 21 };

export const glass = rowOf([claim], async (bench) => {
  const near = await blockSlide('glass', { ...common, columns: 80, rows: 80 });
  const far = await blockSlide('glass', { ...common, columns: 260, rows: 261 });
  const grid = { size: STORED_TILE_PX, stride: STORED_TILE_PX, columns: block.width, rows: block.height };
  const outcome = await hold({
    workload: { ...plainWorkload, ...grid, slide: near, streams: '', threads: WORKERS, keep: 'tissue' },
    // The digests hold positions and pixels: equal ones mean the same tissue tiles.
    entries: [
      { name: 'ours-tensors', as: 'little glass' },
      { name: 'ours-tensors', as: 'much glass', workload: { slide: far } },
    ],
    rounds: bench.rounds(15),
  });
  return [
    ratioFigure(outcome, {
      ...{ claim, above: 'much glass', below: 'little glass', of: (standing) => standing.timing.wallMs },
      note: (a, b) =>
        `${a.timing.tiles} tissue tiles on both; ${median(a.timing.wallMs).toFixed(0)} against ` +
        `${median(b.timing.wallMs).toFixed(0)} ms from opening the slide to the last tensor`,
    }),
  ];
});
