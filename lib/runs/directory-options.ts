/** The options of a run over many slides: what is the run's own, and what is passed on to the scorer. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { contradiction } from '../options/check.js';
import { defaults } from '../options/defaults.js';
import { parseOptions } from '../options/parse.js';
import { optionRows } from '../options/table.js';
import type { ScorerOptions } from '../options/types.js';
import type { Model } from '../model/model.js';
import { deadlineOf, type Deadline } from './deadline.js';
import type { DirectoryOptions, OnError, OnMissing, Preset } from './generated-types.js';
import type { DirectoryProgress } from './types.js';

export interface RunOptions {
  readonly format: string | null;
  readonly metadata: string | null;
  readonly output: string | null;
  readonly preset: Preset | null;
  readonly onMissing: OnMissing;
  readonly onError: OnError;
  /** Null: the model's. */
  readonly fallback: number | null;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly slidesInFlight: number;
  readonly deadline: Deadline | null;
  readonly signal: AbortSignal | null;
  readonly onModel: ((model: Model) => void) | null;
  readonly onProgress: ((progress: DirectoryProgress) => void) | null;
  /** For the scorer, as given. */
  readonly scorer: ScorerOptions;
  /** Everything as given, for the key of the journal. */
  readonly given: Readonly<Record<string, unknown>>;
}

type ParsedRun = { readonly [K in keyof DirectoryOptions]-?: Exclude<DirectoryOptions[K], undefined> | null };

/** Names of the options that a run passes on to its scorer. */
const scorerNames = optionRows
  .filter((row) => row.in.includes('run') && row.in.length > 1 && !row.name.includes('.') && row.name !== 'signal')
  .map((row) => row.name);

/** Throws INVALID_OPTION. */
export function parseDirectoryOptions(options: unknown): RunOptions {
  const parsed = parseOptions(['run'], options) as unknown as ParsedRun;
  const given = options as Readonly<Record<string, unknown>>;
  const { output, resume, overwrite } = parsed;
  if (output === null && (resume === true || overwrite === true)) {
    const name = resume === true ? 'resume' : 'overwrite';
    throw contradiction(`${optionMark(name)} was given without ${optionMark('output')}`);
  }
  if (parsed.format !== null && parsed.onError === 'skip') {
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      `${optionMark('onError', 'skip')} was given with ${optionMark('format')}, whose rows must all be in the output`,
      { advice: `leave one of the two out, or pass ${optionMark('onError', 'fallback')}` },
    );
  }
  return {
    format: parsed.format,
    metadata: parsed.metadata,
    output,
    preset: parsed.preset,
    onMissing: parsed.onMissing ?? defaults.onMissing,
    onError: parsed.onError ?? defaults.onError,
    fallback: parsed.fallback,
    resume: resume ?? defaults.resume,
    overwrite: overwrite ?? defaults.overwrite,
    slidesInFlight: parsed.slidesInFlight ?? defaults.slidesInFlight,
    deadline: deadlineOf(parsed.deadline, parsed.deadlineMinTiles),
    signal: parsed.signal,
    onModel: parsed.onModel,
    onProgress: parsed.onProgress,
    scorer: Object.fromEntries(
      scorerNames.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
    ) as unknown as ScorerOptions,
    given,
  };
}
