/** The options of a run over many slides: what is the run's own, and what is passed on to the scorer. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { shownPath } from '../core/remote-address.js';
import { contradiction, invalid } from '../options/check.js';
import { defaults } from '../options/defaults.js';
import { parseOptions } from '../options/parse.js';
import type { OptionPlace, OptionRow } from '../options/row.js';
import { optionRows } from '../options/table.js';
import type { ScorerOptions } from '../options/types.js';
import type { StorageSettings } from '../storage/options.js';
import type { DeviceUse } from '../native/devices.js';
import type { Model } from '../model/model.js';
import type { ColumnOptions } from './columns.js';
import { deadlineOf, type Deadline } from './deadline.js';
import { fileOptionsOf, type FileOptions, type ParsedFileOptions } from '../outputs/file-options.js';
import type { FolderRules } from './folder-walk.js';
import type { DirectoryOptions, OnError, OnMissing, Preset } from './generated-types.js';
import { layoutOf } from './presets.js';
import { slideDrivers } from './slide-drivers.js';
import { refuseOutputAsTable } from './table-place.js';
import type { DirectoryProgress, NotRead } from './types.js';

export interface RunOptions {
  /** What messages and records call it: an address is without what may be secret in it. */
  readonly format: string | null;
  readonly metadata: string | null;
  /** As given. */
  readonly tables: GivenTables;
  readonly output: string | null;
  readonly preset: Preset | null;
  readonly columns: ColumnOptions;
  readonly folder: FolderRules;
  readonly onMissing: OnMissing;
  readonly onError: OnError;
  /** Null: the model's. */
  readonly fallback: number | null;
  readonly resume: boolean;
  readonly overwrite: boolean;
  /** The output is there, and complete, while the run lasts. */
  readonly provisional: boolean;
  readonly slidesInFlight: number;
  readonly files: FileOptions;
  readonly deadline: Deadline | null;
  readonly signal: AbortSignal | null;
  readonly onModel: ((model: Model) => void) | null;
  readonly onDevice: ((use: DeviceUse) => void) | null;
  readonly onNotRead: ((notRead: readonly NotRead[]) => void) | null;
  readonly onProgress: ((progress: DirectoryProgress) => void) | null;
  /** For the scorer, as given. */
  readonly scorer: ScorerOptions;
  /** Everything as given, paths for URLs, for the key of the journal. */
  readonly given: Readonly<Record<string, unknown>>;
}

type ParsedRun = { readonly [K in keyof DirectoryOptions]-?: Exclude<DirectoryOptions[K], undefined | URL> | null };

const scorerPlaces: readonly OptionPlace[] = ['scorer', 'runtime', 'model', 'slide'];

/** Names of the options that a run of these places passes on to its scorer. */
export function scorerOptionNames(run: OptionPlace): readonly string[] {
  const isPassedOn = ({ name, in: places }: OptionRow): boolean =>
    places.includes(run) && places.some((place) => scorerPlaces.includes(place)) && name !== 'signal';
  return optionRows.filter((row) => isPassedOn(row) && !row.name.includes('.')).map((row) => row.name);
}

const scorerNames = scorerOptionNames('run');

const kNeedOutput = ['resume', 'provisional', 'allOutputs', 'statusColumn'] as const;

/** The options of a run of this place as they were given, but with the parsed path where one may be given as a URL, and without secrets. */
export function givenWithPaths(
  run: OptionPlace,
  options: Readonly<Record<string, unknown>>,
  parsed: object,
): Readonly<Record<string, unknown>> {
  const values = parsed as Readonly<Record<string, unknown>>;
  const paths = optionRows
    .filter((row) => row.in.includes(run) && ['path', 'model', 'mask'].includes(row.kind.type))
    .filter(({ name }) => options[name] !== undefined)
    .map(({ name }) => [name, isTable(name) ? shownTable(values[name]) : values[name]]);
  return { ...options, ...Object.fromEntries(paths) };
}

/** The tables that a run reads. */
export interface GivenTables {
  readonly format: string | null;
  readonly metadata: string | null;
}

const isTable = (name: string): boolean => name === 'format' || name === 'metadata';
const shownTable = (given: unknown): unknown => (typeof given === 'string' ? shownPath(given) : given);

/** Both as given, and as they are shown. Throws INVALID_OPTION. */
export function tablesOf({ format, metadata, output }: GivenTables & Pick<RunOptions, 'output'>): GivenTables & {
  readonly tables: GivenTables;
} {
  const tables = { format, metadata };
  refuseOutputAsTable(output, tables);
  return {
    format: format === null ? null : shownPath(format),
    metadata: metadata === null ? null : shownPath(metadata),
    tables,
  };
}

/** Names of columns that a reader of the output could not tell apart, or would read as two lines, are refused. */
export function columnsOf({
  preset,
  idColumn,
  valueColumn,
  statusColumn,
  allOutputs,
}: Pick<ParsedRun, 'preset' | 'idColumn' | 'valueColumn' | 'statusColumn' | 'allOutputs'>): ColumnOptions {
  const layout = layoutOf(preset, { idColumn, valueColumn, paths: false });
  const named = { idColumn: layout.idColumn, valueColumn: layout.valueColumn, statusColumn };
  const seen = new Map<string, string>();
  for (const [option, name] of Object.entries(named)) {
    if (name === null) continue;
    if (/[\p{Cc}\u2028\u2029]/u.test(name)) throw invalid(option, 'a name without control characters', name);
    const other = seen.get(name);
    if (other !== undefined)
      throw contradiction(`${optionMark(other)} and ${optionMark(option)} are both ${JSON.stringify(name)}`);
    seen.set(name, option);
  }
  return { idColumn, valueColumn, statusColumn, allOutputs: allOutputs ?? defaults.allOutputs };
}

/** A provisional table has a value in each row. Throws INVALID_OPTION. */
function requireStandIn(onError: OnError): void {
  if (onError === 'fallback') return;
  const found = `${optionMark('provisional')} was given with ${optionMark('onError', onError)}, but a provisional table holds the fallback value of each slide without a score`;
  const advice = `leave ${optionMark('provisional')} out, or pass ${optionMark('onError', 'fallback')}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
}

/** Throws INVALID_OPTION. */
export function parseDirectoryOptions(options: unknown): RunOptions {
  const parsed = parseOptions(['run'], options) as unknown as ParsedRun;
  const given = givenWithPaths('run', options as Readonly<Record<string, unknown>>, parsed);
  const { output, resume, overwrite } = parsed;
  const files = fileOptionsOf(parsed as ParsedRun & ParsedFileOptions);
  const isAsked = (name: (typeof kNeedOutput)[number] | 'overwrite'): boolean =>
    parsed[name] !== null && parsed[name] !== false;
  // What is to be replaced may also be the files of the slides.
  const writesFiles = files.kinds.length > 0 || files.runRecord !== null;
  const needy = [...kNeedOutput, ...(writesFiles ? [] : ['overwrite' as const])].find(isAsked);
  if (output === null && needy !== undefined)
    throw contradiction(`${optionMark(needy)} was given without ${optionMark('output')}`);
  if (parsed.format !== null && parsed.onError === 'skip') {
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      `${optionMark('onError', 'skip')} was given with ${optionMark('format')}, whose rows must all be in the output`,
      { advice: `leave one of the two out, or pass ${optionMark('onError', 'fallback')}` },
    );
  }
  if (parsed.provisional === true) requireStandIn(parsed.onError ?? defaults.onError);
  return {
    ...tablesOf(parsed),
    output,
    preset: parsed.preset,
    columns: columnsOf(parsed),
    folder: {
      recursive: parsed.recursive ?? defaults.recursive,
      followLinks: parsed.followLinks ?? defaults.followLinks,
      maxEntries: parsed.maxFolderEntries ?? defaults.maxFolderEntries,
      maxDepth: parsed.maxFolderDepth ?? defaults.maxFolderDepth,
      storage: parsed.storage as StorageSettings | null,
      signal: parsed.signal,
      drivers: slideDrivers({ driver: parsed.driver, openslidePath: parsed.openslidePath as string | null }),
    },
    onMissing: parsed.onMissing ?? defaults.onMissing,
    onError: parsed.onError ?? defaults.onError,
    fallback: parsed.fallback,
    resume: resume ?? defaults.resume,
    overwrite: overwrite ?? defaults.overwrite,
    provisional: parsed.provisional ?? defaults.provisional,
    slidesInFlight: parsed.slidesInFlight ?? defaults.slidesInFlight,
    files,
    deadline: deadlineOf(parsed.deadline, parsed.deadlineMinTiles),
    signal: parsed.signal,
    onModel: parsed.onModel,
    onDevice: parsed.onDevice,
    onNotRead: parsed.onNotRead,
    onProgress: parsed.onProgress,
    scorer: Object.fromEntries(
      scorerNames.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
    ) as unknown as ScorerOptions,
    given,
  };
}
