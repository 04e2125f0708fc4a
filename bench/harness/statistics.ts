/** Order statistics of a few timings. Medians, because a busy machine only ever makes a run slower. */

/** Linear between ranks; `q` from 0 to 1. Throws on an empty list. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return (sorted[low] as number) + ((sorted[high] as number) - (sorted[low] as number)) * (at - low);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Estimate {
  readonly median: number;
  /** Quartiles. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export function estimate(values: readonly number[]): Estimate {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75), count: values.length };
}

/** a[i] / b[i] of interleaved runs: what slows the machine for a while slows both of a pair. */
export function pairedRatio(a: readonly number[], b: readonly number[]): Estimate {
  if (a.length !== b.length) throw new RangeError(`${a.length} runs against ${b.length}`);
  return estimate(a.map((value, i) => value / (b[i] as number)));
}
