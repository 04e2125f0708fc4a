/** Parses the stopping rule, and joins it with what the model declares of its score. */
import { MicrotomeError } from '../core/errors.js';
import type { Calibration, ModelSpec } from '../model/spec.js';
import type { NativeStopping } from '../native/contract.js';
import { integer, invalid, positiveInteger, record } from './check.js';

export interface ParsedStopping {
  readonly halfWidth: number;
  readonly confidence: number;
  readonly minTiles: number;
  readonly everyTiles: number;
}

const kDefaults = { confidence: 0.95, minTiles: 256, everyTiles: 128 };
const kEveryTiles = { min: 2, max: 65536, what: 'an integer from 2 to 65536' };

/** Throws INVALID_OPTION. */
export function parseStopping(value: unknown): ParsedStopping {
  const o = record('stopping', value, ['halfWidth', 'confidence', 'minTiles', 'everyTiles']);
  return Object.freeze({
    halfWidth: between('stopping.halfWidth', o['halfWidth'], Number.MAX_VALUE, 'a number above 0'),
    confidence: between('stopping.confidence', o['confidence'] ?? kDefaults.confidence, 1, 'a number between 0 and 1'),
    minTiles: integer('stopping.minTiles', o['minTiles'] ?? kDefaults.minTiles, positiveInteger),
    everyTiles: integer('stopping.everyTiles', o['everyTiles'] ?? kDefaults.everyTiles, kEveryTiles),
  });
}

/** Above 0 and below `end`. */
function between(name: string, value: unknown, end: number, what: string): number {
  if (typeof value !== 'number' || !(value > 0 && value < end)) throw invalid(name, what, value);
  return value;
}

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
  const advice = 'leave stopping out, or use tilesPerSlide';
  return new MicrotomeError('INVALID_OPTION', 'options', `stopping was given, but ${found}`, { advice });
}

/** Only then are the ends of an interval before the calibration the ends of one after it. */
function isMonotone(calibration: Calibration | null): boolean {
  if (calibration?.method !== 'isotonic') return true;
  const { y } = calibration;
  const steps = y.slice(1).map((value, i) => value - (y[i] ?? value));
  return steps.every((step) => step >= 0) || steps.every((step) => step <= 0);
}
