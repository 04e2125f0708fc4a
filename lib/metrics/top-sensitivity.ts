/** How many of the positive rows are among the highest scores of their patient: a clinician looks at a few lesions only. */

/** As in ISIC 2024. */
export const topRows = 15;

/** Of one patient. */
export interface TopHits {
  /** Rows labelled 1. */
  readonly positives: number;
  /** Of those, among the patient's highest scores. Where a tie crosses the limit: on average over the orders of the tied rows. */
  readonly hits: number;
}

/** `rows` are those of one patient. */
export function topHits(rows: readonly number[], positive: readonly boolean[], scores: readonly number[]): TopHits {
  const ordered = rows.toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const positives = rows.filter((row) => positive[row] === true).length;
  const last = ordered[topRows - 1];
  if (last === undefined) return { positives, hits: positives };
  const limit = scores[last] ?? 0;
  const above = ordered.filter((row) => (scores[row] ?? 0) > limit);
  const tied = ordered.filter((row) => scores[row] === limit);
  const positivesOf = (some: readonly number[]): number => some.filter((row) => positive[row] === true).length;
  const places = topRows - above.length;
  return { positives, hits: positivesOf(above) + (positivesOf(tied) * places) / tied.length };
}
