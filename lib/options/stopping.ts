/** Joins the stopping rule with what the model declares of its score. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { Calibration, ModelSpec } from '../model/spec.js';
import type { NativeStopping } from '../native/contract.js';
import type { StoppingOptions } from './types.js';

export type ParsedStopping = Required<StoppingOptions>;

/** Throws INVALID_OPTION for a model that has a head for which no interval is known. */
export function nativeStopping(stopping: ParsedStopping, spec: ModelSpec, seed: number): NativeStopping {
  const found = unfit(spec);
  if (found !== null) throw refused(found);
  const [score] = spec.outputs;
  if (score === undefined) throw refused('the model declares no output');
  if (score.mean === 'logit' && score.of.length > 1) throw refused(`"${score.name}" is a mean of log odds`);
  if (!isMonotone(score.calibration)) throw refused(`the calibration of "${score.name}" rises and falls`);
  return Object.freeze({ ...stopping, seed });
}

/** Why no interval of the score is known while some tiles are not scored; null: it is known. */
function unfit({ heads, encoders, rules, images }: ModelSpec): string | null {
  if (images.length > 0) return 'the model reads pictures of the whole slide';
  if (encoders.length !== 1) return `the model has ${encoders.length} encoders of tiles, and one is expected`;
  if (rules.length > 0) return 'the model chooses tiles by rules, for which all of them must be known';
  const other = heads.find((head) => head.kind !== 'simple' || head.method !== 'mean');
  if (other === undefined) return null;
  const method = other.kind === 'simple' ? other.method : other.kind;
  return `the head "${other.name}" of the model is '${method}', not a mean`;
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
