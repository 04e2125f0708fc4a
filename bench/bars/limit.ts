/**
 * The whole loop against what its parts allow: workers / (CPU time of decode + normalise + inference for a tile), each part
 * measured alone with the same number of workers at the same time. Decode is our own decoder on the stored tiles under
 * the grid, each once: a higher limit than bare libjpeg-turbo's, which the note gives beside it.
 */
import type { Entry, Outcome, Standing } from '../harness/contest.js';
import { atLeast, measured, notRun, type Claim, type Figure } from '../harness/figure.js';
import { estimate, median } from '../harness/statistics.js';
import type { ModelName } from '../models/files.js';
import { standingOf, summary } from './compare.js';
import { type Bench, holdDense, MODEL_TILE_PX, rowOf, STORED_TILE_PX, WORKERS } from './row.js';

interface Case {
  readonly model?: ModelName;
  readonly units: number;
  readonly claim: Claim;
}

const against = (what: string, least: number): Claim =>
  atLeast('limit', `whole loop's tiles/s against the limit, ${what}`, least);

const cases = [
  { model: 'mobilenet', units: 4, claim: against('MobileNetV3-small', 0.9) },
  { model: 'cnn', units: 6, claim: against('CNN of 30 MMAC', 0.88) },
  { units: 12, claim: against('decode + normalise (aim 0.95)', 0.85) },
] as const satisfies readonly Case[];

/** What the pipeline hands to the runtime in one call. */
const INFERENCE_BATCH = 4;

/** Stored tiles for each model tile. */
const STORED_PER_TILE = (MODEL_TILE_PX / STORED_TILE_PX) ** 2;

function limitFigure(outcome: Outcome, one: Case, ours: string): Figure {
  const parts = ['stage-decode', 'stage-normalise', ...(one.model === undefined ? [] : ['stage-infer'])];
  const found = [ours, 'bare-jpeg', ...parts].map((key) => standingOf(outcome, key));
  const missing = found.find((standing) => typeof standing === 'string');
  if (typeof missing === 'string') return notRun(one.claim, missing);
  const [whole, bare, ...alone] = found as Standing[] as [Standing, Standing, ...Standing[]];
  // Decoding alone counts stored tiles, the others model tiles.
  const weight = (i: number): number => (i === 0 ? STORED_PER_TILE : 1);
  const ratiosTo = (stages: readonly Standing[]): number[] =>
    whole.timing.tilesPerSecond.map((rate, round) => {
      const cpuMs = stages.reduce((sum, part, i) => sum + weight(i) * (part.timing.cpuMsPerTile[round] as number), 0);
      return rate / ((1000 * WORKERS) / cpuMs);
    });
  const shares = alone.map((part, i) => weight(i) * median(part.timing.cpuMsPerTile));
  // Wall-clock against CPU time: where others work on the machine too, only the second figure of the note means much.
  const inCpuTime = shares.reduce((sum, ms) => sum + ms, 0) / median(whole.timing.cpuMsPerTile);
  const note =
    `${median(whole.timing.tilesPerSecond).toFixed(0)} tiles/s; alone ${shares.map((ms) => ms.toFixed(3)).join(' + ')} ms ` +
    `of CPU a tile, ${inCpuTime.toFixed(2)} of what the loop takes; against the limit with bare libjpeg-turbo ` +
    median(ratiosTo([bare, ...alone.slice(1)])).toFixed(3);
  const detail = Object.fromEntries(
    [ours, 'bare-jpeg', ...parts].map((key, i) => [key, summary(found[i] as Standing)]),
  );
  return measured(one.claim, estimate(ratiosTo(alone)), note, detail);
}

async function runCase(bench: Bench, one: Case): Promise<Figure> {
  const ours = one.model === undefined ? 'ours-tensors' : 'ours-scores';
  const infer: readonly Entry[] = [{ name: 'stage-infer', workload: { batch: INFERENCE_BATCH }, check: 'none' }];
  const outcome = await holdDense(bench, {
    ...one,
    ...{ more: { threads: WORKERS }, rounds: 9 },
    entries: (stored) => [
      // Another implementation says what the right tensors and scores are.
      { name: 'sharp-tuned', timed: false },
      { name: ours },
      { name: 'bare-jpeg', workload: stored, check: 'none' },
      { name: 'stage-decode', workload: stored, check: 'none' },
      { name: 'stage-normalise', check: 'none' },
      ...(one.model === undefined ? [] : infer),
    ],
  });
  return limitFigure(outcome, one, ours);
}

export const limit = rowOf(
  [cases[0].claim, cases[1].claim, cases[2].claim],
  async (bench) => {
    const figures: Figure[] = [];
    for (const one of cases) figures.push(await runCase(bench, one));
    return figures;
  },
  'whole loop against the limit of its parts, MobileNetV3-small, CNN of 30 MMAC, no model',
);
