/**
 * Parses options by the table: which there are, what values they take, which do not go together. What depends on the model
 * or on a slide is for score-options.ts and slide-options.ts.
 */
import type { MicrotomeError } from '../core/errors.js';
import { pathOrAddress } from '../core/file-url.js';
import { optionMark } from '../core/option-names.js';
import { isReadable } from '../core/remote-address.js';
import { checkMaskInput } from '../slide/mask-input.js';
import {
  boolean,
  contradiction,
  filePath,
  func,
  invalid,
  numeric,
  oneOf,
  perChannel,
  range,
  record,
  signal,
  text,
  texts,
} from './check.js';
import { fixedDefault, kindText, memberName, ownerName } from './describe.js';
import type { OptionPlace, OptionRow } from './row.js';
import { optionRows } from './table.js';

type Known = Readonly<Record<string, unknown>>;

/** Options as parsed: null where not given, and a path where a `file:` URL was. */
export type Parsed<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined | URL> | null };

function rowsOf(places: readonly OptionPlace[], rows: readonly OptionRow[]): readonly OptionRow[] {
  return rows.filter((row) => row.in.some((place) => places.includes(place)));
}

/**
 * The options of an object of the API: every member, null where it is not given. An object among them has its members as
 * given, and the defaults of those that have one. Throws INVALID_OPTION.
 */
export function parseOptions(
  places: readonly OptionPlace[],
  value: unknown,
  rows: readonly OptionRow[] = optionRows,
): Known {
  const own = rowsOf(places, rows);
  const top = own.filter((row) => ownerName(row) === '');
  const given = parseMembers('options', top, value, own);
  return Object.freeze(Object.fromEntries(top.map((row) => [row.name, given[row.name] ?? null])));
}

/** One object of options alone, such as `tissue`; `isRoot`: a caller gave it as the options of a call. */
export function parseObject(
  name: string,
  value: unknown,
  isRoot = false,
  rows: readonly OptionRow[] = optionRows,
): Known {
  const members = rows.filter((row) => ownerName(row) === name);
  const given = parseMembers(isRoot ? 'options' : name, members, value, rows);
  return Object.freeze({ ...defaultsOf(members, given), ...given });
}

function parseMembers(owner: string, members: readonly OptionRow[], value: unknown, rows: readonly OptionRow[]): Known {
  const known = record(owner, value, members.map(memberName));
  const parsed: Record<string, unknown> = {};
  for (const row of members) {
    const member = memberName(row);
    if (member in known) parsed[member] = parseValue(row, known[member], rows);
    else if (row.required === true && isWanted(row, parsed)) throw missing(row);
  }
  for (const row of members) checkCompany(row, members, parsed);
  return parsed;
}

function missing({ name, kind }: OptionRow): MicrotomeError {
  return contradiction(`${optionMark(name)} is missing: expected ${kindText(kind)}`);
}

/** False for an option that belongs to another value of its choice. */
function isWanted({ only }: OptionRow, given: Known): boolean {
  return only === undefined || given[lastPart(only.option)] === only.is;
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** `false` is not a wish that another option could contradict. */
function isAsked(row: OptionRow, given: Known): boolean {
  const value = given[memberName(row)];
  return value !== undefined && !(row.kind.type === 'boolean' && value === false);
}

function checkCompany(row: OptionRow, members: readonly OptionRow[], given: Known): void {
  if (!isAsked(row, given)) return;
  const { only } = row;
  if (only !== undefined && !isWanted(row, given)) {
    const has = String(given[lastPart(only.option)]);
    throw contradiction(`${optionMark(row.name)} is for ${optionMark(only.option)} '${only.is}', not '${has}'`);
  }
  const other = members.find((each) => row.excludes?.includes(each.name) && isAsked(each, given));
  if (other !== undefined) {
    throw contradiction(`Expected only one of ${optionMark(row.name)} and ${optionMark(other.name)} but received both`);
  }
}

/** Defaults of the members that are not given, and that nothing given rules out. */
function defaultsOf(members: readonly OptionRow[], given: Known): Known {
  const filled: Record<string, unknown> = {};
  for (const row of members) {
    const fixed = fixedDefault(row.default);
    const ruledOut = members.some((each) => row.excludes?.includes(each.name) && isAsked(each, given));
    if (fixed !== undefined && !ruledOut && isWanted(row, given)) filled[memberName(row)] = fixed;
  }
  return filled;
}

/** One value, held to its row. Throws INVALID_OPTION. */
export function parseValue(row: OptionRow, value: unknown, rows: readonly OptionRow[] = optionRows): unknown {
  const { kind, name } = row;
  switch (kind.type) {
    case 'integer':
    case 'number':
      return numeric(name, value, kind);
    case 'perChannel':
      return perChannel(name, value, kind);
    case 'range':
      return range(name, value, kind);
    case 'boolean':
      return boolean(name, value);
    case 'text':
      return text(name, value);
    case 'texts':
      return texts(name, value);
    case 'path':
      return pathOption(name, value);
    case 'choice':
      return oneOf(name, value, kind.values);
    case 'pattern':
      if (typeof value !== 'string' || !new RegExp(kind.pattern).test(value)) throw invalid(name, kind.what, value);
      return value;
    case 'column':
      if (typeof value === 'string') return text(name, value);
      if (typeof value !== 'number') throw invalid(name, kindText(kind), value);
      return numeric(name, value, { type: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER });
    case 'deadline':
      return moment(name, value);
    case 'mask':
      return checkMaskInput(value);
    case 'model':
      return modelReference(name, value);
    case 'clinical':
      return clinical(name, value);
    case 'signal':
      return signal(name, value);
    case 'callback':
      return func(name, value);
    case 'object':
      return parseObject(name, value, false, rows);
  }
}

/** What a run writes, and the tables that it reads, may be at an address; everything else is a file. */
function pathOption(name: string, value: unknown): string {
  const given = value instanceof URL ? value : text(name, value);
  if (name === 'output') return pathOrAddress(given);
  const isTable = name === 'format' || name === 'metadata';
  return isTable && isReadable(String(given)) ? pathOrAddress(given) : filePath(name, given);
}

/** A path, a built-in name, or what loadModel() gave, which is checked where it is used. */
export function modelReference(name: string, value: unknown): unknown {
  return value instanceof URL || typeof value === 'string' ? filePath(name, value) : value;
}

function moment(name: string, value: unknown): number | Date {
  const expected = kindText({ type: 'deadline' });
  if (!(value instanceof Date)) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > 1e12)
      throw invalid(name, expected, value);
    return value;
  }
  if (Number.isNaN(value.getTime())) throw invalid(name, 'a Date that is valid', value);
  return new Date(value);
}

function clinical(name: string, value: unknown): Readonly<Record<string, string | number | null>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, 'an object', value);
  for (const [column, entry] of Object.entries(value)) {
    const ok = entry === null || typeof entry === 'string' || (typeof entry === 'number' && Number.isFinite(entry));
    if (!ok) throw invalid(name, 'a string, a finite number or null', entry, `.${column}`);
  }
  return Object.freeze({ ...(value as Record<string, string | number | null>) });
}
