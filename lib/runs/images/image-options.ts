/** The options of a run over lesion images: what is the run's own, and what is passed on to the scorer. */
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { contradiction } from '../../options/check.js';
import { defaults } from '../../options/defaults.js';
import { parseOptions } from '../../options/parse.js';
import type { Model } from '../../model/model.js';
import type { StorageSettings } from '../../storage/options.js';
import type { DeviceUse } from '../../native/devices.js';
import type { ImageScorerOptions } from '../../scoring/image-scorer.js';
import type { ColumnOptions } from '../columns.js';
import { deadlineOf, type Deadline } from '../deadline.js';
import { columnsOf, givenWithPaths, scorerOptionNames, tablesOf, type GivenTables } from '../directory-options.js';
import type { FolderRules } from '../folder-walk.js';
import type { OnError, OnMissing } from '../generated-types.js';
import { layoutOf } from '../presets.js';
import type { NotRead } from '../types.js';
import type { ImageOptions } from './generated-types.js';
import type { ImageProgress } from './types.js';
import { licenseColumn } from './image-table.js';

export interface ImageRunOptions {
  /** What messages and records call it: an address is without what may be secret in it. */
  readonly format: string | null;
  readonly metadata: string | null;
  /** As given. */
  readonly tables: GivenTables;
  readonly output: string | null;
  readonly licenses: readonly string[] | null;
  readonly columns: ColumnOptions;
  /** Names of the columns of id and score. */
  readonly header: readonly [id: string, value: string];
  readonly folder: FolderRules;
  readonly onMissing: OnMissing;
  readonly onError: OnError;
  /** Null: the model's. */
  readonly fallback: number | null;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly runRecord: string | null;
  readonly deadline: Deadline | null;
  readonly signal: AbortSignal | null;
  readonly onModel: ((model: Model) => void) | null;
  readonly onDevice: ((use: DeviceUse) => void) | null;
  readonly onNotRead: ((notRead: readonly NotRead[]) => void) | null;
  readonly onProgress: ((progress: ImageProgress) => void) | null;
  /** For the scorer, as given. */
  readonly scorer: ImageScorerOptions;
  /** Everything as given, paths for URLs, for the key of the journal. */
  readonly given: Readonly<Record<string, unknown>>;
}

type ParsedImages = { readonly [K in keyof ImageOptions]-?: Exclude<ImageOptions[K], undefined | URL> | null };

/** The one layout of tables of images. */
export const imagePreset = 'isic2024';

// Images at an address are fetched before: their scorer reads files.
const scorerNames = scorerOptionNames('images').filter((name) => name !== 'storage');
const kNeedOutput = ['resume', 'overwrite', 'allOutputs', 'statusColumn'] as const;

/** Throws INVALID_OPTION for options that are well formed and do not go together. */
function checkTogether(parsed: ParsedImages): void {
  const needy = kNeedOutput.find((name) => parsed[name] !== null && parsed[name] !== false);
  const mayStand = needy === 'overwrite' && parsed.runRecord !== null;
  if (parsed.output === null && needy !== undefined && !mayStand)
    throw contradiction(`${optionMark(needy)} was given without ${optionMark('output')}`);
  if (parsed.preset === 'visiomel')
    throw contradiction(
      `${optionMark('preset', 'visiomel')} is for slides; images take ${optionMark('preset', 'isic2024')}`,
    );
  if (parsed.licenses !== null && parsed.metadata === null)
    throw contradiction(
      `${optionMark('licenses')} was given without ${optionMark('metadata')}, whose column ${licenseColumn} says which license an image has`,
    );
  if (parsed.format !== null && parsed.onError === 'skip')
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      `${optionMark('onError', 'skip')} was given with ${optionMark('format')}, whose rows must all be in the output`,
      { advice: `leave one of the two out, or pass ${optionMark('onError', 'fallback')}` },
    );
}

/** Throws INVALID_OPTION. */
export function parseImageOptions(options: unknown): ImageRunOptions {
  const parsed = parseOptions(['images'], options) as unknown as ParsedImages;
  const given = givenWithPaths('images', options as Readonly<Record<string, unknown>>, parsed);
  checkTogether(parsed);
  const columns = columnsOf({ ...parsed, preset: imagePreset });
  const layout = layoutOf(imagePreset, { ...columns, paths: false });
  const passedOn = scorerNames.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]);
  return {
    ...tablesOf(parsed),
    output: parsed.output,
    licenses: parsed.licenses,
    columns,
    header: [layout.idColumn, layout.valueColumn],
    folder: {
      recursive: parsed.recursive ?? defaults.recursive,
      followLinks: parsed.followLinks ?? defaults.followLinks,
      maxEntries: parsed.maxFolderEntries ?? defaults.maxFolderEntries,
      maxDepth: parsed.maxFolderDepth ?? defaults.maxFolderDepth,
      storage: parsed.storage as StorageSettings | null,
      signal: parsed.signal,
    },
    onMissing: parsed.onMissing ?? defaults.onMissing,
    onError: parsed.onError ?? defaults.onError,
    fallback: parsed.fallback,
    resume: parsed.resume ?? defaults.resume,
    overwrite: parsed.overwrite ?? defaults.overwrite,
    runRecord: parsed.runRecord,
    deadline: deadlineOf(parsed.deadline, null),
    signal: parsed.signal,
    onModel: parsed.onModel,
    onDevice: parsed.onDevice,
    onNotRead: parsed.onNotRead,
    onProgress: parsed.onProgress,
    scorer: Object.fromEntries(passedOn) as unknown as ImageScorerOptions,
    given,
  };
}
