/** From the values of the heads to the slide-level outputs: weighted mean, calibration, declared clip. */

import { MicrotomeError } from '../core/errors.js';
import type { Calibration, OutputSpec } from './spec.js';

function logistic(v: number): number {
  return 1 / (1 + Math.exp(-v));
}

function isotonic(x: readonly number[], y: readonly number[], v: number): number {
  const next = x.findIndex((point) => point >= v);
  if (next === -1) return y.at(-1) ?? v;
  const [x1, y1] = [x[next] ?? v, y[next] ?? v];
  if (next === 0 || x1 === v) return y1;
  const [x0, y0] = [x[next - 1] ?? v, y[next - 1] ?? v];
  return y0 + ((y1 - y0) * (v - x0)) / (x1 - x0);
}

export function calibrate(calibration: Calibration | null, v: number): number {
  if (calibration === null) return v;
  if (calibration.method === 'isotonic') return isotonic(calibration.x, calibration.y, v);
  // Log odds of exactly 0 or 1 are infinite; they are taken at the closest value that a double tells apart from it.
  const p = Math.min(Math.max(v, 2 ** -52), 1 - 2 ** -52);
  const on = calibration.on === 'logit' ? Math.log(p / (1 - p)) : v;
  return logistic(calibration.slope * on + calibration.intercept);
}

/** One value for each output. Throws OUTPUT_NOT_FINITE naming the output. */
export function combineHeads(
  outputs: readonly OutputSpec[],
  heads: readonly { readonly name: string; readonly value: number }[],
): readonly number[] {
  return outputs.map((output) => {
    let sum = 0;
    let weights = 0;
    for (const { head, weight } of output.of) {
      sum += weight * (heads[head]?.value ?? NaN);
      weights += weight;
    }
    // A single head passes unchanged: no rounding by its weight.
    const mean = output.of.length === 1 ? (heads[output.of[0]?.head ?? -1]?.value ?? NaN) : sum / weights;
    const value = calibrate(output.calibration, mean);
    if (!Number.isFinite(value)) {
      throw new MicrotomeError('OUTPUT_NOT_FINITE', 'aggregate', `the output "${output.name}" is ${value}`);
    }
    return output.clip ? Math.min(Math.max(value, output.clip[0]), output.clip[1]) : value;
  });
}
