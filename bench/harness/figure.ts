/** What a row of the benchmark comes to: a figure, its bar if it has one, and whether it was met. */
import type { Estimate } from './statistics.js';

export interface Bar {
  readonly op: '<=' | '>=';
  readonly value: number;
}

export type State = 'met' | 'missed' | 'not run';

export interface Claim {
  readonly row: string;
  readonly what: string;
  /** 'x', 'ms', 'MB', 'dB', '' … shown behind the figure. */
  readonly unit: string;
  readonly bar: Bar;
  /** The row may stay out without failing the run: its peer is not on every machine. @defaultValue false */
  readonly mayBeMissing?: boolean;
}

export interface Figure extends Claim {
  /** null: could not be measured; `note` says why. */
  readonly value: number | null;
  /** Quartiles of the interleaved runs; null where there was one measurement. */
  readonly spread: readonly [low: number, high: number] | null;
  readonly state: State;
  readonly note: string;
  /** What the figure was made from, for the JSON result. */
  readonly detail: Readonly<Record<string, unknown>>;
}

type Make = (row: string, what: string, value: number, unit?: string) => Claim;

/** A figure that may not be greater, or less, than `value`: a ratio unless it has another unit. */
export const atMost: Make = (row, what, value, unit = 'x') => ({ row, what, unit, bar: { op: '<=', value } });
export const atLeast: Make = (row, what, value, unit = 'x') => ({ row, what, unit, bar: { op: '>=', value } });

export function holds(bar: Bar, value: number): boolean {
  return bar.op === '<=' ? value <= bar.value : value >= bar.value;
}

export function measured(claim: Claim, value: number | Estimate, note = '', detail: Figure['detail'] = {}): Figure {
  const number = typeof value === 'number' ? value : value.median;
  const spread = typeof value === 'number' ? null : ([value.low, value.high] as const);
  const state = holds(claim.bar, number) ? 'met' : 'missed';
  return { ...claim, value: number, spread, state, note, detail };
}

/** A contender is missing or its pixels differ: the row is listed with the reason and never counts as met. */
export function notRun(claim: Claim, reason: string): Figure {
  return { ...claim, value: null, spread: null, state: 'not run', note: reason, detail: {} };
}
