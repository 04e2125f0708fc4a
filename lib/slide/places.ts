/** Places of tiles in level 0. */

/** Every value times the factor. */
export function scaledBy(values: Float64Array, factor: number): Float64Array {
  const scaled = new Float64Array(values.length);
  for (let i = 0; i < values.length; ++i) scaled[i] = (values[i] ?? 0) * factor;
  return scaled;
}
