/** Text from outside on one line of ours. */

/** File names and tags come from outside: control characters must not reach a terminal or forge a line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
