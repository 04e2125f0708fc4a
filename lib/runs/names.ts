/**
 * Which names a row may carry. A row names one file directly inside the slides' folder; anything that could point
 * elsewhere, or that could forge a line in a log or in the output, is refused before any work.
 */

const kMaxNameBytes = 255;

/** What is wrong with `name`, or null. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'an empty name';
  if (name.includes('\0')) return 'a name with a NUL character';
  if (/[\p{Cc}\u2028\u2029]/u.test(name)) return 'a name with control characters';
  if (/[/\\]/.test(name)) return 'a name with a path separator: a row names a file directly in the folder';
  if (name === '.' || name === '..') return 'a name that leaves the folder';
  if (Buffer.byteLength(name) > kMaxNameBytes) return `a name of more than ${kMaxNameBytes} bytes`;
  return null;
}

/** For messages: quoted, one line, never longer than a screen line. */
export function shown(name: string): string {
  const quoted = JSON.stringify(name);
  return quoted.length <= 120 ? quoted : `${quoted.slice(0, 100)}…"`;
}
