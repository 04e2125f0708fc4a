/** The slide-level outputs of a model, as the addon takes them and as a caller sees them. */

import type { NativeSlideOutput } from '../native/contract.js';
import { defaultClip } from '../scoring/result.js';
import type { ModelOutput } from './model.js';
import type { Calibration, OutputSpec } from './spec.js';

function nativeCalibration(calibration: Calibration | null): NativeSlideOutput['calibration'] {
  if (calibration === null) return { kind: 'identity' };
  if (calibration.method === 'isotonic') {
    return { kind: 'isotonic', x: Float64Array.from(calibration.x), y: Float64Array.from(calibration.y) };
  }
  const { slope, intercept, on } = calibration;
  return { kind: on === 'logit' ? 'logisticOfLogit' : 'logistic', slope, intercept };
}

export function nativeSlideOutputs(outputs: readonly OutputSpec[]): readonly NativeSlideOutput[] {
  return outputs.map(({ name, of, calibration, clip }) => ({
    name,
    of,
    mean: 'value',
    calibration: nativeCalibration(calibration),
    clip: clip ?? null,
  }));
}

export function modelOutputs(outputs: readonly OutputSpec[]): readonly ModelOutput[] {
  return Object.freeze(
    outputs.map(({ name, clip, fallback }) =>
      Object.freeze({
        name,
        clip: clip === undefined ? defaultClip : clip,
        clipDeclared: clip !== undefined,
        fallback,
      }),
    ),
  );
}
