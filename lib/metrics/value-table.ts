/** Reads a CSV that has one number for each name: a submission, or its labels. Everything doubtful is refused, with its line. */
import { optionMark } from '../core/option-names.js';
import { Turns } from '../core/turns.js';
import { readCsv, type CsvRow } from '../runs/csv-read.js';
import { csvInvalid } from '../runs/failure.js';
import { shown } from '../runs/names.js';

/** The two columns. `alone`: the file may have no others. */
export interface ValueColumns {
  readonly id: string;
  readonly value: string;
  readonly alone: boolean;
}

export interface NamedValue {
  readonly name: string;
  readonly value: number;
  readonly line: number;
}

export interface ValueTable {
  readonly path: string;
  readonly columns: ValueColumns;
  /** In the order of the file, each name once. */
  readonly values: ReadonlyMap<string, NamedValue>;
}

/** What the numbers of a file may be. */
export interface ValueRule {
  readonly holds: (value: number) => boolean;
  /** For messages: `a number from 0 to 1`. */
  readonly expected: string;
}

const kNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** `columnsOf` says which columns are meant, once the header is known. Throws CSV_INVALID. */
export async function readValues(
  path: string,
  columnsOf: (header: readonly string[]) => ValueColumns,
  rule: ValueRule,
): Promise<ValueTable> {
  const { header, rows } = await readCsv(path);
  const columns = columnsOf(header);
  const { id, value, alone } = columns;
  const [idAt, valueAt] = [header.indexOf(id), header.indexOf(value)];
  if (idAt < 0 || valueAt < 0 || (alone && header.length !== 2)) {
    const found = `the header ${header.map(shown).join(',')}, expected ${alone ? '' : 'the columns '}${id},${value}`;
    const advice = `correct the file, or pass ${optionMark('idColumn')} and ${optionMark('valueColumn')}`;
    throw csvInvalid(path, 1, found, advice);
  }
  if (rows.length === 0) throw csvInvalid(path, 1, 'a header and no rows');
  const values = new Map<string, NamedValue>();
  const turns = new Turns();
  for (const row of rows) {
    if (turns.isOver) await turns.next();
    const one = namedValue(path, row, [idAt, valueAt], rule);
    const before = values.get(one.name);
    if (before !== undefined)
      throw csvInvalid(path, row.line, `${shown(one.name)} a second time, after line ${before.line}`);
    values.set(one.name, one);
  }
  return { path, columns, values };
}

function namedValue(
  path: string,
  { cells, line }: CsvRow,
  [idAt, valueAt]: readonly [number, number],
  rule: ValueRule,
): NamedValue {
  const [name, text] = [cells[idAt] ?? '', cells[valueAt] ?? ''];
  if (name === '') throw csvInvalid(path, line, 'an empty name');
  const value = kNumber.test(text) ? Number(text) : Number.NaN;
  if (rule.holds(value)) return { name, value, line };
  const found = text === '' ? 'an empty cell' : `the value ${shown(text)}`;
  throw csvInvalid(path, line, `${found} for ${shown(name)}, expected ${rule.expected}`);
}
