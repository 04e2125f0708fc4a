/**
 * Rows in the order of their scores, the highest first. Rows of the same score form one group: no metric here may depend
 * on the order that they happen to have.
 */

/** Counts of rows, by group. */
export interface RankedCounts {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

export interface Ranking {
  readonly counts: RankedCounts;
  /** The score of each group, falling. */
  readonly scores: Float64Array;
  /** Of each row. */
  readonly groupOf: Int32Array;
}

export function emptyCounts(groups: number): RankedCounts {
  return { positives: new Float64Array(groups), negatives: new Float64Array(groups) };
}

/** Adds a row. */
export function count(counts: RankedCounts, group: number, isPositive: boolean): void {
  const side = isPositive ? counts.positives : counts.negatives;
  side[group] = (side[group] ?? 0) + 1;
}

/** Where `score` is in falling scores that hold it. */
function placeOf(falling: Float64Array, score: number): number {
  let [from, to] = [0, falling.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((falling[middle] ?? 0) > score) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** `scores[i]` is finite, and belongs to row i of `positive`. */
export function rank(positive: readonly boolean[], scores: readonly number[]): Ranking {
  const falling = Float64Array.from(scores)
    .sort()
    .reverse()
    .filter((score, i, all) => i === 0 || score !== all[i - 1]);
  const groupOf = Int32Array.from(scores, (score) => placeOf(falling, score));
  const counts = emptyCounts(falling.length);
  for (const [row, group] of groupOf.entries()) count(counts, group, positive[row] === true);
  return { counts, scores: falling, groupOf };
}
