/**
 * The journal of an unfinished run, `<output>.journal`: a head line that says what it belongs to, then one line for each
 * finished slide, synced to disk before the slide is reported. A run that was killed is completed from it to the same
 * bytes. Only the end of the file may be torn (the line being written when the power went) and is cut off; any other
 * damage is refused, since a row that vanished silently would be scored by a different run.
 *
 * Callers hold the output's lock.
 */
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MicrotomeError } from '../core/errors.js';
import { removeIfThere, syncFolderOf, writeAll } from './durable.js';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import { formatLine, keyDifferences, parseLine, type JournalKey, type JournalRow } from './journal-format.js';
import { shown } from './names.js';

const kMaxJournalBytes = 2 ** 30;
const kLinesPerTurn = 500;

export interface ReadJournal {
  readonly key: JournalKey;
  /** By row index; of a slide that failed and was tried again, the last line. */
  readonly rows: ReadonlyMap<number, JournalRow>;
  /** Where the whole lines end; what follows is torn. */
  readonly wholeBytes: number;
}

export function journalPathOf(output: string): string {
  return `${output}.journal`;
}

/** Null where there is no journal, or none with a whole head line: then nothing was ever reported. */
export async function readJournal(path: string, fs: FileSystem = realFileSystem): Promise<ReadJournal | null> {
  const bytes = await readBytes(path, fs);
  if (bytes === null) return null;
  let key: JournalKey | null = null;
  const rows = new Map<number, JournalRow>();
  let from = 0;
  let line = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
    if (++line % kLinesPerTurn === 0) await nextTurn();
    const parsed = parseLine(bytes.toString('utf8', from, end));
    if (parsed === null) throw refused(path, `line ${line} is damaged`);
    if ('head' in parsed) {
      if (key !== null) throw refused(path, `line ${line} is a second head line`);
      key = parsed.head;
    } else {
      if (key === null) throw refused(path, 'the head line is missing');
      addRow(path, line, rows, parsed.row);
    }
    from = end + 1;
  }
  return key === null ? null : { key, rows, wholeBytes: from };
}

function addRow(path: string, line: number, rows: Map<number, JournalRow>, row: JournalRow): void {
  if (rows.get(row.index)?.error === null) {
    throw refused(path, `line ${line} scores the row ${shown(row.name)} a second time`);
  }
  rows.set(row.index, row);
}

/** Refuses a journal of another run, naming everything that differs. */
export function checkKey(path: string, was: JournalKey, now: JournalKey): void {
  const differences = keyDifferences(was, now);
  if (differences.length > 0) throw refused(path, `it was written by a different run: ${differences.join('; ')}`);
}

export function refused(path: string, found: string): MicrotomeError {
  return new MicrotomeError('RESUME_REFUSED', 'csv', `the journal ${path} cannot be resumed: ${found}`, { path });
}

/** The open journal of a running run. Appends are serialised; after a failed append nothing more is written. */
export class Journal {
  private queue: Promise<void> = Promise.resolve();
  private broken: unknown = null;
  private closed = false;
  private rowCount = 0;

  private constructor(
    readonly path: string,
    /** True: made by this run, not gone on with. */
    readonly isNew: boolean,
    private readonly handle: FileHandle,
    private readonly fs: FileSystem,
  ) {}

  /** Rows appended since it was opened. */
  get appended(): number {
    return this.rowCount;
  }

  /** A new journal; one that is there already is an error of the caller (EEXIST). */
  static async create(path: string, key: JournalKey, fs: FileSystem = realFileSystem): Promise<Journal> {
    let handle: FileHandle | undefined;
    try {
      handle = await fs.open(path, 'ax', 0o644);
      await writeAll(handle, Buffer.from(formatLine({ head: key })));
      await handle.sync();
      await syncFolderOf(path, fs);
      return new Journal(path, true, handle, fs);
    } catch (error) {
      await handle?.close().catch(() => {});
      if (handle !== undefined) await removeIfThere(path, fs).catch(() => false);
      throw ioFailure(error, 'write', path);
    }
  }

  /** Goes on after the whole lines of `read`; a torn end is cut off first. */
  static async reopen(path: string, read: ReadJournal, fs: FileSystem = realFileSystem): Promise<Journal> {
    let handle: FileHandle | undefined;
    try {
      handle = await fs.open(path, 'a');
      if ((await handle.stat()).size !== read.wholeBytes) {
        await handle.truncate(read.wholeBytes);
        await handle.sync();
      }
      return new Journal(path, false, handle, fs);
    } catch (error) {
      await handle?.close().catch(() => {});
      throw ioFailure(error, 'write', path);
    }
  }

  /** Resolves when the row is on disk. */
  append(row: JournalRow): Promise<void> {
    const appended = this.queue.then(async () => {
      if (this.broken !== null) throw this.broken;
      try {
        await writeAll(this.handle, Buffer.from(formatLine({ row })));
        await this.handle.datasync();
        ++this.rowCount;
      } catch (error) {
        // What is on disk now may be half a line: another append would turn the torn end into damage in the middle.
        this.broken = ioFailure(error, 'write', this.path);
        throw this.broken;
      }
    });
    this.queue = appended.catch(() => {});
    return appended;
  }

  /** Keeps the file, for a later resumption. Idempotent. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue;
    await this.handle.close();
  }

  /** The run is finished and its output durable: the journal goes. */
  async remove(): Promise<void> {
    await this.close();
    try {
      await removeIfThere(this.path, this.fs);
      await syncFolderOf(this.path, this.fs);
    } catch (error) {
      throw ioFailure(error, 'remove', this.path);
    }
  }
}

async function readBytes(path: string, fs: FileSystem): Promise<Buffer | null> {
  let handle: FileHandle | undefined;
  try {
    handle = await fs.open(path, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw refused(path, 'it is not a regular file');
    if (stat.size > kMaxJournalBytes) throw refused(path, `it has more than ${kMaxJournalBytes} bytes`);
    return await handle.readFile();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioFailure(error, 'read', path);
  } finally {
    await handle?.close();
  }
}
