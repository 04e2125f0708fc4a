/**
 * What the table of options says of one option. Everything that knows an option is made from its row: the public type, the
 * parser, the flag and its help, the schema of the config file, the key of the journal, docs/options.md and the addon's
 * reader. This file and the table hold plain data only, so that scripts/generate-options.mjs can read them.
 */

/** The object of the API that an option is a member of. */
export type OptionPlace =
  | 'runtime'
  | 'model'
  | 'scorer'
  | 'slide'
  | 'files'
  | 'run'
  | 'images'
  | 'shard'
  | 'open'
  | 'region'
  | 'stream'
  | 'tensor'
  | 'embed';

/** Unit of a number, as it is written after the number. */
export type OptionUnit = 'pixels' | 'microns per pixel' | 'bytes' | 'tiles' | 'slides';

/** Lowest and highest value; `above` and `below` are not part of the range. */
export interface OptionBounds {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

/** A number; `unit` is what it counts. */
export interface NumericKind extends OptionBounds {
  readonly type: 'integer' | 'number';
  readonly unit?: OptionUnit;
}

/** Three numbers, one for each channel. */
export interface PerChannelKind extends OptionBounds {
  readonly type: 'perChannel';
}

/** Lowest and highest value, or null for no range. */
export interface RangeKind extends OptionBounds {
  readonly type: 'range';
}

/** What values an option takes. */
export type OptionKind =
  | NumericKind
  | PerChannelKind
  | RangeKind
  | { readonly type: 'boolean' }
  | { readonly type: 'text' }
  /** Texts, each once and at least one; a flag takes them with commas between, or is given several times. */
  | { readonly type: 'texts' }
  /** A file: its path or its `file:` URL; in a file of options, relative to the working directory. */
  | { readonly type: 'path' }
  | { readonly type: 'choice'; readonly values: readonly string[]; readonly typeName?: string }
  /** A text of a form; `what` says which, `types` says it in TypeScript. */
  | { readonly type: 'pattern'; readonly pattern: string; readonly what: string; readonly types?: string }
  /** An index or a name. */
  | { readonly type: 'column' }
  /** Milliseconds or a moment. */
  | { readonly type: 'deadline' }
  | { readonly type: 'mask' }
  | { readonly type: 'model' }
  | { readonly type: 'clinical' }
  | { readonly type: 'signal' }
  | { readonly type: 'callback'; readonly of: string }
  /** Members are the rows whose names begin with this name and a dot. */
  | { readonly type: 'object'; readonly typeName: string };

/** A default of one value for everybody, or words for one that depends on something. */
export type OptionDefault =
  | boolean
  | number
  | string
  | readonly number[]
  | { readonly text: string }
  /** What the model declares, else this. */
  | { readonly modelElse: boolean | number | string }
  /** Not given means: no such thing. */
  | null;

/** How the option crosses into C++: native/addon/options_generated.h has a reader for it. */
export interface OptionNative {
  /** The member of the addon's options. */
  readonly key: string;
  /** This number stands for "not given"; without it, an option whose default is null or in words is read as absent from null. */
  readonly none?: 0;
  /** Never absent: JavaScript fills it in from the model. */
  readonly always?: true;
  /** For a choice: the enumeration, whose enumerators are the values in PascalCase. */
  readonly enumeration?: string;
}

/**
 * Which scores depend on an option, and so which scores of a journal are good for a run that has another value.
 *
 * - `yes`: every score. `resume` refuses another value.
 * - `no`: none.
 * - `byContent`: not on the path but on what is there: the journal has the hash, the version, or the row of the file.
 * - `unlessReproducible`: every score, but only where `reproducible` is false.
 * - `ifBadTiles`: the score of a slide of which something could not be decoded.
 * - `ifSampled`: a score that is made of a choice of tiles.
 * - `ifCut`: a score that the deadline left a part of its tiles.
 * - `ifLimited`: a limit. A higher one changes the score of a slide with warnings, for a part of it may have been left
 *   out; a lower one may change any.
 *
 * `resume` scores the slides anew whose scores depend on an option that has another value, and keeps the others.
 */
export type ScoreDependence =
  | 'yes'
  | 'no'
  | 'byContent'
  | 'unlessReproducible'
  | 'ifBadTiles'
  | 'ifSampled'
  | 'ifCut'
  | 'ifLimited';

/** One option. A name stands in several rows only where they belong to different places. */
export interface OptionRow {
  /** Path in the API: `tile.size`. */
  readonly name: string;
  readonly in: readonly OptionPlace[];
  readonly kind: OptionKind;
  /** One plain sentence. */
  readonly doc: string;
  /** What else a user may want to know. */
  readonly details?: string;
  readonly default: OptionDefault;
  readonly required?: true;
  /** Options that cannot be given together with this one. */
  readonly excludes?: readonly string[];
  /** The option belongs to one value of another one. */
  readonly only?: { readonly option: string; readonly is: string };
  /** Which scores depend on it; see {@link ScoreDependence}. */
  readonly scores: ScoreDependence;
  /**
   * The flag, where it is not the name in kebab-case; null: the command line has none. On an object: the first word of the
   * flags of its members.
   */
  readonly flag?: string | null;
  /** What the help shows in place of the value. */
  readonly value?: string;
  /** The value of a flag that is given without one. */
  readonly bare?: string;
  /** Under which heading the help and the documentation list it. */
  readonly heading: OptionHeading;
  readonly native?: OptionNative;
  /** Where schema/microtome.schema.json has a value of the same bounds. */
  readonly bundle?: readonly string[];
}

/** The headings, in the order in which they are listed. */
export const optionHeadings = [
  'Files',
  'Model',
  'Resolution and grid',
  'Tissue',
  'Failures',
  'Faster, approximate',
  'Machine',
  'GPU',
  'Results',
  'Files of each slide',
  'Limits on what a file may ask for',
  'Object storage and HTTP',
  'Pixels',
] as const;

/** A heading under which options are listed. */
export type OptionHeading = (typeof optionHeadings)[number];
