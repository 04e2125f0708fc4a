/** Parses score options, and joins them with what the model declares into the addon's full options. */

import type { NativeGridOptions, NativeLimits, NativeMaskSource, NativeTissueOptions } from '../native/contract.js';
import type { NativeProgram } from '../native/program.js';
import type { Model } from '../model/model.js';
import { nativeSlideOutputs } from '../model/slide-outputs.js';
import { specOf } from '../model/spec.js';
import type { SampleReason } from '../scoring/result.js';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { contradiction, record } from './check.js';
import { defaults } from './defaults.js';
import { modelOptionKeys, parseModelOptions } from './model-options.js';
import type { ParsedModelOptions } from './model-options.js';
import { modelReference, parseOptions, type Parsed } from './parse.js';
import { checkKeep, nativeTissue } from './slide-options.js';
import { nativeStopping, type ParsedStopping } from './stopping.js';
import { optionRows } from './table.js';
import type { MaskInput, RuntimeOptions, ScorerOptions, SlideScoreOptions } from './types.js';

export interface ParsedRuntimeOptions {
  readonly device: string;
  /** 0: one for each core. */
  readonly threads: number;
  readonly memoryBytes: number;
  readonly onnxRuntimePath: string | null;
}

/** null: not given, so that a scorer's defaults or the model's own declarations hold. */
export interface ParsedSlideScore extends Omit<Parsed<SlideScoreOptions>, 'limits' | 'stopping'> {
  readonly limits: NativeLimits | null;
  readonly stopping: ParsedStopping | null;
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
    device: device === 'auto' ? 'cpu' : device,
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
  return Object.freeze({
    model: model as string | Model,
    runtime: parseRuntime(part(keysOf('runtime'))),
    modelOptions,
    slide: parseSlide(part(keysOf('slide'))),
  });
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

/** Everything the addon needs for one slide but the mask, and what the caller wants back. */
export interface SlideSettings {
  readonly score: Omit<NativeProgram, 'tiles'>;
  readonly grid: Omit<NativeGridOptions, 'mask'>;
  readonly mask: MaskInput | null;
  readonly tissue: NativeTissueOptions;
  /** Who set `grid.maxTiles`, where it is not 0. */
  readonly sampleReason: SampleReason;
}

/** The cap on the tiles of a slide, 0 for none, and who set it. */
function tileCap(o: ParsedSlideScore, model: Model): { readonly maxTiles: number; readonly reason: SampleReason } {
  const asked = o.tilesPerSlide ?? specOf(model).select.maxTiles ?? 0;
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

function gridOf(o: ParsedSlideScore, model: Model): SlideSettings['grid'] {
  const { input } = model;
  const { select } = specOf(model);
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
  const keep = o.keep ?? (o.minTissueFraction === null ? select.keep : 'fraction') ?? defaults.keep;
  checkKeep(keep, o.mask);
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
    edge: 'pad',
    keep,
    minTissueFraction: o.minTissueFraction ?? select.minTissueFraction ?? defaults.minTissueFraction,
    maxTiles: tileCap(o, model).maxTiles,
    seed: o.seed ?? select.seed ?? defaults.seed,
    onBadTile: o.onBadTile ?? defaults.onBadTile,
  });
}

/** Throws INVALID_OPTION, MODEL_MISMATCH. */
export function slideSettings(o: ParsedSlideScore, model: Model): SlideSettings {
  const spec = specOf(model);
  const { input } = model;
  if (spec.needsColumn !== null) throw contradiction(spec.needsColumn);
  const grid = gridOf(o, model);
  if (spec.fixedSizePx !== null && grid.sizePx !== spec.fixedSizePx) {
    throw new MicrotomeError(
      'MODEL_MISMATCH',
      'infer',
      `${optionMark('tile.size')} is ${grid.sizePx} pixels, but the graph's input is ${spec.fixedSizePx} pixels high`,
      { path: spec.graphPath },
    );
  }
  return Object.freeze({
    grid,
    mask: o.mask,
    sampleReason: tileCap(o, model).reason,
    tissue: nativeTissue(o.tissue, model.kind === 'wsinfer' ? 'wsinfer' : 'default'),
    score: Object.freeze({
      images: [],
      colour: null,
      encoders: [
        Object.freeze({
          name: model.name,
          graph: 0,
          input: 0,
          format: Object.freeze({
            sizePx: grid.sizePx,
            layout: input.layout,
            channels: input.channels,
            type: input.type,
            scale: input.scale,
            mean: input.mean,
            std: input.std,
          }),
          turns: ['identity'] as const,
          outputs: spec.tileOutputs.map(({ tensor, activation }) => ({ tensor, activation })),
        }),
      ],
      select: [],
      heads: spec.heads,
      outputs: nativeSlideOutputs(spec.outputs),
      rows: [],
      stopping: o.stopping === null ? null : nativeStopping(o.stopping, spec, grid.seed),
      batchSize: o.batchSize ?? defaults.batchSize,
      reproducible: o.reproducible ?? defaults.reproducible,
      keepTiles: o.tiles ?? defaults.tiles,
    }),
  });
}

/** The program of one slide, once the mask is there. */
export function nativeProgram(settings: SlideSettings, mask: NativeMaskSource): NativeProgram {
  return { ...settings.score, tiles: [{ ...settings.grid, mask }] };
}
