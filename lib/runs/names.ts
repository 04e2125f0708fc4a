/**
 * Which names a row may carry. A row of a table names one file directly inside the slides' folder or, where subfolders are
 * read, by its path in it; anything that could point elsewhere, or that could forge a line in a log or in the output, is
 * refused before any work. A file that was found under such a name fails alone.
 */
import { MicrotomeError } from '../core/errors.js';

const kMaxNameBytes = 255;
const kMaxPathBytes = 4095;

const kControl = /[\p{Cc}\u2028\u2029]/u;

/** What is wrong with `name`, or null. `paths`: it may be a path in the folder, with slashes. */
export function nameProblem(name: string, paths = false): string | null {
  if (name === '') return 'an empty name';
  if (name.includes('\0')) return 'a name with a NUL character';
  if (kControl.test(name)) return 'a name with control characters';
  if (!paths && /[/\\]/.test(name)) return 'a name with a path separator: a row names a file directly in the folder';
  if (name.includes('\\')) return 'a name with a backslash: the separator of a path is a slash';
  const parts = name.split('/');
  if (name.startsWith('/') || parts.includes('..') || name === '.') return 'a name that leaves the folder';
  if (parts.includes('') || parts.includes('.')) return 'a path that is spelled in more than one way';
  const longest = Math.max(...parts.map((part) => Buffer.byteLength(part)));
  if (longest > kMaxNameBytes) return `a name of more than ${kMaxNameBytes} bytes`;
  return Buffer.byteLength(name) > kMaxPathBytes ? `a path of more than ${kMaxPathBytes} bytes` : null;
}

/** The error of a slide that was found under a name that no row may carry; `key` is that name, escaped. */
export function unsafeName(problem: string, path: string, key: string): MicrotomeError {
  const found = `${problem} ("${key.length <= 120 ? key : `${key.slice(0, 100)}…`}"): no row of a table can carry it`;
  return new MicrotomeError('CSV_INVALID', 'csv', found, { path, advice: 'rename the file' });
}

/**
 * What stands in a row for a name that no row may carry: one line, and another text for every other name. Bytes that are
 * not UTF-8 are written \xff, control characters \u000a.
 */
export function escapedName(bytes: Uint8Array): string {
  const hex = (c: string, digits: number): string => (c.codePointAt(0) ?? 0).toString(16).padStart(digits, '0');
  const text = Buffer.from(bytes).toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  const whole = (isText ? text : Buffer.from(bytes).toString('latin1')).replaceAll('\\', '\\\\');
  const known = isText ? whole : whole.replace(/[\u0080-\u00ff]/g, (c) => `\\x${hex(c, 2)}`);
  return known.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${hex(c, 4)}`);
}

/** For messages: quoted, one line, never longer than a screen line. */
export function shown(name: string): string {
  const quoted = JSON.stringify(name);
  return quoted.length <= 120 ? quoted : `${quoted.slice(0, 100)}…"`;
}
