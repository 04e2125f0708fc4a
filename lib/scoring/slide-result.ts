/** The addon's result of one slide as the public one. */

import { withJson } from '../core/plain-json.js';
import { MicrotomeError } from '../core/errors.js';
import type { Model } from '../model/model.js';
import { specOf } from '../model/spec.js';
import type { NativePlan, NativePlannedInput, NativeScoreResult, NativeTileTable } from '../native/contract.js';
import type { SlideSettings } from '../options/score-options.js';
import type { EncodedFacts } from './encoded-slide.js';
import { isClipped, rangeWarnings } from './score-range.js';
import type {
  ReadPolicy,
  SlidePlan,
  SlideResult,
  StoppingOutcome,
  TileOutput,
  TileSample,
  TileTable,
} from './result.js';

/** Of the model's only tile input. */
function first<T>(inputs: readonly T[]): T {
  const [input] = inputs;
  if (input === undefined) throw new MicrotomeError('INTERNAL', 'aggregate', 'the result has no tile input');
  return input;
}

function tileTable(found: NativeTileTable, model: Model): TileTable {
  const { tileOutputs } = specOf(model);
  const outputs: Record<string, TileOutput> = {};
  found.outputs.forEach(({ columns, values }, i) => {
    const output = tileOutputs[i];
    if (output !== undefined)
      outputs[output.name] = Object.freeze(withJson({ columns, columnNames: output.columnNames, values }));
  });
  const { x, y, level0X, level0Y, level, footprintPx, level0PerPxX, level0PerPxY } = found;
  withJson(outputs);
  const table: Omit<TileTable, 'toJSON'> = {
    count: found.tiles,
    level0X,
    level0Y,
    level0Width: footprintPx * level0PerPxX,
    level0Height: footprintPx * level0PerPxY,
    x,
    y,
    level,
    footprintPx,
    level0PerPxX,
    level0PerPxY,
    outputs: Object.freeze(outputs),
  };
  return Object.freeze(withJson(table));
}

/** `planned`: a stopping rule scores fewer than were planned; that is told apart from it. */
function sampleOf(
  found: NativePlannedInput | NativeTileTable,
  planned: number | undefined,
  settings: SlideSettings,
): TileSample | null {
  const tiles = planned ?? found.tiles;
  if (found.keptTiles <= tiles) return null;
  const { grid, sampleReason: reason } = settings;
  return Object.freeze({ tiles, of: found.keptTiles, reason, seed: grid.seed });
}

function readPolicy(
  found: NativePlannedInput | NativeTileTable,
  planned: number | undefined,
  settings: SlideSettings,
): ReadPolicy {
  const { level, mpp, policy, scale, jpegReduction } = found;
  return Object.freeze({ level, mpp, policy, scale, jpegReduction, sampled: sampleOf(found, planned, settings) });
}

function stoppingOutcome(found: NativeScoreResult, settings: SlideSettings): StoppingOutcome | null {
  const { stopping: asked } = settings.score;
  if (found.stopping === null || asked === null) return null;
  const { plannedTiles, halfWidth } = found.stopping;
  return Object.freeze({ tiles: first(found.tables).tiles, of: plannedTiles, halfWidth, confidence: asked.confidence });
}

/** A sample that was asked for is in the result; one that was forced is warned of too. */
function sampleWarnings({ sampled }: ReadPolicy): readonly string[] {
  if (sampled?.reason !== 'deadline') return [];
  return [`scored from ${sampled.tiles} of ${sampled.of} tiles: there was no time for more`];
}

interface ResultContext {
  readonly path: string;
  readonly model: Model;
  readonly settings: SlideSettings;
  readonly slideWarnings: readonly string[];
  /** From the caller's call to now. */
  readonly elapsedMs: number;
}

/** Of a slide whose tiles were encoded. */
export function encodedFacts(found: NativeScoreResult, context: ResultContext): EncodedFacts {
  const { path, model, settings, slideWarnings, elapsedMs } = context;
  const read = readPolicy(first(found.tables), undefined, settings);
  return Object.freeze({
    path,
    read,
    badTiles: found.badTiles + found.missingTiles,
    missingTiles: found.missingTiles,
    tissueFraction: found.tissueFraction,
    timings: Object.freeze({ elapsedMs, stages: Object.freeze(found.times.map((t) => Object.freeze({ ...t }))) }),
    warnings: Object.freeze([...new Set([...model.warnings, ...slideWarnings, ...found.warnings])]),
    model: Object.freeze({ name: model.name, sha256: model.sha256, intendedUse: model.intendedUse }),
    reproducible: settings.score.reproducible,
  });
}

export function slideResult(found: NativeScoreResult, context: ResultContext): SlideResult {
  const { path, model, settings, slideWarnings, elapsedMs } = context;
  const table = first(found.tables);
  const read = readPolicy(table, found.stopping?.plannedTiles, settings);
  const forced = sampleWarnings(read);
  const score = found.outputs[0]?.value ?? NaN;
  const unclipped = found.outputs[0]?.unclipped ?? NaN;
  const [output] = model.outputs;
  const ofRange = rangeWarnings(unclipped, output);
  const outputs = Object.fromEntries(found.outputs.map(({ name, value }) => [name, Float64Array.of(value)]));
  withJson(outputs);
  const result: Omit<SlideResult, 'toJSON'> = {
    path,
    score,
    unclipped,
    clipped: output !== undefined && isClipped(unclipped, output),
    outputs: Object.freeze(outputs),
    clip: output?.clip ?? null,
    ...(settings.score.keepTiles ? { tiles: tileTable(table, model) } : {}),
    read,
    tileCount: table.tiles,
    stopping: stoppingOutcome(found, settings),
    decodedTiles: found.decodedTiles,
    badTiles: found.badTiles + found.missingTiles,
    missingTiles: found.missingTiles,
    tissueFraction: found.tissueFraction,
    timings: Object.freeze({ elapsedMs, stages: Object.freeze(found.times.map((t) => Object.freeze({ ...t }))) }),
    warnings: Object.freeze([
      ...new Set([...model.warnings, ...slideWarnings, ...found.warnings, ...ofRange, ...forced]),
    ]),
    model: Object.freeze({ name: model.name, sha256: model.sha256, intendedUse: model.intendedUse }),
    assumed: model.assumed,
    reproducible: settings.score.reproducible && forced.length === 0,
  };
  return Object.freeze(withJson(result));
}

export function slidePlan(found: NativePlan, settings: SlideSettings, path: string): SlidePlan {
  const input = first(found.inputs);
  return Object.freeze({
    path,
    read: readPolicy(input, undefined, settings),
    tiles: input.tiles,
    gridTiles: input.gridTiles,
    storedTiles: found.storedTiles,
    bytesToRead: found.storedBytes,
    tissueFraction: found.tissueFraction,
    memoryBytes: found.memoryBytes,
  });
}
