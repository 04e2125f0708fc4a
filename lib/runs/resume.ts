/** Which scores of a journal a run goes on with, which it computes again, and when it refuses to go on. */
import { optionMark } from '../core/option-names.js';
import { refused, type ReadJournal } from './journal.js';
import type { JournalRow } from './journal-format.js';
import { shown } from './names.js';
import { rowDifference, type RowKeyMaker } from './row-key.js';
import type { RunRow } from './rows.js';
import type { SlideIdentity } from './slide-files.js';
import type { RescoredRow, ResumeReport } from './types.js';

export interface ResumedRows extends ResumeReport {
  /** Rows of the journal by the place of their row in this run; among them such as failed. */
  readonly rows: ReadonlyMap<number, JournalRow>;
}

/** In a message; the others are counted. */
const kMostNamed = 20;

/**
 * Finds the rows of the journal by their names. Throws RESUME_REFUSED where slides have changed since they were scored, and
 * where the journal is of other slides altogether.
 */
export function resumedRows(path: string, read: ReadJournal, rows: readonly RunRow[], maker: RowKeyMaker): ResumedRows {
  const found = new Map<number, JournalRow>();
  const again: RescoredRow[] = [];
  const changed: string[] = [];
  for (const row of rows) {
    const was = read.rows.get(row.name);
    if (was === undefined || row.slide === null) continue;
    if (was.score === null) {
      found.set(row.index, was);
      continue;
    }
    // Nothing says that the file is still the one that was scored: the row fails in this run.
    if (row.failure !== undefined) continue;
    const change = changeOf(was.identity, row.slide.identity, row.slide.input !== undefined);
    const difference = rowDifference(maker, was, row);
    if (change !== null) changed.push(`${shown(row.name)} ${change}`);
    else if (difference !== null) again.push({ name: row.name, ...difference });
    else found.set(row.index, was);
  }
  if (changed.length > 0) throw slidesChanged(path, changed);
  return { rows: found, again, gone: goneOf(path, read, rows) };
}

function goneOf(path: string, read: ReadJournal, rows: readonly RunRow[]): string[] {
  const names = new Set(rows.map((row) => row.name));
  const known = [...read.rows.values()];
  const gone = known.filter((row) => row.score !== null && !names.has(row.name)).map((row) => row.name);
  // A run over a wrong folder would throw the work of the right one away.
  if (gone.length > 0 && !known.some((row) => names.has(row.name))) {
    const found = `none of its slides is in this run: ${listed(gone.map(shown))}`;
    throw refused(path, found, `name the folder or the files it was begun with, or ${startAgain()}`);
  }
  return gone;
}

function slidesChanged(path: string, changed: readonly string[]): Error {
  const found = `slides have changed since they were scored: ${listed(changed)}`;
  return refused(path, found, `put back the slides as they were, or ${startAgain()}`);
}

function startAgain(): string {
  return `pass ${optionMark('overwrite', 'true')} to score all slides again`;
}

function listed(texts: readonly string[]): string {
  const more = texts.length - kMostNamed;
  return more > 0 ? `${texts.slice(0, kMostNamed).join('; ')}; and ${more} more` : texts.join('; ');
}

/** Null: the same file. The size is told alone: with it the rest changes too. */
function changeOf(was: SlideIdentity, now: SlideIdentity, isObject: boolean): string | null {
  if (was.size !== now.size) return `had ${was.size} bytes and has ${now.size}`;
  const parts: string[] = [];
  if (was.mtimeNs !== now.mtimeNs) parts.push(`was modified at ${timeText(was)} and is of ${timeText(now)}`);
  // Of an object the number stands for its ETag.
  const isOther = was.inode !== now.inode || was.filesDigest !== now.filesDigest;
  // Of several files the number stands for all of their inodes.
  if (isOther && (was.filesDigest ?? now.filesDigest) !== undefined) parts.push('has a file that was replaced');
  else if (was.inode !== now.inode && isObject) parts.push('was replaced (its ETag is another one)');
  else if (was.inode !== now.inode) parts.push(`was replaced (inode ${was.inode} and now ${now.inode})`);
  return parts.length === 0 ? null : parts.join(', ');
}

/** To the nanosecond: two times may differ in that alone. */
function timeText({ mtimeNs }: SlideIdentity): string {
  const seconds = new Date(Number(BigInt(mtimeNs) / 1_000_000n));
  if (Number.isNaN(seconds.getTime())) return `${mtimeNs} ns`;
  const fraction = String(((BigInt(mtimeNs) % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0');
  return `${seconds.toISOString().slice(0, -5)}.${fraction}Z`;
}
