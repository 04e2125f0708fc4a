/** What every file of this folder gives: one row of the table of bars. */
import { hold, type Entry, type Outcome } from '../harness/contest.js';
import type { Claim, Figure } from '../harness/figure.js';
import type { Workload } from '../harness/protocol.js';
import { modelFile, type ModelName } from '../models/files.js';
import { denseSlide, type DenseSlide } from '../workloads/slides.js';
import { MODEL_TILE_PX, STORED_TILE_PX } from '../workloads/scales.js';

export interface Bench {
  /** Fewer rounds and smaller slides: shows that everything works; the figures are rough. */
  readonly quick: boolean;
  /** Interleaved passes of each contender. */
  rounds(full: number): number;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly claims: readonly Claim[];
  run(bench: Bench): Promise<readonly Figure[]>;
}

/** `title`: where the row makes several claims. @defaultValue what its only claim says */
export function rowOf(claims: readonly [Claim, ...Claim[]], run: Row['run'], title = claims[0].what): Row {
  return { id: claims[0].row, title, claims, run };
}

/** The bars are for two cores: two workers wherever a row says whole loop, one where it says CPU time. */
export const WORKERS = 2;

export { MODEL_TILE_PX, STORED_TILE_PX };

/** What a workload has where the row does not say more. */
export const plainWorkload = {
  level: 0,
  threads: 1,
  batch: 16,
  model: 'none',
  activation: 'none',
  keep: 'all',
} as const;

/** A dense slide of `units`, half as many in a quick run. */
export function slideOf(bench: Bench, units: number): Promise<DenseSlide> {
  return denseSlide(bench.quick ? Math.ceil(units / 2) : units);
}

export interface DenseContest {
  /** Size of the slide, so that a pass takes about a second. */
  readonly units: number;
  /** Side of the tiles, which have no gaps. @defaultValue MODEL_TILE_PX */
  readonly size?: number;
  /** A model on both workers. @defaultValue none, and what `more` says */
  readonly model?: ModelName;
  readonly more?: Partial<Workload>;
  readonly rounds: number;
  /** `stored`: change of the workload to the stored tiles of the slide, where the others read model tiles. */
  entries(stored: Partial<Workload>): readonly Entry[];
}

/** A contest on everything of a dense slide. */
export async function holdDense(bench: Bench, contest: DenseContest): Promise<Outcome> {
  const { units, size = MODEL_TILE_PX, model, more, rounds, entries } = contest;
  const { path, streams, side, tilesOf } = await slideOf(bench, units);
  const grid = (px: number, across: number) => ({ size: px, stride: px, columns: across, rows: across });
  const withModel = model === undefined ? {} : { model: await modelFile(model), threads: WORKERS };
  return hold({
    workload: { ...plainWorkload, slide: path, streams, ...grid(size, tilesOf(size)), ...withModel, ...more },
    entries: entries(grid(STORED_TILE_PX, side)),
    rounds: bench.rounds(rounds),
  });
}
