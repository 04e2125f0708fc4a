/** The options of embedding: those of scoring, without what makes a score, and those of the file. */
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { pathOf } from '../../core/file-url.js';
import { isRemote, shortAddress, shownAddress } from '../../core/remote-address.js';
import { boolean, contradiction, text } from '../../options/check.js';
import { defaults } from '../../options/defaults.js';
import { parseOptions } from '../../options/parse.js';
import type { ScorerOptions } from '../../options/types.js';
import { parseDirectoryOptions, type RunOptions } from '../../runs/directory-options.js';
import { parseFileOptions, type FileOptions } from '../file-options.js';
import type { PoolSettings } from './pooling.js';
import type { FeaturePool, FeatureType, ScoreOnlyOption } from './types.js';

type Known = Readonly<Record<string, unknown>>;

/** What is written of each slide. */
export interface FeatureSettings extends PoolSettings {
  readonly type: FeatureType;
  /** Of the model; null: the only one. */
  readonly output: string | null;
}

const scoreOnly: Readonly<Record<ScoreOnlyOption, true>> = {
  allOutputs: true,
  attention: true,
  clip: true,
  column: true,
  deadline: true,
  deadlineMinTiles: true,
  fallback: true,
  format: true,
  head: true,
  heatmap: true,
  heatmapDownsample: true,
  idColumn: true,
  metadata: true,
  onMissing: true,
  outputFolder: true,
  preset: true,
  runRecord: true,
  statusColumn: true,
  stopping: true,
  tiles: true,
  valueColumn: true,
};

/** Names of the options of a run that an embedding does not take. */
export const scoreOnlyOptions: readonly string[] = Object.keys(scoreOnly);

interface Split {
  readonly features: FeatureSettings;
  readonly rest: Known;
}

function split(options: unknown): Split {
  const all = (typeof options === 'object' && options !== null ? options : {}) as Known;
  const refused = scoreOnlyOptions.find((name) => all[name] !== undefined);
  if (refused !== undefined) {
    throw new MicrotomeError(
      'INVALID_OPTION',
      'options',
      `${optionMark(refused)} was given, which is for scores: features are written of every tile and every column`,
      { advice: 'leave it out' },
    );
  }
  const { featureType, featureOutput, pool, poolSkip, ...rest } = all;
  const given = Object.entries({ featureType, featureOutput, pool, poolSkip });
  const own = parseOptions(['embed'], Object.fromEntries(given.filter(([, value]) => value !== undefined)));
  return {
    features: {
      type: (own['featureType'] as FeatureType | null) ?? defaults.featureType,
      output: own['featureOutput'] as string | null,
      pool: own['pool'] as FeaturePool | null,
      poolSkip: (own['poolSkip'] as number | null) ?? defaults.poolSkip,
    },
    rest,
  };
}

function outputOf(given: unknown): string {
  if (given === undefined) throw contradiction(`${optionMark('output')} is missing`);
  const path = given instanceof URL ? given.href : text('output', given);
  if (isRemote(path)) {
    const found = `${optionMark('output')} is an address, ${shortAddress(path)}; features are written to files`;
    throw new MicrotomeError('INVALID_OPTION', 'options', found, { path: shownAddress(path) });
  }
  return pathOf(given instanceof URL ? given : path);
}

export interface ParsedEmbed {
  readonly features: FeatureSettings;
  readonly scorer: ScorerOptions;
  readonly files: FileOptions;
  readonly output: string;
  readonly overwrite: boolean;
}

/** Of one slide. Throws INVALID_OPTION. */
export function parseEmbedOptions(options: unknown): ParsedEmbed {
  const { features, rest } = split(options);
  const { output, overwrite, tilesCsv, geojson, maskPng, ...scorer } = rest;
  const named = Object.entries({ tilesCsv, geojson, maskPng }).filter(([, value]) => value !== undefined);
  return {
    files: parseFileOptions(Object.fromEntries(named)),
    features,
    scorer: scorer as unknown as ScorerOptions,
    output: outputOf(output),
    overwrite: overwrite === undefined ? defaults.overwrite : boolean('overwrite', overwrite),
  };
}

export interface ParsedEmbedRun {
  readonly features: FeatureSettings;
  readonly run: RunOptions;
  readonly output: string;
}

/** Of many slides. Throws INVALID_OPTION. */
export function parseEmbedRun(options: unknown): ParsedEmbedRun {
  const { features, rest } = split(options);
  if (rest['onError'] === 'fallback')
    throw contradiction(`${optionMark('onError', 'fallback')} is for scores: features have no fallback value`);
  const output = outputOf(rest['output']);
  return { features, run: parseDirectoryOptions({ onError: 'skip', ...rest, output }), output };
}
