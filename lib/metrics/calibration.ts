/** Whether values can be read as probabilities: of the rows that get 0.2, is one in five positive? */

/** The rows whose values lie in one interval. */
export interface CalibrationBin {
  /** Lowest value of the interval. */
  readonly from: number;
  /** End of the interval; it belongs to the next one, but in the last. */
  readonly to: number;
  readonly rows: number;
  /** Mean value of the rows; null where there are none. */
  readonly meanValue: number | null;
  /** Share of the rows that are labelled 1; null where there are none. */
  readonly positiveShare: number | null;
}

/** Intervals of equal width. */
export const calibrationBins = 10;

export function binOf(value: number): number {
  return Math.min(Math.floor(value * calibrationBins), calibrationBins - 1);
}

/** Sums by interval. */
export interface CalibrationSums {
  readonly rows: Float64Array;
  readonly values: Float64Array;
  readonly positives: Float64Array;
}

export function emptySums(): CalibrationSums {
  const zeros = (): Float64Array => new Float64Array(calibrationBins);
  return { rows: zeros(), values: zeros(), positives: zeros() };
}

/** Adds a row. */
export function addTo(sums: CalibrationSums, value: number, isPositive: boolean): void {
  const bin = binOf(value);
  sums.rows[bin] = (sums.rows[bin] ?? 0) + 1;
  sums.values[bin] = (sums.values[bin] ?? 0) + value;
  if (isPositive) sums.positives[bin] = (sums.positives[bin] ?? 0) + 1;
}

/**
 * The expected calibration error: the mean over all rows of |mean value - share of positives| of the row's interval. From 0
 * to 1; lower is better. Guo et al., On Calibration of Modern Neural Networks, 2017.
 */
export function calibrationErrorOf({ rows, values, positives }: CalibrationSums): number {
  let distance = 0;
  let all = 0;
  for (const [bin, count] of rows.entries()) {
    distance += Math.abs((values[bin] ?? 0) - (positives[bin] ?? 0));
    all += count;
  }
  return distance / all;
}

export function binsOf({ rows, values, positives }: CalibrationSums): readonly CalibrationBin[] {
  return Array.from(rows, (count, bin) =>
    Object.freeze({
      from: bin / calibrationBins,
      to: (bin + 1) / calibrationBins,
      rows: count,
      meanValue: count === 0 ? null : (values[bin] ?? 0) / count,
      positiveShare: count === 0 ? null : (positives[bin] ?? 0) / count,
    }),
  );
}
