/** The slide-level outputs of a model, as a caller sees them, and their calibration as the addon takes it. */

import type { NativeSlideOutput } from '../native/contract.js';
import { defaultClip } from '../scoring/result.js';
import type { ModelOutput } from './model.js';
import type { Calibration, OutputSpec } from './spec.js';

export function nativeCalibration(calibration: Calibration | null): NativeSlideOutput['calibration'] {
  if (calibration === null) return { kind: 'identity' };
  if (calibration.method === 'temperature') return { kind: 'temperature', temperature: calibration.temperature };
  if (calibration.method === 'isotonic') {
    return { kind: 'isotonic', x: Float64Array.from(calibration.x), y: Float64Array.from(calibration.y) };
  }
  const { slope, intercept, on } = calibration;
  return { kind: on === 'logit' ? 'logisticOfLogit' : 'logistic', slope, intercept };
}

export function modelOutputs(outputs: readonly OutputSpec[]): readonly ModelOutput[] {
  return Object.freeze(
    outputs.map(({ name, clip, fallback, fallbackBy }) =>
      Object.freeze({
        name,
        clip: clip === undefined ? defaultClip : clip,
        clipDeclared: clip !== undefined,
        fallback,
        fallbackBy: fallbackBy?.column ?? null,
      }),
    ),
  );
}
