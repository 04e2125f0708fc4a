/** Parses score options, and joins them with what the model declares into the addon's full options. */

import type { DeviceChoice } from '../native/devices.js';
import type { NativeGridOptions, NativeLimits, NativeMaskSource, NativeTissueOptions } from '../native/contract.js';
import type { NativeProgram } from '../native/program.js';
import type { Model } from '../model/model.js';
import type { ClinicalRow } from '../model/clinical/row-text.js';
import { encodingProgramOf, programOf, type ProgramSettings, type RowsAsked } from '../model/program/compile.js';
import { specOf, type ModelSpec, type TileInputSpec } from '../model/spec.js';
import type { SampleReason } from '../scoring/result.js';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { StorageSettings } from '../storage/options.js';
import { contradiction, record } from './check.js';
import { defaults } from './defaults.js';
import { parseGpu, requireDecode, type ParsedGpuOptions } from './gpu-options.js';
import { modelOptionKeys, parseModelOptions } from './model-options.js';
import type { ParsedModelOptions } from './model-options.js';
import { modelReference, parseOptions, type Parsed } from './parse.js';
import { checkKeep, nativeTissue, type GridWithoutMask, type ParsedOpenOptions } from './slide-options.js';
import { nativeStopping, type ParsedStopping } from './stopping.js';
import { optionRows } from './table.js';
import type { BadTilePolicy, KeepRule, MaskInput, RuntimeOptions, ScorerOptions, SlideScoreOptions } from './types.js';

export interface ParsedRuntimeOptions {
  /** As asked for. */
  readonly device: DeviceChoice;
  readonly gpu: ParsedGpuOptions;
  /** 0: one for each core. */
  readonly threads: number;
  readonly memoryBytes: number;
  readonly onnxRuntimePath: string | null;
}

/** null: not given, so that a scorer's defaults or the model's own declarations hold. */
export interface ParsedSlideScore extends Omit<Parsed<SlideScoreOptions>, 'limits' | 'stopping' | 'storage'> {
  readonly limits: NativeLimits | null;
  readonly stopping: ParsedStopping | null;
  readonly storage: StorageSettings | null;
}

export interface ParsedScorerOptions {
  readonly model: string | Model;
  readonly runtime: ParsedRuntimeOptions;
  readonly modelOptions: ParsedModelOptions;
  readonly slide: ParsedSlideScore;
}

function parseSlide(options: unknown): ParsedSlideScore {
  return parseOptions(['slide'], options) as unknown as ParsedSlideScore;
}

function parseRuntime(options: unknown): ParsedRuntimeOptions {
  const o = parseOptions(['runtime'], options) as unknown as Parsed<RuntimeOptions>;
  const device = o.device ?? defaults.device;
  return Object.freeze({
    device,
    gpu: parseGpu(o.gpu, device),
    threads: o.threads ?? 0,
    memoryBytes: o.memoryLimit ?? defaults.memoryLimit,
    onnxRuntimePath: o.onnxRuntimePath,
  });
}

const scorerPlaces = ['scorer', 'runtime', 'model', 'slide'] as const;

const keysOf = (place: (typeof scorerPlaces)[number]): readonly string[] =>
  optionRows.filter((row) => row.in.includes(place) && !row.name.includes('.')).map((row) => row.name);

/** `others` are options of the same call that are parsed elsewhere. Throws INVALID_OPTION. */
export function parseScorerOptions(options: ScorerOptions, others: readonly string[] = []): ParsedScorerOptions {
  const o = record('options', options, [...scorerPlaces.flatMap(keysOf), ...others]);
  const part = (keys: readonly string[]): object =>
    Object.fromEntries(keys.filter((key) => key in o).map((key) => [key, o[key]]));
  const model = modelReference('model', o['model']);
  if (model === undefined) {
    throw new MicrotomeError('INVALID_OPTION', 'options', `The option ${optionMark('model')} is missing`, {
      advice: "pass a bundle, an .onnx file or a built-in name such as 'demo'",
    });
  }
  const modelOptions = parseModelOptions(part(modelOptionKeys));
  if (typeof model !== 'string') {
    specOf(model as Model);
    const [extra] = modelOptions.given;
    if (extra !== undefined)
      throw contradiction(
        `The option ${optionMark(extra)} was given, but the model is loaded already; pass it to loadModel()`,
      );
  }
  const runtime = parseRuntime(part(keysOf('runtime')));
  const slide = parseSlide(part(keysOf('slide')));
  requireDecode(runtime.gpu, slide.reproducible ?? defaults.reproducible);
  return Object.freeze({ model: model as string | Model, runtime, modelOptions, slide });
}

/** How a slide is opened that is scored. */
export function openOptionsOf(o: ParsedSlideScore): ParsedOpenOptions {
  const { slideMpp, driver, storage } = o;
  const openslidePath = o.openslidePath as string | null;
  return Object.freeze({ limits: o.limits ?? defaults.limits, slideMpp, driver, openslidePath, storage });
}

/** Options of one slide over a scorer's defaults. Throws INVALID_OPTION. */
export function parseSlideScoreOptions(
  options: SlideScoreOptions | undefined,
  base: ParsedSlideScore,
): ParsedSlideScore {
  const own = parseSlide(options);
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) {
    if (value !== null) merged[key] = value;
  }
  if (own.tile !== null) merged['tile'] = { ...base.tile, ...own.tile };
  if (own.mpp !== null) merged['level'] = null;
  if (own.level !== null) merged['mpp'] = null;
  return Object.freeze(merged as unknown as ParsedSlideScore);
}

/** Everything the addon needs for one slide but the mask and its metadata, and what the caller wants back. */
export interface SlideSettings {
  /** By tile input of the model. */
  readonly grids: readonly GridWithoutMask[];
  /** `all`: no grid asks for a mask. */
  readonly keep: KeepRule;
  readonly onBadTile: BadTilePolicy;
  readonly mask: MaskInput | null;
  readonly tissue: NativeTissueOptions;
  /** Who set `maxTiles` of the first grid, where it is not 0. */
  readonly sampleReason: SampleReason;
  readonly program: Omit<ProgramSettings, 'tiles'>;
}

/** The cap on the tiles of an input, 0 for none, and who set it. */
function tileCap(
  o: ParsedSlideScore,
  { select }: TileInputSpec,
): { readonly maxTiles: number; readonly reason: SampleReason } {
  const asked = o.tilesPerSlide ?? select.maxTiles ?? 0;
  if (o.tileBudget !== null && (asked === 0 || o.tileBudget < asked)) {
    return { maxTiles: o.tileBudget, reason: 'deadline' };
  }
  return { maxTiles: asked, reason: o.tilesPerSlide === null ? 'model' : 'tilesPerSlide' };
}

/** A plain .onnx file is described by the options of its input, a bundle is not. */
function noResolution({ kind }: Model): MicrotomeError {
  const [mpp, level] = kind === 'onnx' ? ['input.mpp', 'input.level'] : ['mpp', 'level'];
  return new MicrotomeError('INVALID_OPTION', 'options', 'The model does not say at which resolution it works', {
    advice: `pass ${optionMark(mpp)}, the microns per pixel of its training tiles, or ${optionMark(level)}`,
  });
}

/** Options that say something of the tiles of one input, with no one meaning for several. */
const ofOneInput = [
  'mpp',
  'level',
  'tile',
  'keep',
  'minTissueFraction',
  'tilesPerSlide',
  'tileBudget',
] as const satisfies readonly (keyof ParsedSlideScore)[];

/** Throws INVALID_OPTION for an option that has no one meaning for the tile inputs of the model. */
function refuseOfOneInput(o: ParsedSlideScore, { inputs, name }: Model): void {
  if (inputs.length === 1) return;
  const given = ofOneInput.find((key) => o[key] !== null);
  if (given === undefined) return;
  // What a deadline leaves is no wish of the caller: where there are no tiles there is nothing to leave out.
  if (given === 'tileBudget' && inputs.length === 0) return;
  const has =
    inputs.length === 0
      ? 'reads no tiles'
      : `reads ${inputs.length} inputs of tiles (${inputs.map((input) => input.name).join(', ')}), each with a grid of its own`;
  throw contradiction(`The option ${optionMark(given)} was given, but the model ${name} ${has}`);
}

function gridOf(o: ParsedSlideScore, model: Model, spec: TileInputSpec): GridWithoutMask {
  const { input, select } = spec;
  const told = o.mpp !== null || o.level !== null;
  const mpp = told ? o.mpp : input.mpp;
  const level = told ? o.level : input.level;
  if (mpp === null && level === null) throw noResolution(model);
  const sizePx = o.tile?.size ?? input.sizePx;
  const stridePx = o.tile?.stride ?? (o.tile?.size === undefined ? input.stridePx : sizePx);
  const placement = o.tile?.grid ?? (model.kind === 'wsinfer' ? 'wsinfer' : 'scaled');
  if (placement === 'wsinfer' && o.scaledDecode === true)
    throw contradiction(
      `${optionMark('tile.grid', 'wsinfer')} reads whole pixels of level 0, but ${optionMark('scaledDecode')} was given`,
    );
  if (placement === 'wsinfer' && input.edge === 'drop')
    throw contradiction(
      `${optionMark('tile.grid', 'wsinfer')} keeps tiles whose centre is on the slide, but the model drops those that go beyond it`,
    );
  const keep = o.keep ?? (o.minTissueFraction === null ? select.keep : 'fraction') ?? defaults.keep;
  if (keep !== 'fraction' && o.minTissueFraction !== null)
    throw contradiction(
      `${optionMark('minTissueFraction')} is for ${optionMark('keep', 'fraction')}, but ${optionMark('keep')} is '${keep}'`,
    );
  return Object.freeze({
    mpp,
    level,
    slideMpp: null,
    scaledDecode: o.scaledDecode ?? defaults.scaledDecode,
    sizePx,
    stridePx,
    placement,
    edge: input.edge,
    keep,
    minTissueFraction: o.minTissueFraction ?? select.minTissueFraction ?? defaults.minTissueFraction,
    maxTiles: tileCap(o, spec).maxTiles,
    seed: o.seed ?? select.seed ?? defaults.seed,
    onBadTile: o.onBadTile ?? defaults.onBadTile,
  });
}

/** Throws INVALID_OPTION for a mask that one of several grids would not use. */
function refuseUnusedMask(
  { mask }: ParsedSlideScore,
  grids: readonly GridWithoutMask[],
  { name, inputs }: Model,
): void {
  const unmasked = grids.findIndex(({ keep }) => keep === 'all');
  if (mask === null || unmasked === -1) return;
  throw contradiction(
    `The option ${optionMark('mask')} was given, but the model ${name} takes all tiles of its input ${inputs[unmasked]?.name ?? ''}`,
  );
}

/** Throws MODEL_MISMATCH. */
function requireSizes(grids: readonly GridWithoutMask[], { encoders, graphs }: ModelSpec): void {
  for (const { input, graph, fixedSizePx } of encoders) {
    const { sizePx = 0 } = grids[input] ?? {};
    if (fixedSizePx === null || sizePx === fixedSizePx) continue;
    throw new MicrotomeError(
      'MODEL_MISMATCH',
      'infer',
      `${optionMark('tile.size')} is ${sizePx} pixels, but the graph's input is ${fixedSizePx} pixels high`,
      { path: graphs[graph]?.path },
    );
  }
}

/** Throws INVALID_OPTION, MODEL_MISMATCH. */
export function slideSettings(o: ParsedSlideScore, model: Model): SlideSettings {
  const spec = specOf(model);
  if (spec.needsColumn !== null) throw contradiction(spec.needsColumn);
  refuseOfOneInput(o, model);
  const grids = Object.freeze(spec.tiles.map((tiles) => gridOf(o, model, tiles)));
  requireSizes(grids, spec);
  if (grids.length > 1) refuseUnusedMask(o, grids, model);
  const keep = grids.find((grid) => grid.keep !== 'all')?.keep ?? 'all';
  if (grids.length > 0) checkKeep(keep, o.mask);
  else if (o.mask !== null) throw contradiction(`${optionMark('mask')} was given, but the model reads no tiles`);
  const [first] = spec.tiles;
  const seed = grids[0]?.seed ?? o.seed ?? defaults.seed;
  return Object.freeze({
    grids,
    keep,
    onBadTile: o.onBadTile ?? defaults.onBadTile,
    mask: o.mask,
    sampleReason: first === undefined ? 'model' : tileCap(o, first).reason,
    tissue: nativeTissue(o.tissue, model.kind === 'wsinfer' ? 'wsinfer' : 'default'),
    program: Object.freeze({
      stopping: o.stopping === null ? null : nativeStopping(o.stopping, spec, seed),
      onBadTile: o.onBadTile ?? defaults.onBadTile,
      batchSize: o.batchSize ?? defaults.batchSize,
      reproducible: o.reproducible ?? defaults.reproducible,
      keepTiles: o.tiles ?? defaults.tiles,
    }),
  });
}

/** All grids are laid on the mask of the first one that has one; it can be handed over once. */
function masked({ grids, tissue }: SlideSettings, mask: NativeMaskSource): readonly NativeGridOptions[] {
  const first = grids.findIndex(({ keep }) => keep !== 'all');
  return grids.map((grid, i): NativeGridOptions => {
    if (i === first) return { ...grid, mask };
    return { ...grid, mask: grid.keep === 'all' ? { kind: 'all' } : { kind: 'tissue', options: tissue } };
  });
}

/** The program of one slide, once the mask is there. Throws what is wrong with the clinical values of the slide. */
export function nativeProgram(
  settings: SlideSettings,
  model: Model,
  mask: NativeMaskSource,
  row: ClinicalRow | null,
): NativeProgram {
  return programOf(specOf(model), { ...settings.program, tiles: masked(settings, mask) }, row);
}

/** The program that encodes the tiles of one slide. */
export function encodingProgram(
  settings: SlideSettings,
  model: Model,
  mask: NativeMaskSource,
  asked: RowsAsked,
): NativeProgram {
  return encodingProgramOf(specOf(model), { ...settings.program, tiles: masked(settings, mask) }, asked);
}
