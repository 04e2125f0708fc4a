/** What every file of this folder gives: one row of the table of bars. */
import type { Claim, Figure } from '../harness/figure.js';
import type { Workload } from '../harness/protocol.js';
import type { DenseSlide } from '../workloads/slides.js';

export interface Bench {
  /** Fewer rounds and smaller slides: shows that everything works; the figures are rough. */
  readonly quick: boolean;
  /** Interleaved passes of each contender. */
  rounds(full: number): number;
  say(text: string): void;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly claims: readonly Claim[];
  run(bench: Bench): Promise<readonly Figure[]>;
}

/** The bars are for two cores: two workers wherever a row says whole loop, one where it says CPU time. */
export const WORKERS = 2;

export const MODEL_TILE_PX = 224;
export const STORED_TILE_PX = 256;

/** Everything of a dense slide, in tiles of `size` without gaps. */
export function wholeSlide(slide: DenseSlide, size: number, more: Partial<Workload> = {}): Workload {
  const side = slide.tilesOf(size);
  return {
    slide: slide.path,
    streams: slide.streams,
    level: 0,
    size,
    stride: size,
    columns: side,
    rows: side,
    threads: 1,
    batch: 16,
    model: 'none',
    activation: 'none',
    keep: 'all',
    ...more,
  };
}

/** The stored tiles of the same slide: what bare decoding gets where the others read model tiles. */
export function storedTiles(slide: DenseSlide): Partial<Workload> {
  const side = slide.side;
  return { size: STORED_TILE_PX, stride: STORED_TILE_PX, columns: side, rows: side };
}
