/**
 * What a slide costs, learned from the slides of this run: a fixed part (opening, tissue, planning), a part for each
 * tile, and how many tiles slides of so many bytes have had. The two times are means of the last slides, with outliers
 * held to four times, or a quarter of, the median, so that one slow slide does not stand for all.
 */

/** One slide, or as much of it as was done. Times are shares of the machine (see time-budget.ts). */
export interface WorkSample {
  /** Of the file; at least 1. */
  readonly bytes: number;
  /** Before the first tile. */
  readonly fixedMs: number;
  readonly msPerTile: number;
  /** That `msPerTile` is the mean of. */
  readonly tiles: number;
  /** Tiles of the slide, had there been time for all. */
  readonly fullTiles: number;
}

export interface WorkEstimate {
  readonly fixedMs: number;
  readonly msPerTile: number;
  /** Of each slide that was measured: the next may be like any of them. */
  readonly tilesPerByte: readonly number[];
}

const kKept = 32;
const kOutlier = 4;

export class WorkRecord {
  private samples: readonly WorkSample[] = [];
  private latest: WorkEstimate | null = null;

  add(sample: WorkSample): void {
    this.samples = [...this.samples.slice(1 - kKept), sample];
    this.latest = estimateOf(this.samples);
  }

  /** Null while nothing was measured. */
  estimate(): WorkEstimate | null {
    return this.latest;
  }
}

export function estimateOf(samples: readonly WorkSample[]): WorkEstimate | null {
  if (samples.length === 0) return null;
  const once = samples.map((s) => ({ value: s.fixedMs, weight: 1 }));
  const perTile = samples.map((s) => ({ value: s.msPerTile, weight: s.tiles }));
  const tilesPerByte = samples.map((s) => s.fullTiles / s.bytes);
  return { fixedMs: heldMean(once), msPerTile: heldMean(perTile), tilesPerByte };
}

interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** The weighted mean of the values, each first held to [median / kOutlier, median * kOutlier]. */
function heldMean(values: readonly Weighted[]): number {
  const total = values.reduce((sum, v) => sum + v.weight, 0);
  if (total <= 0) return 0;
  const middle = weightedMedian(values, total);
  const held = (value: number): number => Math.min(Math.max(value, middle / kOutlier), middle * kOutlier);
  return values.reduce((sum, v) => sum + held(v.value) * v.weight, 0) / total;
}

function weightedMedian(values: readonly Weighted[], total: number): number {
  const sorted = [...values].sort((a, b) => a.value - b.value);
  let below = 0;
  for (const { value, weight } of sorted) {
    below += weight;
    if (below * 2 >= total) return value;
  }
  return sorted.at(-1)?.value ?? 0;
}
