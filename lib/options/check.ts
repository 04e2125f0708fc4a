/** Checks of single option values. Each returns the value it was given, typed, or throws INVALID_OPTION. */

import { MicrotomeError } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { nearest } from '../core/near-miss.js';
import { optionMark } from '../core/option-names.js';
import { isRemote, shortAddress, shownAddress, shownPath } from '../core/remote-address.js';
import { kindText } from './describe.js';
import { optionRows } from './table.js';
import type { NumericKind, OptionBounds, PerChannelKind, RangeKind } from './row.js';

/** A short form of any value for a message: type and, for small values, the value itself. */
function describe(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return `${value} of type ${typeof value}`;
  }
  if (typeof value === 'string') {
    const bare = shownPath(value);
    return `${JSON.stringify(bare.length > 60 ? `${bare.slice(0, 57)}...` : bare)} of type string`;
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/**
 * The error for a value that is not what an option takes. `name` is the option's path, or the name of an argument; `part`
 * is the place inside its value.
 */
export function invalid(name: string, expected: string, actual: unknown, part = '', advice?: string): MicrotomeError {
  const found = `Expected ${expected} for ${optionMark(name)}${part} but received ${describe(actual)}`;
  return new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
}

/** The error for options that are well formed but do not go together. */
export function contradiction(found: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', found);
}

function isWithin(value: number, { min, max, above, below }: OptionBounds): boolean {
  if (min !== undefined && value < min) return false;
  if (max !== undefined && value > max) return false;
  if (above !== undefined && value <= above) return false;
  return Number.isFinite(value) && (below === undefined || value < below);
}

/** A number, whole where the kind says so, within the bounds. */
export function numeric(
  name: string,
  value: unknown,
  kind: NumericKind | PerChannelKind | RangeKind,
  part = '',
): number {
  const ok = typeof value === 'number' && (kind.type !== 'integer' || Number.isSafeInteger(value));
  if (ok && isWithin(value, kind)) return value;
  // An item of a list is wanted as a number; the list itself has been checked.
  throw invalid(name, kindText(kind.type === 'integer' ? kind : { ...kind, type: 'number' }), value, part);
}

/** One text or more, each once. */
export function texts(name: string, value: unknown): readonly string[] {
  const expected = kindText({ type: 'texts' });
  if (!Array.isArray(value) || value.length === 0) throw invalid(name, expected, value);
  for (const [i, one] of (value as readonly unknown[]).entries())
    if (typeof one !== 'string' || one.trim() === '') throw invalid(name, 'a string that is not empty', one, `[${i}]`);
  return Object.freeze([...new Set(value as readonly string[])]);
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

/** A path, or the path of a `file:` URL. An address is refused without what may be secret in it. */
export function filePath(name: string, value: unknown): string {
  const given = value instanceof URL ? value : text(name, value);
  const address = given instanceof URL ? given.href : given;
  if (!isRemote(address)) return pathOf(given);
  const found = `${optionMark(name)} is an address, ${shortAddress(address)}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found, {
    path: shownAddress(address),
    advice: 'download the file, or name a file or a folder of this machine',
  });
}

export function oneOf(name: string, value: unknown, choices: readonly string[]): string {
  if (typeof value === 'string' && choices.includes(value)) return value;
  const hint = typeof value === 'string' ? nearest(value, choices) : null;
  const expected = `one of ${choices.map((c) => `'${c}'`).join(', ')}`;
  throw invalid(name, expected, value, '', hint === null ? undefined : `did you mean '${hint}'?`);
}

export function func<T extends (...args: never[]) => unknown>(name: string, value: unknown): T {
  if (typeof value !== 'function') throw invalid(name, 'a function', value);
  return value as T;
}

export function signal(name: string, value: unknown): AbortSignal {
  if (!(value instanceof AbortSignal)) throw invalid(name, 'an AbortSignal', value);
  return value;
}

/** Three numbers, one for each channel. */
export function perChannel(name: string, value: unknown, kind: PerChannelKind): readonly [number, number, number] {
  if (!Array.isArray(value) || value.length !== 3) throw invalid(name, kindText(kind), value);
  const [a, b, c] = value.map((item, i) => numeric(name, item, kind, `[${i}]`)) as [number, number, number];
  return Object.freeze([a, b, c] as const);
}

/** Lowest and highest value, or null. */
export function range(name: string, value: unknown, kind: RangeKind): readonly [number, number] | null {
  if (value === null) return null;
  if (!Array.isArray(value) || value.length !== 2) throw invalid(name, kindText(kind), value);
  const [low, high] = value.map((item, i) => numeric(name, item, kind, `[${i}]`)) as [number, number];
  if (low > high) throw contradiction(`The range ${low} to ${high} of ${optionMark(name)} is empty`);
  return Object.freeze([low, high] as const);
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

/** `tile.size` for `tileSize`: the member of an object of options that the key spells without a dot. */
function memberHint(prefix: string, key: string, allowed: readonly string[]): string | null {
  const members = optionRows
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => name.slice(prefix.length))
    .filter((name) => name.includes('.') && allowed.includes(name.slice(0, name.indexOf('.'))));
  return members.find((name) => name.replaceAll('.', '').toLowerCase() === key.toLowerCase()) ?? null;
}

function unknownKey(owner: string, key: string, allowed: readonly string[]): MicrotomeError {
  const prefix = owner === 'options' ? '' : `${owner}.`;
  const shown = key.slice(0, 100);
  const hint = nearest(key, allowed) ?? memberHint(prefix, key, allowed);
  const advice =
    hint === null ? `known options: ${allowed.join(', ')}` : `did you mean "${optionMark(`${prefix}${hint}`)}"?`;
  return new MicrotomeError('INVALID_OPTION', 'options', `Unknown option "${prefix}${shown}"`, { advice });
}
