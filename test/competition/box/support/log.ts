/** Lines that main.py prints, held against the grammar that the library declares. */
import { lineGrammar } from '../../../../lib/competition/box/log-lines.js';

const known = new RegExp(`^(?:${lineGrammar})$`);

/** Lines that are not in the grammar. */
export function foreignLines(log: readonly string[]): readonly string[] {
  return log.filter((line) => !known.test(line));
}

/** The same log with every time taken out. */
export function withoutTimes(log: readonly string[]): readonly string[] {
  return log.map((line) => line.replace(/\b\d+:\d\d:\d\d$/, 'h:mm:ss'));
}
