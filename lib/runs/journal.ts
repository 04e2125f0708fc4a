/**
 * The journal of an unfinished run, `<output>.journal`: a head line that says what it belongs to, then one line for each
 * finished slide, or for some hundred lesion images together, synced to disk before the slide is reported. A run that was killed is completed from it to the same
 * bytes. Only the end of the file may be torn (the line being written when the power went) and is left out; any other
 * damage is refused, since a row that vanished silently would be scored by a different run.
 *
 * Callers hold the output's lock, and look whether they still do before each line (`guard`). A resumed run goes on in a new
 * file that takes the place of the old one: what an earlier writer, taken for dead, still writes lands in a file that has
 * no name any more.
 */
import type { FileHandle } from 'node:fs/promises';
import { MicrotomeError } from '../core/errors.js';
import { openRegular, piecesOf, type FileRules } from '../core/regular-file.js';
import { optionMark } from '../core/option-names.js';
import { Turns } from '../core/turns.js';
import { canonical } from './canonical.js';
import { asideOf, removeIfThere, syncFolderOf, writeAll } from './durable.js';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import {
  formatLine,
  keyDifferences,
  parseLine,
  type JournalGroup,
  type JournalKey,
  type JournalLine,
  type JournalRow,
} from './journal-format.js';
import { shown } from './names.js';

const kMaxJournalBytes = 2 ** 30;
/** The head line holds the options of the run, other lines names of at most 4095 bytes. */
const kMaxLineBytes = 2 ** 20;
const kLineFeed = 0x0a;

export interface ReadJournal {
  readonly key: JournalKey;
  /** By name; of a slide that was scored again, the last line. */
  readonly rows: ReadonlyMap<string, JournalRow>;
  /** Of lesion images, in the order in which they were scored. */
  readonly groups: readonly JournalGroup[];
  /** Where the whole lines end; what follows is torn. */
  readonly wholeBytes: number;
}

export function journalPathOf(output: string): string {
  return `${output}.journal`;
}

/** Null where there is no journal, or none with a whole head line: then nothing was ever reported. */
export async function readJournal(path: string, fs: FileSystem = realFileSystem): Promise<ReadJournal | null> {
  let key: JournalKey | null = null;
  const rows = new Map<string, JournalRow>();
  const groups: JournalGroup[] = [];
  let wholeBytes = 0;
  let line = 0;
  const turns = new Turns();
  try {
    for await (const bytes of linesOf(path, fs)) {
      ++line;
      const parsed = parseLine(bytes.toString('utf8'));
      if (parsed === null) throw refused(path, `line ${line} is damaged, or of another version of microtome`);
      if ('head' in parsed) {
        if (key !== null) throw refused(path, `line ${line} is a second head line`);
        key = parsed.head;
      } else {
        if (key === null) throw refused(path, 'the head line is missing');
        if ('group' in parsed) groups.push(parsed.group);
        else addRow(path, line, rows, parsed.row);
      }
      wholeBytes += bytes.length + 1;
      if (turns.isOver) await turns.next();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioFailure(error, 'read', path);
  }
  return key === null ? null : { key, rows, groups, wholeBytes };
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

function addRow(path: string, line: number, rows: Map<string, JournalRow>, row: JournalRow): void {
  const before = rows.get(row.name);
  // A score is replaced only where what it depended on has changed; two lines alike are the work of two writers.
  if (before?.error === null && dependence(before) === dependence(row)) {
    throw refused(path, `line ${line} scores the row ${shown(row.name)} a second time`);
  }
  rows.set(row.name, row);
}

function dependence({ identity, own, sampled, outputs }: JournalRow): string {
  return canonical({ identity, own, sampled, isWhole: outputs !== undefined });
}

/** Refuses a journal whose scores none of this run's would be like, naming everything that differs. */
export function checkKey(path: string, was: JournalKey, now: JournalKey): void {
  const differences = keyDifferences(was, now);
  if (differences.length === 0) return;
  const found = `its scores were made in another way: ${differences.join('; ')}`;
  throw refused(
    path,
    found,
    `${asItWas(was, now)}, or pass ${optionMark('overwrite', 'true')} to score everything again`,
  );
}

function asItWas(was: JournalKey, now: JournalKey): string {
  // Whoever follows the advice to a slide of unknown resolution means that slide, and not all of them.
  if (canonical(was.options['slideMpp']) !== canonical(now.options['slideMpp']))
    return `leave ${optionMark('slideMpp')} as it was and give the resolution of single slides in the column resolution of ${optionMark('metadata')}`;
  return 'resume it with the model, the options and the libraries it was begun with';
}

export function refused(path: string, found: string, advice?: string): MicrotomeError {
  const whole = `the journal ${path} cannot be resumed: ${found}`;
  return new MicrotomeError('RESUME_REFUSED', 'csv', whole, { path, advice });
}

/** Throws where the run may not write any more. */
export type WriteGuard = () => Promise<void>;

const unguarded: WriteGuard = async () => {};

/** The open journal of a running run. Appends are serialised; after a failed append nothing more is written. */
export class Journal {
  private queue: Promise<void> = Promise.resolve();
  private broken: unknown = null;
  private closed = false;
  private rowCount = 0;
  private isKept: boolean;

  private constructor(
    readonly path: string,
    /** There was none of its name before. */
    isNew: boolean,
    private readonly handle: FileHandle,
    private readonly fs: FileSystem,
    private readonly guard: WriteGuard,
  ) {
    this.isKept = !isNew;
  }

  /**
   * Whether a run that failed before its first row removes it. Not one that took the place of another journal: beside that one
   * there may be a provisional output, which would then look finished.
   */
  get mayGo(): boolean {
    return !this.isKept;
  }

  /** An output that is not the finished one is about to be beside it. */
  keep(): void {
    this.isKept = true;
  }

  /** Rows appended since it was opened. */
  get appended(): number {
    return this.rowCount;
  }

  /** A new journal; one that is there already is an error of the caller (EEXIST). */
  static async create(
    path: string,
    key: JournalKey,
    fs: FileSystem = realFileSystem,
    guard: WriteGuard = unguarded,
  ): Promise<Journal> {
    let handle: FileHandle | undefined;
    try {
      handle = await fs.open(path, 'ax', 0o644);
      await writeAll(handle, Buffer.from(formatLine({ head: key })));
      await handle.sync();
      await syncFolderOf(path, fs);
      return new Journal(path, true, handle, fs, guard);
    } catch (error) {
      await handle?.close().catch(() => {});
      if (handle !== undefined) await removeIfThere(path, fs).catch(() => false);
      throw ioFailure(error, 'write', path);
    }
  }

  /** Goes on after the whole lines of `read`, in a new file that takes the place of the old one. */
  static async reopen(
    path: string,
    read: ReadJournal,
    fs: FileSystem = realFileSystem,
    guard: WriteGuard = unguarded,
  ): Promise<Journal> {
    try {
      await (await openRegular(path, journalRules(path, fs))).close();
    } catch (error) {
      throw ioFailure(error, 'write', path);
    }
    return await Journal.inPlaceOf(path, read, fs, guard);
  }

  /** A new journal in the place of one whose rows do not count, whatever that is. */
  static async replace(path: string, key: JournalKey, fs: FileSystem, guard: WriteGuard): Promise<Journal> {
    return await Journal.inPlaceOf(path, { key, rows: new Map(), groups: [], wholeBytes: 0 }, fs, guard);
  }

  private static async inPlaceOf(path: string, read: ReadJournal, fs: FileSystem, guard: WriteGuard): Promise<Journal> {
    const aside = asideOf(path);
    let handle: FileHandle | undefined;
    let renamed = false;
    try {
      handle = await fs.open(aside, 'ax', 0o644);
      await writeLines(handle, read);
      await handle.sync();
      await guard();
      await fs.rename(aside, path);
      renamed = true;
      await syncFolderOf(path, fs);
      return new Journal(path, false, handle, fs, guard);
    } catch (error) {
      await handle?.close().catch(() => {});
      if (handle !== undefined && !renamed) await removeIfThere(aside, fs).catch(() => false);
      throw ioFailure(error, 'write', path);
    }
  }

  /** Resolves when the row is on disk. */
  append(row: JournalRow): Promise<void> {
    return this.appendLine({ row }, 1);
  }

  /** Resolves when the images are on disk. */
  appendGroup(group: JournalGroup): Promise<void> {
    return this.appendLine({ group }, group.names.length);
  }

  private appendLine(line: JournalLine, rows: number): Promise<void> {
    const appended = this.queue.then(async () => {
      if (this.broken !== null) throw this.broken;
      try {
        await this.guard();
        await writeAll(this.handle, Buffer.from(formatLine(line)));
        await this.handle.datasync();
        // Else the row is in a file that nobody will read.
        if (!(await this.isOwn())) throw replaced(this.path);
        this.rowCount += rows;
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

  /** The run is finished and its output durable: the journal goes. That of another run, which took over, stays. */
  async remove(): Promise<void> {
    try {
      await this.queue;
      const isOwn = this.closed || (await this.isOwn());
      await this.close();
      if (!isOwn) return;
      await removeIfThere(this.path, this.fs);
      await syncFolderOf(this.path, this.fs);
    } catch (error) {
      throw ioFailure(error, 'remove', this.path);
    }
  }

  /** Whether the file of the journal's name is the one that is written to. */
  private async isOwn(): Promise<boolean> {
    const own = await this.handle.stat({ bigint: true });
    try {
      const named = await this.fs.lstat(this.path, { bigint: true });
      return named.ino === own.ino && named.dev === own.dev;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  }
}

async function writeLines(handle: FileHandle, { key, rows, groups }: ReadJournal): Promise<void> {
  const turns = new Turns();
  let text = formatLine({ head: key });
  for (const line of linesAgain(rows, groups)) {
    text += formatLine(line);
    if (!turns.isOver) continue;
    await writeAll(handle, Buffer.from(text));
    text = '';
    await turns.next();
  }
  await writeAll(handle, Buffer.from(text));
}

function* linesAgain(rows: ReadJournal['rows'], groups: ReadJournal['groups']): Generator<JournalLine> {
  for (const row of rows.values()) yield { row };
  for (const group of groups) yield { group };
}

function replaced(path: string): MicrotomeError {
  const found = `the journal ${path} was removed, or replaced by another run, while this run wrote to it`;
  const advice = `wait for the other run to end, then pass ${optionMark('resume', 'true')}`;
  return new MicrotomeError('OUTPUT_LOCKED', 'csv', found, { path, advice });
}
