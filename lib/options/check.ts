/** Checks of single option values. Each returns the value it was given, typed, or throws INVALID_OPTION. */

import { MicrotomeError } from '../core/errors.js';

/** A short form of any value for a message: type and, for small values, the value itself. */
function describe(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `${value} of type ${typeof value}`;
  }
  if (typeof value === 'string')
    return `${JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)} of type string`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The error for a value that is not what an option takes. */
export function invalid(name: string, expected: string, actual: unknown, advice?: string): MicrotomeError {
  const found = `Expected ${expected} for ${name} but received ${describe(actual)}`;
  return new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
}

/** The error for options that are well formed but do not go together. */
export function contradiction(found: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', found);
}

/** Bounds of a number, inclusive, and how to call what is wanted. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly what: string;
}

export const positiveInteger: Bounds = { min: 1, max: Number.MAX_SAFE_INTEGER, what: 'a positive integer' };
export const naturalNumber: Bounds = { min: 0, max: Number.MAX_SAFE_INTEGER, what: 'a non-negative integer' };
export const fraction: Bounds = { min: 0, max: 1, what: 'a number from 0 to 1' };
export const micronsPerPx: Bounds = { min: 1e-6, max: 1e6, what: 'a positive number of microns per pixel' };
export const tileSizePx: Bounds = { min: 1, max: 16384, what: 'an integer from 1 to 16384 pixels' };

export function integer(name: string, value: unknown, bounds: Bounds): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < bounds.min || value > bounds.max) {
    throw invalid(name, bounds.what, value);
  }
  return value;
}

export function number(name: string, value: unknown, bounds: Bounds): number {
  if (typeof value !== 'number' || !(value >= bounds.min && value <= bounds.max))
    throw invalid(name, bounds.what, value);
  return value;
}

export function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(name, 'true or false', value);
  return value;
}

/** A string that is not empty and, since most end as file names, holds no NUL. */
export function text(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0'))
    throw invalid(name, 'a string that is not empty', value);
  return value;
}

export function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  if (!(choices as readonly unknown[]).includes(value)) {
    const hint = typeof value === 'string' ? nearest(value, choices) : null;
    const expected = `one of ${choices.map((c) => `'${c}'`).join(', ')}`;
    throw invalid(name, expected, value, hint === null ? undefined : `did you mean '${hint}'?`);
  }
  return value as T;
}

export function func<T extends (...args: never[]) => unknown>(name: string, value: unknown): T {
  if (typeof value !== 'function') throw invalid(name, 'a function', value);
  return value as T;
}

export function signal(name: string, value: unknown): AbortSignal {
  if (!(value instanceof AbortSignal)) throw invalid(name, 'an AbortSignal', value);
  return value;
}

/** Three finite numbers, one for each channel. */
export function perChannel(name: string, value: unknown, bounds: Bounds): readonly [number, number, number] {
  if (!Array.isArray(value) || value.length !== 3) throw invalid(name, 'an array of three numbers', value);
  const [a, b, c] = value.map((v, i) => number(`${name}[${i}]`, v, bounds)) as [number, number, number];
  return Object.freeze([a, b, c] as const);
}

/**
 * The options object itself: a plain object (undefined counts as an empty one) with none but the named keys. A key that
 * is a near miss of an allowed one is named with it. Keys with the value undefined are dropped.
 */
export function record(name: string, value: unknown, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, 'an object', value);
  const known: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    if (!allowed.includes(key)) throw unknownKey(name, key, allowed);
    if (entry !== undefined) known[key] = entry;
  }
  return known;
}

function unknownKey(owner: string, key: string, allowed: readonly string[]): MicrotomeError {
  const prefix = owner === 'options' ? '' : `${owner}.`;
  const hint = nearest(key, allowed);
  const advice = hint === null ? `known options: ${allowed.join(', ')}` : `did you mean "${prefix}${hint}"?`;
  return new MicrotomeError('INVALID_OPTION', 'options', `Unknown option "${prefix}${key.slice(0, 100)}"`, { advice });
}

/** The choice that `word` is a likely misspelling of, or null. */
export function nearest(word: string, choices: readonly string[]): string | null {
  const plain = (s: string): string => s.toLowerCase().replace(/[^a-z0-9]/g, '');
  const wanted = plain(word.slice(0, 100));
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const choice of choices) {
    const distance = editDistance(wanted, plain(choice));
    if (distance < bestDistance) [best, bestDistance] = [choice, distance];
  }
  return bestDistance <= Math.max(1, Math.min(3, Math.floor(wanted.length / 3))) ? best : null;
}

/** Edits (insert, delete, replace, swap of neighbours) between two short words. */
function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const d = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => d[i * width + j] ?? 0;
  for (let i = 0; i <= a.length; ++i) d[i * width] = i;
  for (let j = 0; j <= b.length; ++j) d[j] = j;
  for (let i = 1; i <= a.length; ++i) {
    for (let j = 1; j <= b.length; ++j) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, at(i - 2, j - 2) + 1);
      d[i * width + j] = least;
    }
  }
  return at(a.length, b.length);
}
