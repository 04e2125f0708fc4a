/** The addon's result of one slide as the public one. */

import { MicrotomeError } from '../core/errors.js';
import { withJson } from '../core/plain-json.js';
import type { Model } from '../model/model.js';
import { specOf } from '../model/spec.js';
import type { NativePlan, NativePlannedInput, NativeScoreResult, NativeTileTable } from '../native/contract.js';
import type { NativeProgram } from '../native/program.js';
import type { SlideSettings } from '../options/score-options.js';
import type { EncodedFacts } from './encoded-slide.js';
import { isClipped, rangeWarnings } from './score-range.js';
import type {
  AppliedColour,
  ReadPolicy,
  ResultDevice,
  SelectionStep,
  SlidePlan,
  SlideResult,
  StoppingOutcome,
  TileSample,
  TileTable,
  Timings,
} from './result.js';
import { tileTable } from './tile-table.js';

type FoundInput = NativePlannedInput | NativeTileTable;

/** By the name of the tile input. */
function byInput<F, T>(
  found: readonly F[],
  model: Model,
  make: (found: F, input: number) => T,
): Readonly<Record<string, T>> {
  const all = found.map((each, i): [string, T] => [model.inputs[i]?.name ?? String(i), make(each, i)]);
  return withJson(Object.fromEntries(all));
}

/** Of the first tile input. The order of the keys does not say which it is: names such as "40" come in numeric order. */
function firstOf<T>(each: Readonly<Record<string, T>>, model: Model): T | null {
  const [first] = model.inputs;
  return first === undefined ? null : (each[first.name] ?? null);
}

/** `planned`: a stopping rule scores fewer than were planned; that is told apart from it. */
function sampleOf(
  found: FoundInput,
  planned: number | undefined,
  settings: SlideSettings,
  input: number,
): TileSample | null {
  const { maxTiles = 0, seed = 0 } = settings.grids[input] ?? {};
  // Rules of selection leave fewer tiles too; a sample is what a cap chose before them.
  const hasRules = 'leftByRule' in found && found.leftByRule.length > 0;
  const chosen = maxTiles === 0 ? found.keptTiles : maxTiles;
  const tiles = planned ?? (hasRules ? chosen : found.tiles);
  if (found.keptTiles <= tiles) return null;
  return Object.freeze({ tiles, of: found.keptTiles, reason: settings.sampleReason, seed });
}

function readPolicy(
  found: FoundInput,
  planned: number | undefined,
  settings: SlideSettings,
  input: number,
): ReadPolicy {
  const { level, mpp, policy, scale, jpegReduction } = found;
  return Object.freeze({
    level,
    mpp,
    policy,
    scale,
    jpegReduction,
    sampled: sampleOf(found, planned, settings, input),
  });
}

function stoppingOutcome(found: NativeScoreResult, { program }: SlideSettings): StoppingOutcome | null {
  const { stopping: asked } = program;
  if (found.stopping === null || asked === null) return null;
  const { plannedTiles, halfWidth } = found.stopping;
  return Object.freeze({ tiles: tilesOf(found.tables), of: plannedTiles, halfWidth, confidence: asked.confidence });
}

function tilesOf(inputs: readonly { readonly tiles: number }[]): number {
  return inputs.reduce((sum, { tiles }) => sum + tiles, 0);
}

/** A sample that was asked for is in the result; one that was forced is warned of too, of any tile input. */
function sampleWarnings(reads: readonly ReadPolicy[]): readonly string[] {
  return reads.flatMap(({ sampled }) =>
    sampled?.reason === 'deadline'
      ? [`scored from ${sampled.tiles} of ${sampled.of} tiles: there was no time for more`]
      : [],
  );
}

/** Tiles of the inputs that something of the program reads: a score of clinical values alone has none. */
function readTiles(tables: readonly NativeTileTable[], { encoders, heads }: NativeProgram): number {
  const read = new Set(encoders.map(({ input }) => input));
  for (const head of heads) {
    if (head.kind !== 'onnx') continue;
    for (const each of head.inputs) if (each.from === 'coordinates') read.add(each.input);
  }
  return tilesOf(tables.filter((_, input) => read.has(input)));
}

/** In the order of the rules of the model, of whichever input. */
function selectionOf(
  tables: readonly NativeTileTable[],
  { select }: NativeProgram,
  model: Model,
): readonly SelectionStep[] {
  const next = tables.map(() => 0);
  return Object.freeze(
    select.map(({ input, kind }) => {
      const at = next[input] ?? 0;
      next[input] = at + 1;
      const left = tables[input]?.leftByRule[at] ?? 0;
      return Object.freeze({ input: model.inputs[input]?.name ?? String(input), rule: kind, left });
    }),
  );
}

function appliedColour({ colour }: NativeProgram): AppliedColour | null {
  if (colour === null) return null;
  const { icc, stain } = colour;
  return Object.freeze({
    icc,
    stain: stain === null ? null : Object.freeze({ method: stain.method, seed: stain.seed }),
  });
}

/** What a result is made of, beside what the addon found. */
export interface ResultContext {
  readonly path: string;
  readonly model: Model;
  readonly settings: SlideSettings;
  readonly program: NativeProgram;
  readonly slideWarnings: readonly string[];
  readonly device: ResultDevice;
  /** Of the device: see `reproducible` of DeviceUse. */
  readonly sameBitsAgain: boolean;
  /** From the caller's call to now. */
  readonly elapsedMs: number;
}

function tablesOf(
  found: NativeScoreResult,
  { model, program }: ResultContext,
): { readonly tiles?: TileTable; readonly tables?: Readonly<Record<string, TileTable>> } {
  if (!program.keepTiles) return {};
  const spec = specOf(model);
  const tables = byInput(found.tables, model, (table, i) => tileTable(table, spec, program, i));
  const first = firstOf(tables, model);
  return { ...(first === null ? {} : { tiles: first }), tables: Object.freeze(tables) };
}

/** How native/engine/device_runner.cc says that a slide was scored in smaller batches from some tile on. */
export const halvedNote = 'had too little memory for batches of';

/** Another size of a batch may be summed in another order, and where memory ended is not the same each time. */
function isReproducible(found: NativeScoreResult, { program, sameBitsAgain }: ResultContext): boolean {
  return program.reproducible && sameBitsAgain && !found.warnings.some((text) => text.includes(halvedNote));
}

/** Of a slide whose tiles were encoded. */
export function encodedFacts(found: NativeScoreResult, context: ResultContext): EncodedFacts {
  const { path, model, settings, slideWarnings, device, elapsedMs } = context;
  const [table] = found.tables;
  if (table === undefined) throw new MicrotomeError('INTERNAL', 'aggregate', 'the result has no tile input', { path });
  return Object.freeze({
    path,
    read: readPolicy(table, undefined, settings, 0),
    badTiles: found.badTiles + found.missingTiles,
    missingTiles: found.missingTiles,
    tissueFraction: found.tissueFraction,
    timings: timingsOf(found, elapsedMs),
    warnings: Object.freeze([...new Set([...model.warnings, ...slideWarnings, ...found.warnings])]),
    model: Object.freeze({ name: model.name, sha256: model.sha256, intendedUse: model.intendedUse }),
    device,
    reproducible: isReproducible(found, context),
  });
}

function timingsOf({ times }: NativeScoreResult, elapsedMs: number): Timings {
  return Object.freeze({ elapsedMs, stages: Object.freeze(times.map((t) => Object.freeze({ ...t }))) });
}

export function slideResult(found: NativeScoreResult, context: ResultContext): SlideResult {
  const { path, model, settings, program, slideWarnings, device, elapsedMs } = context;
  const planned = found.stopping?.plannedTiles;
  const reads = byInput(found.tables, model, (table, i) => readPolicy(table, planned, settings, i));
  const read = firstOf(reads, model);
  const forced = sampleWarnings(Object.values(reads));
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
    ...tablesOf(found, context),
    read,
    reads: Object.freeze(reads),
    tileCount: readTiles(found.tables, program),
    selection: selectionOf(found.tables, program, model),
    colour: appliedColour(program),
    stopping: stoppingOutcome(found, settings),
    decodedTiles: found.decodedTiles,
    badTiles: found.badTiles + found.missingTiles,
    missingTiles: found.missingTiles,
    tissueFraction: found.tissueFraction,
    timings: timingsOf(found, elapsedMs),
    warnings: Object.freeze([
      ...new Set([...model.warnings, ...slideWarnings, ...found.warnings, ...ofRange, ...forced]),
    ]),
    model: Object.freeze({ name: model.name, sha256: model.sha256, intendedUse: model.intendedUse }),
    assumed: model.assumed,
    device,
    reproducible: forced.length === 0 && isReproducible(found, context),
  };
  return Object.freeze(withJson(result));
}

export function slidePlan(found: NativePlan, settings: SlideSettings, model: Model, path: string): SlidePlan {
  const reads = byInput(found.inputs, model, (input, i) => readPolicy(input, undefined, settings, i));
  return Object.freeze({
    path,
    read: firstOf(reads, model),
    reads: Object.freeze(reads),
    tiles: tilesOf(found.inputs),
    gridTiles: found.inputs.reduce((sum, { gridTiles }) => sum + gridTiles, 0),
    storedTiles: found.storedTiles,
    bytesToRead: found.storedBytes,
    tissueFraction: found.tissueFraction,
    memoryBytes: found.memoryBytes,
  });
}
