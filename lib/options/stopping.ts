/** Joins the stopping rule with what the model declares of its score. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { Calibration, ModelSpec } from '../model/spec.js';
import type { NativeStopping } from '../native/contract.js';
import type { StoppingOptions } from './types.js';

export type ParsedStopping = Required<StoppingOptions>;

/** Throws INVALID_OPTION for a model that has a head for which no interval is known. */
export function nativeStopping(stopping: ParsedStopping, spec: ModelSpec, seed: number): NativeStopping {
  const other = spec.heads.find((head) => head.method !== 'mean');
  const score = spec.outputs[0];
  if (other !== undefined) throw refused(`the head "${other.name}" of the model is '${other.method}', not a mean`);
  if (score === undefined) throw refused('the model declares no output');
  if (!isMonotone(score.calibration)) throw refused(`the calibration of "${score.name}" rises and falls`);
  return Object.freeze({ ...stopping, seed });
}

function refused(found: string): MicrotomeError {
  const advice = `leave ${optionMark('stopping.halfWidth')} out, or use ${optionMark('tilesPerSlide')}`;
  return new MicrotomeError(
    'INVALID_OPTION',
    'options',
    `${optionMark('stopping.halfWidth')} was given, but ${found}`,
    { advice },
  );
}

/** Only then are the ends of an interval before the calibration the ends of one after it. */
function isMonotone(calibration: Calibration | null): boolean {
  if (calibration?.method !== 'isotonic') return true;
  const { y } = calibration;
  const steps = y.slice(1).map((value, i) => value - (y[i] ?? value));
  return steps.every((step) => step >= 0) || steps.every((step) => step <= 0);
}
