/**
 * Readers of values that came from a file: each says what it found where, and what it expected. An object refuses names
 * that it does not know, so a misspelt field is an error and not a field that is silently left out.
 */
import { nearest } from '../core/near-miss.js';
import { printable } from '../core/printable.js';

/** What is wrong with a value. `at` is its place: `training.epochs`. */
export class ShapeError extends Error {
  constructor(
    readonly at: string,
    readonly found: string,
  ) {
    super(at === '' ? found : `${at}: ${found}`);
  }
}

/** Gives the value, or throws a {@link ShapeError}. `undefined` stands for a field that is not there. */
export type Reader<T> = (value: unknown, at: string) => T;

/** What a reader gives. */
export type Read<R> = R extends Reader<infer T> ? T : never;

const mostShown = 60;

/** A value in a message: short, on one line. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return printable(text.length > mostShown ? `${text.slice(0, mostShown)}…` : text);
}

function refuse(at: string, value: unknown, expected: string): never {
  throw new ShapeError(
    at,
    value === undefined ? `is missing, expected ${expected}` : `${shown(value)}, expected ${expected}`,
  );
}

const below = (at: string, name: string): string => (at === '' ? name : `${at}.${name}`);

/** Text of at least one character; `pattern` and its description narrow it. */
export function text(pattern?: RegExp, described = 'text'): Reader<string> {
  return (value, at) => {
    if (typeof value !== 'string' || value === '') refuse(at, value, described);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: such characters are what is looked for.
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(value))
      refuse(at, value, `${described} without control characters`);
    if (pattern !== undefined && !pattern.test(value)) refuse(at, value, described);
    return value;
  };
}

/** Text that may be empty. */
export const anyText: Reader<string> = (value, at) => (typeof value === 'string' ? value : refuse(at, value, 'text'));

export function choice<const T extends string>(...choices: readonly T[]): Reader<T> {
  return (value, at) => {
    const found = choices.find((one) => one === value);
    return found ?? refuse(at, value, `one of ${choices.join(', ')}`);
  };
}

export function integer(least: number, most: number): Reader<number> {
  return (value, at) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    return refuse(at, value, `a whole number from ${least} to ${most}`);
  };
}

export function number(least: number, most: number): Reader<number> {
  return (value, at) => {
    if (typeof value === 'number' && value >= least && value <= most) return value;
    return refuse(at, value, `a number from ${least} to ${most}`);
  };
}

export const yesNo: Reader<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : refuse(at, value, 'true or false');

/** Any value that JSON has. */
export const anything: Reader<unknown> = (value, at) => value ?? refuse(at, value, 'a value');

export function list<T>(item: Reader<T>, most = 1000): Reader<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) refuse(at, value, 'a list');
    if (value.length > most) throw new ShapeError(at, `${value.length} entries, at most ${most} are taken`);
    return value.map((one, i) => item(one, `${at}[${i}]`));
  };
}

export function record<T>(item: Reader<T>, name: Reader<string> = text()): Reader<Readonly<Record<string, T>>> {
  return (value, at) => {
    const entries = Object.entries(plainObject(value, at));
    return Object.fromEntries(entries.map(([key, one]) => [name(key, `${at}, the name`), item(one, below(at, key))]));
  };
}

/** The field may be missing; `whenMissing` is what stands for it then. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined>;
export function optional<T>(reader: Reader<T>, whenMissing: NoInfer<T>): Reader<T>;
export function optional<T>(reader: Reader<T>, whenMissing?: T): Reader<T | undefined> {
  return (value, at) => (value === undefined ? whenMissing : reader(value, at));
}

/** Null, or what the reader gives. */
export function orNull<T>(reader: Reader<T>): Reader<T | null> {
  return (value, at) => (value === null ? null : reader(value, at));
}

type Fields = Readonly<Record<string, Reader<unknown>>>;

/** Fields that are missing are left out of the object. */
export function object<F extends Fields>(fields: F): Reader<{ readonly [K in keyof F]: Read<F[K]> }> {
  const names = Object.keys(fields);
  return (value, at) => {
    const given = plainObject(value, at);
    for (const name of Object.keys(given)) {
      if (Object.hasOwn(fields, name)) continue;
      const hint = nearest(name, names);
      const advice = hint === null ? `known are ${names.join(', ')}` : `did you mean ${hint}?`;
      throw new ShapeError(below(at, name), `is not known; ${advice}`);
    }
    const read = names.map((name) => {
      const own = Object.hasOwn(given, name) ? given[name] : undefined;
      return [name, (fields[name] as Reader<unknown>)(own, below(at, name))] as const;
    });
    const there = read.filter(([, one]) => one !== undefined);
    return Object.fromEntries(there) as { readonly [K in keyof F]: Read<F[K]> };
  };
}

function plainObject(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return refuse(at, value, 'an object');
}
