/** Errors about a graph: they name the file, and the line of the bundle that declares something else. */

import { MicrotomeError } from '../core/errors.js';
import { printable } from '../core/printable.js';
import type { TensorInfo } from './model.js';
import type { DeclaredAt } from './spec.js';

/** What an error about a graph names: the file, and where it is declared. */
export interface GraphPlace {
  readonly path: string;
  readonly at: DeclaredAt;
}

function said(found: string, { at }: GraphPlace): string {
  // Names of tensors come from outside: a line break in one must not look like a line of ours.
  return printable(at === null ? found : `${at()}: ${found}`);
}

export function mismatch(found: string, place: GraphPlace): MicrotomeError {
  return new MicrotomeError('MODEL_MISMATCH', 'infer', said(found, place), { path: place.path });
}

/** A graph that no declaration could make fit. */
export function unsuitable(found: string, place: GraphPlace): MicrotomeError {
  const advice = 'use a model that takes RGB tiles and gives one row of values for each';
  return new MicrotomeError('MODEL_MISMATCH', 'infer', said(found, place), { path: place.path, advice });
}

export function show(tensor: TensorInfo): string {
  return `"${tensor.name}" (${tensor.type} [${tensor.shape.map((d) => (d < 0 ? '?' : d)).join(', ')}])`;
}

export function listed(tensors: readonly TensorInfo[]): string {
  return tensors.length === 0 ? 'none' : tensors.slice(0, 8).map(show).join(', ');
}
