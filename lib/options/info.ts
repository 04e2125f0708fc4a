/** The table of options as a program sees it: for flags, forms and files of options that another program offers. */
import { defaultText, fixedDefault, flagOf, kindText } from './describe.js';
import type { OptionHeading, OptionKind, OptionPlace, OptionRow } from './row.js';
import { optionRows } from './table.js';

/** One option of the API. */
export interface OptionInfo {
  /** Path of the option: `tile.size` is `{ tile: { size } }`. */
  readonly name: string;
  /** The option objects that have it; `run` are those of {@link scoreDirectory}, `images` those of {@link scoreImages}. */
  readonly in: readonly OptionPlace[];
  /** What values it takes. */
  readonly kind: OptionKind;
  /** The same in words. */
  readonly values: string;
  /** One sentence. */
  readonly doc: string;
  /** The value where none is given; undefined where it depends on something, or not given means: no such thing. */
  readonly fixedDefault: boolean | number | string | readonly number[] | undefined;
  /** The same in words; null where not given means: no such thing. */
  readonly defaultText: string | null;
  readonly required: boolean;
  /** Options that cannot be given together with this one. */
  readonly excludes: readonly string[];
  /** The option belongs to one value of another one; null: it does not. */
  readonly only: { readonly option: string; readonly is: string } | null;
  /** True: a score may depend on it. */
  readonly changesScores: boolean;
  /** The flag of the command line, without dashes; null where it has none. */
  readonly flag: string | null;
  /** What the help of the command line shows in place of the value. */
  readonly valueName: string | null;
  /** The value of a flag that is given without one; null: the flag needs a value, or takes none. */
  readonly bareValue: string | null;
  readonly heading: OptionHeading;
}

/** The rows of a table as a program sees them. */
export function optionInfo(rows: readonly OptionRow[]): readonly OptionInfo[] {
  return rows.map((row) =>
    Object.freeze({
      name: row.name,
      in: row.in,
      kind: row.kind,
      values: kindText(row.kind),
      doc: row.doc,
      fixedDefault: fixedDefault(row.default),
      defaultText: defaultText(row, ''),
      required: row.required === true,
      excludes: row.excludes ?? [],
      only: row.only ?? null,
      changesScores: row.scores !== 'no',
      flag: flagOf(row, rows),
      valueName: row.value ?? null,
      bareValue: row.bare ?? null,
      heading: row.heading,
    }),
  );
}

/** Every option of the API. A name stands twice where two option objects mean different things by it. */
export const optionTable: readonly OptionInfo[] = Object.freeze(optionInfo(optionRows));
