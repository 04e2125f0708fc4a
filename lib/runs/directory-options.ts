/** Parses the options of a run over many slides: what is ours is checked here, the rest is the scorer's. */
import { boolean, contradiction, func, integer, oneOf, record, signal, text } from '../options/check.js';
import { parseDeadline, type Deadline } from './deadline.js';
import type { ScorerOptions } from '../options/types.js';
import { presets, type Preset } from './presets.js';
import type { DirectoryOptions, DirectoryProgress, OnMissing } from './types.js';

export interface RunOptions {
  readonly format: string | null;
  readonly metadata: string | null;
  readonly output: string | null;
  readonly preset: Preset | null;
  readonly onMissing: OnMissing;
  readonly onError: 'fallback' | 'error';
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly slidesInFlight: number;
  readonly deadline: Deadline | null;
  readonly signal: AbortSignal | null;
  readonly onProgress: ((progress: DirectoryProgress) => void) | null;
  /** As given; checked where the scorer is made. */
  readonly scorer: ScorerOptions;
}

const kOwnKeys = {
  format: true,
  metadata: true,
  output: true,
  graphOutput: true,
  preset: true,
  onMissing: true,
  onError: true,
  resume: true,
  overwrite: true,
  slidesInFlight: true,
  deadline: true,
  deadlineMinTiles: true,
  signal: true,
  onProgress: true,
} as const;

type ScorerKey = Exclude<keyof DirectoryOptions, keyof typeof kOwnKeys>;

// A record over the key type: the compiler says so when the scorer gains an option that is not named here.
const kScorerKeys: Readonly<Record<ScorerKey, true>> = {
  model: true,
  device: true,
  threads: true,
  memoryLimit: true,
  onnxRuntimePath: true,
  input: true,
  activation: true,
  column: true,
  head: true,
  mpp: true,
  level: true,
  slideMpp: true,
  tile: true,
  keep: true,
  minTissueFraction: true,
  mask: true,
  tissue: true,
  tilesPerSlide: true,
  seed: true,
  stopping: true,
  scaledDecode: true,
  badTiles: true,
  batchSize: true,
  reproducible: true,
  tiles: true,
  limits: true,
};

const kAllKeys = [...Object.keys(kOwnKeys), ...Object.keys(kScorerKeys)];

/** Throws INVALID_OPTION. */
export function parseDirectoryOptions(options: unknown): RunOptions {
  const given = record('options', options, kAllKeys);
  const own = ownOptions(given);
  if (own.resume && own.overwrite) throw contradiction('Both resume and overwrite were given: choose one');
  if (own.output === null && (own.resume || own.overwrite)) {
    throw contradiction(`${own.resume ? 'resume' : 'overwrite'} was given without output`);
  }
  return own;
}

function ownOptions(given: Readonly<Record<string, unknown>>): RunOptions {
  const optional = <T>(key: string, parse: (name: string, value: unknown) => T): T | null =>
    given[key] === undefined ? null : parse(key, given[key]);
  return {
    format: optional('format', text),
    metadata: optional('metadata', text),
    output: optional('output', text),
    preset: optional('preset', (name, value) => oneOf(name, value, presets)),
    onMissing: optional('onMissing', (name, value) => oneOf<OnMissing>(name, value, ['error', 'fallback'])) ?? 'error',
    onError: optional('onError', (name, value) => oneOf<OnMissing>(name, value, ['error', 'fallback'])) ?? 'fallback',
    resume: optional('resume', boolean) ?? false,
    overwrite: optional('overwrite', boolean) ?? false,
    slidesInFlight: optional('slidesInFlight', (name, value) => integer(name, value, kInFlight)) ?? 2,
    deadline: parseDeadline(given['deadline'], given['deadlineMinTiles']),
    signal: optional('signal', signal),
    onProgress: optional('onProgress', (name, value) => func<(p: DirectoryProgress) => void>(name, value)),
    scorer: scorerOptions(given),
  };
}

const kInFlight = { min: 1, max: 64, what: 'an integer from 1 to 64' };

function scorerOptions(given: Readonly<Record<string, unknown>>): ScorerOptions {
  const options: Record<string, unknown> = {};
  for (const key of Object.keys(kScorerKeys)) {
    if (given[key] !== undefined) options[key] = given[key];
  }
  if (given['graphOutput'] !== undefined) options['output'] = given['graphOutput'];
  // Whether `model` is there, and what it is, is for the scorer to say.
  return options as unknown as ScorerOptions;
}
