/**
 * Reads a CSV file: the subset of RFC 4180 that spreadsheets and data frames write. Quotes with doubled quotes inside,
 * LF or CRLF, a UTF-8 byte-order mark, empty lines (skipped). Everything doubtful is refused with its line: a wrong
 * number of cells, a stray quote, bytes that are not UTF-8, a duplicate column name. Files of another kind are refused by
 * the name of that kind (csv-dialects.ts): cells between semicolons or tabs, UTF-16, a spreadsheet.
 *
 * The file is read in pieces, so that a large one never holds the event loop for long; limits bound what is kept.
 */
import { createHash } from 'node:crypto';
import { TextDecoder } from 'node:util';
import { foreignBytes, foreignSeparator, type ForeignKind } from './csv-dialects.js';
import { csvInvalid } from './failure.js';
import { realFileSystem, type FileSystem } from './file-system.js';
import { piecesOfTable, shownPlace, type TablePlace } from './table-place.js';

export interface CsvLimits {
  readonly bytes: number;
  readonly rows: number;
  readonly columns: number;
  /** Of all rows together: they are held in memory. */
  readonly cells: number;
  readonly cellChars: number;
}

export const defaultCsvLimits: CsvLimits = {
  bytes: 256 * 1024 * 1024,
  rows: 2_000_000,
  columns: 1024,
  cells: 32_000_000,
  cellChars: 65_536,
};

export interface CsvRow {
  /** 1-based line on which the row starts. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvTable {
  readonly path: string;
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
  /** Of the file's bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Which columns of a header are wanted; may throw. */
export type PickColumns = (header: readonly string[]) => readonly number[];

const kComma = 0x2c;
const kQuote = 0x22;
const kCarriageReturn = 0x0d;
const kLineFeed = 0x0a;

type State = 'cellStart' | 'plain' | 'quoted' | 'quoteEnd' | 'carriageReturn';

/** Takes text in pieces; a piece may end anywhere, also inside a cell or between CR and LF. */
class CsvParser {
  readonly rows: CsvRow[] = [];
  header: readonly string[] | null = null;
  line = 1;
  private rowLine = 1;
  private state: State = 'cellStart';
  private cell = '';
  private cells: string[] = [];
  private rowHasQuotes = false;
  private cellCount = 0;
  /** Columns that are kept; null: all. */
  private kept: readonly number[] | null = null;

  constructor(
    private readonly path: string,
    private readonly limits: CsvLimits,
    private readonly pick: PickColumns | null,
  ) {}

  push(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.state === 'quoted') at = this.readQuoted(text, at);
      else if (this.state === 'plain') at = this.readPlain(text, at);
      else at = this.readMark(text, at);
    }
  }

  end(): void {
    if (this.state === 'quoted') this.refuse(`a quoted cell that starts in this row is never closed`, this.rowLine);
    if (this.state === 'carriageReturn') this.refuse('a carriage return without a line feed');
    if (this.state !== 'cellStart' || this.cells.length > 0) this.endRow();
  }

  private readQuoted(text: string, from: number): number {
    const quote = text.indexOf('"', from);
    const end = quote < 0 ? text.length : quote;
    for (let i = from; i < end; ++i) {
      if (text.charCodeAt(i) === kLineFeed) ++this.line;
    }
    this.append(text.slice(from, end));
    if (quote < 0) return end;
    this.state = 'quoteEnd';
    return quote + 1;
  }

  private readPlain(text: string, from: number): number {
    let end = from;
    for (; end < text.length; ++end) {
      const c = text.charCodeAt(end);
      if (c === kComma || c === kLineFeed || c === kCarriageReturn || c === kQuote) break;
    }
    this.append(text.slice(from, end));
    return end < text.length ? this.readMark(text, end) : end;
  }

  /** One character that may be a delimiter; anything else starts a plain cell and is not consumed. */
  private readMark(text: string, at: number): number {
    const c = text.charCodeAt(at);
    if (this.state === 'carriageReturn' && c !== kLineFeed) this.refuse('a carriage return without a line feed');
    if (c === kComma) this.endCell();
    else if (c === kLineFeed) this.endRow();
    else if (c === kCarriageReturn) this.state = 'carriageReturn';
    else if (c === kQuote) this.readQuoteMark();
    else if (this.state === 'quoteEnd') this.refuse('text after the closing quote of a cell');
    else {
      this.state = 'plain';
      return at;
    }
    return at + 1;
  }

  private readQuoteMark(): void {
    if (this.state === 'quoteEnd') this.append('"');
    else if (this.state === 'plain') this.refuse('a quote inside a cell that does not start with one');
    this.rowHasQuotes = true;
    this.state = 'quoted';
  }

  private append(text: string): void {
    if (this.cell.length + text.length > this.limits.cellChars) {
      this.refuse(`a cell of more than ${this.limits.cellChars} characters`);
    }
    if (text.includes('\0')) this.refuse('a NUL character');
    this.cell += text;
  }

  private endCell(): void {
    if (this.cells.length >= this.limits.columns) this.refuse(`more than ${this.limits.columns} columns`);
    this.cells.push(this.cell);
    this.cell = '';
    this.state = 'cellStart';
  }

  private endRow(): void {
    this.endCell();
    const cells = this.cells;
    const empty = cells.length === 1 && cells[0] === '' && !this.rowHasQuotes;
    if (!empty) this.keep(cells);
    this.cells = [];
    this.rowHasQuotes = false;
    ++this.line;
    this.rowLine = this.line;
  }

  private keep(cells: string[]): void {
    if (this.header === null) {
      this.refuseDuplicates(cells);
      this.header = cells;
      this.kept = this.pick?.(cells) ?? null;
      return;
    }
    if (cells.length !== this.header.length) {
      this.refuse(`${cells.length} cells, expected the header's ${this.header.length}`, this.rowLine);
    }
    if (this.rows.length >= this.limits.rows) this.refuse(`more than ${this.limits.rows} rows`);
    const { kept } = this;
    this.cellCount += kept?.length ?? cells.length;
    if (this.cellCount > this.limits.cells) this.refuse(`more than ${this.limits.cells} cells`);
    const own = kept === null ? cells : kept.map((column) => detached(cells[column] ?? ''));
    this.rows.push({ line: this.rowLine, cells: own });
  }

  private refuseDuplicates(header: readonly string[]): void {
    const seen = new Set<string>();
    for (const name of header) {
      if (seen.has(name)) this.refuse(`the column ${JSON.stringify(name)} occurs twice in the header`, this.rowLine);
      seen.add(name);
    }
  }

  private refuse(found: string, line = this.line): never {
    throw csvInvalid(this.path, line, found);
  }
}

/** A longer text that was cut out of another one holds that whole in memory. */
const kLongestCopied = 12;

/** The same text, which holds nothing else in memory. */
function detached(text: string): string {
  return text.length <= kLongestCopied ? text : Buffer.from(text).toString();
}

/**
 * Reads the table at `place`; throws CSV_INVALID with the line, FILE_NOT_FOUND, FILE_UNREADABLE, or NETWORK. With `pick`, rows have these
 * columns alone, in this order: of a table with very many rows the others are not held in memory.
 */
export async function readCsv(
  place: TablePlace,
  limits: CsvLimits = defaultCsvLimits,
  fs: FileSystem = realFileSystem,
  pick: PickColumns | null = null,
): Promise<CsvTable> {
  const path = shownPlace(place);
  const parser = new CsvParser(path, limits, pick);
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let first = true;
  for await (const piece of piecesOfTable(place, limits.bytes, fs)) {
    if (first) refuseForeign(path, foreignBytes(piece));
    hash.update(piece);
    const text = decode(decoder, piece, path, parser);
    if (first) refuseForeign(path, foreignSeparator(text));
    first = false;
    parser.push(text);
  }
  parser.push(decode(decoder, null, path, parser));
  parser.end();
  if (parser.header === null) throw csvInvalid(path, 1, 'an empty file, expected a header line');
  return { path, header: parser.header, rows: parser.rows, sha256: hash.digest('hex') };
}

function decode(decoder: TextDecoder, piece: Uint8Array | null, path: string, parser: CsvParser): string {
  try {
    return piece === null ? decoder.decode() : decoder.decode(piece, { stream: true });
  } catch {
    const found = 'bytes that are not UTF-8 in this line or soon after it';
    throw csvInvalid(path, parser.line, found, 'save the file as UTF-8; it may be in Latin-1 or Windows-1252');
  }
}

function refuseForeign(path: string, kind: ForeignKind | null): void {
  if (kind !== null) throw csvInvalid(path, 1, `${kind.found}, expected ${kind.expected}`, kind.advice);
}
