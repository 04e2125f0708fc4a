/** The value that stands in for a slide without a score: one for the run, or one for each group that the model declares. */
import { chosenOrDefault } from '../model/clinical/choice.js';
import type { Model } from '../model/model.js';
import { findSpec } from '../model/spec.js';
import type { RunRow } from './rows.js';

/** Null: nothing stands in for it. */
export type RowFallback = (row: Pick<RunRow, 'metadata'>) => number | null;

/** `output`: of the model. */
function declared(model: Model, output: number): RowFallback {
  const by = findSpec(model)?.outputs[output]?.fallbackBy ?? null;
  const fixed = model.outputs[output]?.fallback ?? null;
  return by === null ? () => fixed : ({ metadata }) => chosenOrDefault(by, metadata?.clinical ?? null);
}

/** Of the score. `given`: by the option, which goes before the model. */
export function rowFallback(given: number | null, model: Model): RowFallback {
  return given === null ? declared(model, 0) : () => given;
}

/** Every value that the fallback of the score may be. */
export function possibleFallbacks(given: number | null, model: Model): readonly (number | null)[] {
  if (given !== null) return [given];
  const by = findSpec(model)?.outputs[0]?.fallbackBy ?? null;
  return [model.outputs[0]?.fallback ?? null, ...(by?.cases ?? []).map(({ gives }) => gives)];
}

/** Of each output of a model in which that of a further output depends on the slide; undefined: it never does. */
export function fallbacksOf(model: Model, row: Pick<RunRow, 'metadata'>): readonly (number | null)[] | undefined {
  const isByGroup = model.outputs.some(({ fallbackBy = null }, i) => i > 0 && fallbackBy !== null);
  return isByGroup ? model.outputs.map((_, i) => declared(model, i)(row)) : undefined;
}
