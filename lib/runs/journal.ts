/**
 * The journal of an unfinished run, `<output>.journal`: a head line that says what it belongs to, then one line for each
 * finished slide, synced to disk before the slide is reported. A run that was killed is completed from it to the same
 * bytes. Only the end of the file may be torn (the line being written when the power went) and is cut off; any other
 * damage is refused, since a row that vanished silently would be scored by a different run.
 *
 * Callers hold the output's lock.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { MicrotomeError } from '../core/errors.js';
import { openRegular, piecesOf, type FileRules } from '../core/regular-file.js';
import { Turns } from '../core/turns.js';
import { removeIfThere, syncFolderOf, writeAll } from './durable.js';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import { formatLine, keyDifferences, parseLine, type JournalKey, type JournalRow } from './journal-format.js';
import { shown } from './names.js';

const kMaxJournalBytes = 2 ** 30;
/** The head line holds the options of the run, a row line a name of at most 255 bytes. */
const kMaxLineBytes = 2 ** 20;
const kLineFeed = 0x0a;

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
  let key: JournalKey | null = null;
  const rows = new Map<number, JournalRow>();
  let wholeBytes = 0;
  let line = 0;
  const turns = new Turns();
  try {
    for await (const bytes of linesOf(path, fs)) {
      ++line;
      const parsed = parseLine(bytes.toString('utf8'));
      if (parsed === null) throw refused(path, `line ${line} is damaged`);
      if ('head' in parsed) {
        if (key !== null) throw refused(path, `line ${line} is a second head line`);
        key = parsed.head;
      } else {
        if (key === null) throw refused(path, 'the head line is missing');
        addRow(path, line, rows, parsed.row);
      }
      wholeBytes += bytes.length + 1;
      if (turns.isOver) await turns.next();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioFailure(error, 'read', path);
  }
  return key === null ? null : { key, rows, wholeBytes };
}

/** The whole lines, without their line feeds; what follows the last line feed is torn and left out. */
async function* linesOf(path: string, fs: FileSystem): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of piecesOf(path, journalRules(path, fs))) {
    const bytes = Buffer.concat([rest, piece]);
    let from = 0;
    // The rest of the piece before holds no line feed.
    for (let end = bytes.indexOf(kLineFeed, rest.length); end >= 0; end = bytes.indexOf(kLineFeed, from)) {
      yield bytes.subarray(from, end);
      from = end + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > kMaxLineBytes) throw refused(path, `it has a line of more than ${kMaxLineBytes} bytes`);
  }
}

/** The journal's own name is the file: a link would let the journal's place decide which file is cut and written. */
function journalRules(path: string, fs: FileSystem): FileRules {
  return {
    maxBytes: kMaxJournalBytes,
    followLinks: false,
    refuse: (found) => refused(path, `it is ${found}`),
    fs,
  };
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
      handle = await openRegular(path, journalRules(path, fs), constants.O_WRONLY | constants.O_APPEND);
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
