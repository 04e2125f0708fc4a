/**
 * Reading whole stored tiles through the API against decoders alone: bare libjpeg-turbo, which the bar is about, and our own,
 * which says what everything around it costs.
 */
import type { Standing } from '../harness/contest.js';
import { atMost } from '../harness/figure.js';
import { median } from '../harness/statistics.js';
import { cpuNote, cpuPerTile, ratioFigure, standingOf } from './compare.js';
import { holdDense, rowOf, STORED_TILE_PX } from './row.js';

const claim = atMost('aligned', 'CPU time per aligned 256² JPEG tile against bare libjpeg-turbo', 1.1);

export const aligned = rowOf([claim], async (bench) => {
  const entries = () => [{ name: 'bare-jpeg' }, { name: 'stage-decode' }, { name: 'ours-pixels' }] as const;
  const outcome = await holdDense(bench, { units: 6, size: STORED_TILE_PX, rounds: 15, entries });
  const alone = standingOf(outcome, 'stage-decode');
  const told = typeof alone === 'string' ? alone : median(alone.timing.cpuMsPerTile).toFixed(3);
  const note = (ours: Standing, bare: Standing): string => `${cpuNote(ours, bare)}; our own decoder alone ${told}`;
  return [ratioFigure(outcome, { claim, above: 'ours-pixels', below: 'bare-jpeg', of: cpuPerTile, note })];
});
