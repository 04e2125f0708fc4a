/**
 * The output of a run, whatever its rows are: who may write it, whether it is there already, its journal, and how it gets
 * into its place. The order of a run is in directory-run.ts.
 */
import { createHash } from 'node:crypto';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { ColumnOptions } from './columns.js';
import { asideOf, writeWhole } from './durable.js';
import type { FileSystem } from './file-system.js';
import { checkKey, Journal, journalPathOf, readJournal, type ReadJournal } from './journal.js';
import type { JournalKey } from './journal-format.js';
import { lockOutput, lockPathOf, type LockTimes, type OutputLock } from './lock.js';
import type { RunPart, WrittenFile } from './part.js';
import { checkOutputPlace, isComplete, isThere, journalIsThere, refuseExisting } from './output-files.js';

export interface OutputTarget {
  readonly output: string;
  readonly lock: OutputLock;
  /** Called when the table is in its place, before the journal goes. */
  readonly publish?: () => Promise<void>;
}

export interface OutputRules {
  readonly output: string;
  /** Files that the output must not replace. */
  readonly inputs: readonly string[];
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly fs: FileSystem;
  readonly lockTimes: LockTimes;
  readonly signal: AbortSignal;
  /** See {@link OutputTarget}. */
  readonly publish?: () => Promise<void>;
}

/**
 * Calls `work` while the output is locked. `finished` gives the summary of a run that found its output complete; null: it is
 * not. Throws INVALID_OPTION, OUTPUT_EXISTS, OUTPUT_LOCKED.
 */
export async function withLockedOutput<T>(
  rules: OutputRules,
  finished: () => Promise<T | null>,
  work: (target: OutputTarget) => Promise<T>,
): Promise<T> {
  const { output, fs } = rules;
  const mayReplace = rules.resume || rules.overwrite;
  await checkOutputPlace(output, rules.inputs, fs);
  // Where there is a lock, its owner may be alive: that is told first, and what lies beside it is its own.
  if (!mayReplace && !(await isThere(lockPathOf(output), fs))) await refuseExisting(output, fs);
  const lock = await lockOutput(output, fs, rules.lockTimes, rules.signal);
  try {
    // Another run may have finished between the first look and the lock.
    if (!mayReplace) await refuseExisting(output, fs);
    const before = rules.resume ? await finished() : null;
    const publish = rules.publish === undefined ? {} : { publish: rules.publish };
    return before ?? (await work({ output, lock, ...publish }));
  } finally {
    await lock.release();
  }
}

/**
 * Output without journal: the earlier run ended. An output that is not ours to judge is never replaced (OUTPUT_EXISTS). `part` knows which
 * rows its table lacks.
 */
export async function isFinished(
  output: string,
  header: readonly string[],
  names: readonly string[],
  columns: ColumnOptions,
  fs: FileSystem,
  part?: RunPart,
): Promise<boolean> {
  if (await journalIsThere(output, fs)) return false;
  if (!(await isThere(output, fs))) return false;
  const leftOut = new Set(await part?.leftOut());
  const written = leftOut.size === 0 ? names : names.filter((name) => !leftOut.has(name));
  if (await isComplete(output, header, written, fs, columns)) return true;
  const found = `${output} is there, without a journal, and is not the complete output of this run`;
  throw new MicrotomeError('OUTPUT_EXISTS', 'csv', found, {
    path: output,
    advice: `choose another ${optionMark('output')}, or pass ${optionMark('overwrite', 'true')}`,
  });
}

/**
 * The journal that the run writes to; `use` gets the one that it goes on with, and says which of it counts. Throws
 * RESUME_REFUSED and what `use` throws.
 */
export async function openJournal<T>(
  { output, lock }: OutputTarget,
  key: JournalKey,
  resume: boolean,
  fs: FileSystem,
  use: (path: string, read: ReadJournal) => Promise<T> | T,
): Promise<{ readonly journal: Journal; readonly resumed: T | null }> {
  const path = journalPathOf(output);
  const guard = (): Promise<void> => lock.assertHeld();
  const read = resume ? await readJournal(path, fs) : null;
  if (read !== null) {
    checkKey(path, read.key, key);
    const resumed = await use(path, read);
    return { journal: await Journal.reopen(path, { ...read, key }, fs, guard), resumed };
  }
  // Replaced on request, or torn before its first line was whole. It is never away in between: beside an output that is
  // provisional that would mean finished.
  const isReplaced = await fs.lstat(path).then(
    () => true,
    () => false,
  );
  const journal = isReplaced ? await Journal.replace(path, key, fs, guard) : await Journal.create(path, key, fs, guard);
  return { journal, resumed: null };
}

/** Puts the finished table into its place, whole or not at all. `seal` resolves when it may have its name. */
export async function writeOutput(
  { output, lock, publish }: OutputTarget,
  content: string | AsyncIterable<string>,
  fs: FileSystem,
  seal: (written: WrittenFile) => Promise<void> = async () => {},
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<string> {
    for await (const piece of typeof content === 'string' ? [content] : content) {
      hash.update(piece);
      bytes += Buffer.byteLength(piece);
      yield piece;
    }
  };
  const beforeRename = async (): Promise<void> => {
    await lock.assertHeld();
    await seal({ bytes, sha256: hash.digest('hex') });
    await lock.assertHeld();
  };
  try {
    await writeWhole(output, counted(), fs, beforeRename, asideOf(output));
  } catch (error) {
    // Whoever took the lock over has swept the file away: that is the reason, not that it is missing.
    await lock.assertHeld();
    throw error;
  }
  await publish?.();
}
