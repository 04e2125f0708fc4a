/** How far two images of the same size are apart. */

export interface Difference {
  /** Mean of the absolute differences of all samples. */
  readonly mean: number;
  readonly largest: number;
  /** The mean difference of the first one from `source`, which both were made from. */
  readonly changed: number;
}

export function differenceOf(ours: Uint8Array, theirs: Uint8Array, source: Uint8Array): Difference {
  if (ours.length !== theirs.length || ours.length !== source.length || ours.length === 0)
    throw new Error(`images of ${ours.length}, ${theirs.length} and ${source.length} bytes cannot be compared`);
  let [sum, largest, changed] = [0, 0, 0];
  for (let i = 0; i < ours.length; i++) {
    const value = ours[i] as number;
    const off = Math.abs(value - (theirs[i] as number));
    sum += off;
    largest = Math.max(largest, off);
    changed += Math.abs(value - (source[i] as number));
  }
  return { mean: sum / ours.length, largest, changed: changed / ours.length };
}
