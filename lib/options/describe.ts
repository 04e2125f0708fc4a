/** A row of the table in words: the flag, what values it takes, its default. Plain functions of rows. */
import type { OptionBounds, OptionDefault, OptionKind, OptionRow } from './row.js';

/** Beyond this a bound is no news to a reader. */
const farAway = 2 ** 50;
const binaryUnits = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** The member of its object that an option is. */
export function memberName(row: OptionRow): string {
  return row.name.slice(row.name.lastIndexOf('.') + 1);
}

/** The name of the object that an option is a member of, or an empty string. */
export function ownerName(row: OptionRow): string {
  return row.name.slice(0, Math.max(0, row.name.lastIndexOf('.')));
}

function kebab(name: string): string {
  return name.replaceAll('.', '-').replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

/** The flag without its dashes: the name in kebab-case unless the row says otherwise; null where there is none. */
export function flagOf(row: OptionRow, rows: readonly OptionRow[]): string | null {
  if (row.kind.type === 'object') return null;
  if (row.flag !== undefined) return row.flag;
  const owner = rows.find((other) => other.name === ownerName(row) && other.kind.type === 'object');
  return typeof owner?.flag === 'string' ? kebab(`${owner.flag}.${memberName(row)}`) : kebab(row.name);
}

/** `64 MiB`; a number of bytes that is no round number of a larger unit stays one. */
export function bytesText(bytes: number): string {
  let [count, unit] = [bytes, 0];
  while (count >= 1024 && count % 1024 === 0 && unit < binaryUnits.length - 1) [count, unit] = [count / 1024, unit + 1];
  return `${count} ${binaryUnits[unit]}`;
}

function integerText({ min, max }: OptionBounds, unit: string | undefined): string {
  const open = max === undefined || max >= farAway;
  if (open && min !== undefined && min > -farAway) {
    if (min === 0) return 'a non-negative integer';
    return min === 1 ? 'a positive integer' : `an integer of at least ${min}`;
  }
  if (open) return 'an integer';
  if (unit === 'bytes') return `a number of bytes from ${min} (${bytesText(min ?? 0)}) to ${max} (${bytesText(max)})`;
  return `an integer from ${min} to ${max}${unit === undefined ? '' : ` ${unit}`}`;
}

function numberText({ min, max, above, below }: OptionBounds, unit: string | undefined): string {
  const of = unit === undefined ? '' : ` ${unit}`;
  if (above !== undefined && below !== undefined) return `a number above ${above} and below ${below}${of}`;
  if (above !== undefined)
    return `a number above ${above}${max === undefined || max >= 1e9 ? '' : `, at most ${max}`}${of}`;
  if (max === undefined || max >= 1e30) return 'a finite number';
  return `a number from ${min} to ${max}${of}`;
}

/** What a value must be, as a message says it: `an integer from 1 to 16384 pixels`. */
export function kindText(kind: OptionKind): string {
  switch (kind.type) {
    case 'integer':
      return integerText(kind, kind.unit);
    case 'number':
      return numberText(kind, kind.unit);
    case 'perChannel':
      return 'an array of three numbers';
    case 'range':
      return 'an array of the lowest and the highest value, or null,';
    case 'boolean':
      return 'true or false';
    case 'text':
    case 'path':
      return 'a string that is not empty';
    case 'texts':
      return 'an array of strings that are not empty';
    case 'choice':
      return `one of ${kind.values.map((value) => `'${value}'`).join(', ')}`;
    case 'pattern':
      return kind.what;
    case 'column':
      return 'a column index or a class name';
    case 'deadline':
      return 'a number of milliseconds of at least 1, or a Date,';
    case 'mask':
      return 'a tissue mask, GeoJSON or the path of a GeoJSON file';
    case 'model':
      return 'a path, a built-in name or the result of loadModel()';
    case 'signal':
      return 'an AbortSignal';
    case 'callback':
      return 'a function';
    case 'clinical':
    case 'object':
      return 'an object';
  }
}

/** The one value that holds where nothing is given, or undefined where it depends on something or there is none. */
export function fixedDefault(value: OptionDefault): boolean | number | string | readonly number[] | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'object' || !('text' in value || 'modelElse' in value)) return value;
  return undefined;
}

function valueText(value: boolean | number | string | readonly number[], kind: OptionKind, quote: string): string {
  if (typeof value === 'string') return `${quote}${value}${quote}`;
  if (value === 1 / 255) return '1/255';
  if (typeof value === 'number' && 'unit' in kind && kind.unit === 'bytes') return bytesText(value);
  return typeof value === 'object' ? `[${value.join(', ')}]` : String(value);
}

/** The default in words, or null where not given means: no such thing. Texts stand in `quote`. */
export function defaultText(row: OptionRow, quote = "'"): string | null {
  const { default: value, kind } = row;
  if (value === null) return null;
  if (typeof value === 'object' && 'text' in value) return value.text;
  if (typeof value === 'object' && 'modelElse' in value)
    return `the model's, else ${valueText(value.modelElse, kind, quote)}`;
  return valueText(value as boolean | number | string | readonly number[], kind, quote);
}
