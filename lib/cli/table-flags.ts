/** Flags made from the table of options, and the values that are given by them, as the API takes them. */
import { shownPath } from '../core/remote-address.js';
import { optionTable, type OptionInfo, type OptionPlace } from '../index.js';
import { isInteger, isNumber, type OptionSpec, type ParsedArgs } from './args.js';
import { deadlineOf } from './duration.js';
import { flagNaming } from './naming.js';
import { UsageError } from './usage-error.js';

/** Options of the API by name, flat: `tile.size`. */
export type FlatOptions = Map<string, unknown>;

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** The options of some objects of the API that have a flag. */
export function optionsIn(
  places: OptionPlace | readonly OptionPlace[],
  table: readonly OptionInfo[] = optionTable,
): readonly OptionInfo[] {
  const wanted = typeof places === 'string' ? [places] : places;
  return table.filter((row) => row.flag !== null && wanted.some((place) => row.in.includes(place)));
}

export function flagSpecs(rows: readonly OptionInfo[]): Readonly<Record<string, OptionSpec>> {
  return Object.fromEntries(rows.map((row) => [row.flag ?? '', specOf(row)]));
}

function specOf(row: OptionInfo): OptionSpec {
  const { kind, heading } = row;
  const text = { help: helpText(row), heading, value: row.valueName ?? valueName(row) };
  if (kind.type === 'boolean') {
    return { ...text, kind: 'flag', negatable: { shown: row.fixedDefault === true ? 'no' : 'yes' } };
  }
  if (kind.type === 'choice') return { ...text, kind: 'text', choices: kind.values };
  if (kind.type === 'integer' && kind.unit !== 'bytes') return { ...text, kind: 'integer' };
  if (kind.type === 'texts') return { ...text, kind: 'text', isList: true };
  const bare = row.bareValue === null ? {} : { bare: row.bareValue };
  return { ...text, ...bare, kind: kind.type === 'number' ? 'number' : 'text' };
}

function valueName({ kind }: OptionInfo): string {
  if (kind.type === 'perChannel') return 'R,G,B';
  if (kind.type === 'path') return 'PATH';
  return 'unit' in kind && kind.unit === 'bytes' ? 'SIZE' : kind.type === 'text' ? 'TEXT' : 'N';
}

/** One sentence of the table in the words of flags, with unit and default. */
function helpText(row: OptionInfo): string {
  const sentence = row.doc.replace(/\.$/, '').replace(/`([\w.]+)`/g, (_, name: string) => flagNaming(name, null));
  const text = /^[A-Z][a-z]/.test(sentence) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence;
  const { kind } = row;
  if (kind.type === 'boolean') return row.fixedDefault === true ? `do not ${text} (on by default)` : text;
  // A member of an object is needed only where its object is given.
  const isNeeded = row.required && !row.name.includes('.');
  const unit =
    'unit' in kind && kind.unit !== undefined && kind.unit !== 'bytes' && !text.includes(kind.unit) ? kind.unit : '';
  const standard = row.defaultText?.replace(/`([\w.]+)`/g, (_, name: string) => flagNaming(name, null)) ?? '';
  const said = standard === '' ? (isNeeded ? 'required' : '') : `default: ${standard}`;
  const more = [unit === '' ? '' : `in ${unit}`, said].filter((part) => part !== '').join('; ');
  return more === '' ? text : `${text} (${more})`;
}

/** What was given by flags. Throws UsageError. */
export function flagValues(args: ParsedArgs, rows: readonly OptionInfo[], command: string): FlatOptions {
  const given: FlatOptions = new Map();
  for (const row of rows) {
    const value = args.value(row.flag ?? '');
    if (value === undefined) continue;
    const refuse = (found: string): never => {
      throw new UsageError(
        `--${row.flag} is ${JSON.stringify(typeof value === 'string' ? shownPath(value) : value)}${found}`,
        command,
      );
    };
    given.set(row.name, typeof value === 'string' ? valueOfText(row, value, refuse) : value);
  }
  return given;
}

/** A value that is written as text. `refuse` says what is wrong with it. */
export function valueOfText({ kind }: OptionInfo, text: string, refuse: (found: string) => never): unknown {
  switch (kind.type) {
    case 'integer':
      return kind.unit === 'bytes' ? bytesOf(text, refuse) : Number(text);
    case 'number':
      return Number(text);
    case 'perChannel':
      return numbersOf(text, 3, refuse);
    case 'range':
      return text === 'none' ? null : numbersOf(text, 2, refuse);
    case 'texts':
      return text.split(',').map((item) => item.trim());
    case 'column':
      return isInteger(text) ? Number(text) : text;
    case 'deadline':
      return deadlineOf(text, refuse);
    default:
      return text;
  }
}

function bytesOf(text: string, refuse: (found: string) => never): number {
  const parts = /^(\d+) ?([KMGT]i)?B?$/i.exec(text);
  const unit = byteUnits.findIndex((name) => name.toLowerCase() === `${parts?.[2] ?? ''}b`.toLowerCase());
  const bytes = Number(parts?.[1] ?? Number.NaN) * 1024 ** Math.max(0, unit);
  return Number.isSafeInteger(bytes) ? bytes : refuse(', expected a size such as 512MiB or 2GiB, or a number of bytes');
}

function numbersOf(text: string, count: number, refuse: (found: string) => never): readonly number[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.length === count && items.every(isNumber)) return items.map(Number);
  return refuse(count === 3 ? ', expected three numbers such as 0.5,0.5,0.5' : ', expected LOW,HIGH or none');
}

/** `tile.size` becomes `{ tile: { size } }`. */
export function nested(flat: FlatOptions): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  for (const [name, value] of flat) {
    const [owner, member] = name.split('.') as [string, string | undefined];
    if (member === undefined) options[owner] = value;
    else options[owner] = { ...(options[owner] as object | undefined), [member]: value };
  }
  return options;
}

/** The options of a file, under those of flags: a flag wins, also over a key of the file that it excludes. */
export function flagsOverFile(flags: FlatOptions, file: FlatOptions, rows: readonly OptionInfo[]): FlatOptions {
  const merged: FlatOptions = new Map(flags);
  for (const [name, value] of file) {
    const row = rows.find((each) => each.name === name);
    const isExcluded = row?.excludes.some((other) => flags.has(other)) ?? false;
    const choice = row?.only ?? null;
    const isOfOther = choice !== null && flags.has(choice.option) && flags.get(choice.option) !== choice.is;
    if (!flags.has(name) && !isExcluded && !isOfOther) merged.set(name, value);
  }
  return merged;
}
