/**
 * Scores and their ranges. A table of results expects probabilities. A model that gives something else declares the range, or
 * that there is none; from one that declares nothing, a score outside [0, 1] is no probability, and to hold it to the range
 * would make a wrong number of it.
 */

import { optionMark } from '../core/option-names.js';
import { MicrotomeError } from '../core/errors.js';
import type { Model, ModelOutput } from '../model/model.js';
import { findSpec } from '../model/spec.js';
import { heldTo } from './result.js';

/** A probability that a graph computes in single precision may end so far outside [0, 1]. */
const rounding = 1e-6;
/** The usual range of a table lies 1e-6 inside [0, 1]: what it takes of such a probability is rounding too. */
const clippedByRounding = 2 * rounding;

/** True for a value that is no probability, of an output of which nobody said that it need not be one. */
export function leavesProbability(value: number, { clip, clipDeclared }: ModelOutput): boolean {
  return clip !== null && !clipDeclared && Math.max(-value, value - 1) > rounding;
}

/** True where a declared range makes another number of a value, by more than rounding. */
export function isClipped(value: number, { clip, clipDeclared }: Pick<ModelOutput, 'clip' | 'clipDeclared'>): boolean {
  return clipDeclared && Math.abs(value - heldTo(value, clip)) > clippedByRounding;
}

/** `value`: before any range. */
export function rangeWarnings(value: number, output: ModelOutput | undefined): readonly string[] {
  if (output === undefined) return [];
  if (leavesProbability(value, output))
    return [`the score ${value} is outside [0, 1], and no range was declared: a table of results does not take it`];
  return isClipped(value, output) ? [`the score ${value} was held to the range [${output.clip?.join(', ')}]`] : [];
}

/** The failure of a slide whose score leaves [0, 1]; null where it may. `value`: before any range. */
export function rangeFailure(value: number, model: Model, path: string): MicrotomeError | null {
  const [output] = model.outputs;
  if (output === undefined || !leavesProbability(value, output)) return null;
  const found = `the score of ${path} is ${value}, which is outside [0, 1], and neither the model nor ${optionMark('clip')} declares a range`;
  return new MicrotomeError('OUTPUT_OUT_OF_RANGE', 'aggregate', found, { path, advice: rangeAdvice(model) });
}

function rangeAdvice(model: Model): string {
  const range = `${optionMark('clip')} with the lowest and the highest value of the score, or ${optionMark('clip', 'null')} for none`;
  const output = findSpec(model)?.encoders[0]?.outputs[0];
  if (model.kind === 'bundle') return `declare the activation or the range in the bundle, or pass ${range}`;
  if (output?.activation !== 'none') return `pass ${range}`;
  const activation = output.columns === 1 ? 'sigmoid' : 'softmax';
  return `where the model gives logits, pass ${optionMark('activation', activation)}; else pass ${range}`;
}

/** The failure of a fallback that is no probability where one is expected; null where it may stand. */
export function fallbackFailure(fallback: number | null, { outputs, path }: Model): MicrotomeError | null {
  const [output] = outputs;
  if (fallback === null || output === undefined || !leavesProbability(fallback, output)) return null;
  const found = `the fallback ${fallback} is outside [0, 1], and neither the model nor ${optionMark('clip')} declares a range`;
  const advice = `make them agree: the fallback, and the range (${optionMark('clip')})`;
  return new MicrotomeError('MODEL_MISMATCH', 'csv', found, { path, advice });
}
