/** Log loss as the organisers of VisioMel compute it: scikit-learn's `log_loss` with `eps=1e-16`, in double precision. */

/** The lowest probability that counts; a lower one counts as this. */
const kLowest = 1e-16;
/**
 * The highest one. In double precision 1 - 1e-16 is 1 - 2^-53, about 1 - 1.11e-16, as it is in numpy. So a sure answer
 * that is wrong costs 36.84 where it was 0, and 36.74 where it was 1.
 */
const kHighest = 1 - kLowest;

/** True: the probability counts as another one, because it is too close to 0 or 1. */
export function isClipped(probability: number): boolean {
  return probability < kLowest || probability > kHighest;
}

/** What one row costs. */
export function rowLoss(isPositive: boolean, probability: number): number {
  const held = Math.min(Math.max(probability, kLowest), kHighest);
  return -Math.log(isPositive ? held : 1 - held);
}

/**
 * The mean over all rows, summed in their order. `positive[i]` says whether row i is labelled 1, `probabilities[i]` is in
 * [0, 1]. NaN where there is no row.
 */
export function logLoss(positive: readonly boolean[], probabilities: readonly number[]): number {
  const sum = positive.reduce((total, is, i) => total + rowLoss(is, probabilities[i] ?? Number.NaN), 0);
  return sum / positive.length;
}
