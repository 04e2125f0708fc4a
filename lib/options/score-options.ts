/** Parses score options, and joins them with what the model declares into the addon's full options. */

import type { NativeLimits, NativeMaskSource, NativeScoreOptions, NativeTissueOptions } from '../native/contract.js';
import type { Model } from '../model/model.js';
import { nativeSlideOutputs } from '../model/slide-outputs.js';
import { specOf } from '../model/spec.js';
import type { SampleReason, ScoreProgress } from '../scoring/result.js';
import { MicrotomeError } from '../core/errors.js';
import {
  boolean,
  contradiction,
  fraction,
  func,
  integer,
  invalid,
  micronsPerPx,
  naturalNumber,
  number,
  oneOf,
  positiveInteger,
  record,
  signal,
  text,
  tileSizePx,
} from './check.js';
import { defaults } from './defaults.js';
import { checkMaskInput } from '../slide/mask-input.js';
import { modelOptionKeys, parseModelOptions } from './model-options.js';
import type { ParsedModelOptions } from './model-options.js';
import { nativeStopping, parseStopping, type ParsedStopping } from './stopping.js';
import { badTilePolicies, keepRules, parseLimits, parseTissueOptions } from './slide-options.js';
import type { BadTiles, KeepRule, MaskInput, ScorerOptions, SlideScoreOptions } from './types.js';

type Known = Readonly<Record<string, unknown>>;

const runtimeKeys = ['device', 'threads', 'memoryLimit', 'onnxRuntimePath'] as const;
const slideKeys = [
  'mpp',
  'level',
  'slideMpp',
  'tile',
  'keep',
  'minTissueFraction',
  'mask',
  'tissue',
  'tilesPerSlide',
  'seed',
  'scaledDecode',
  'tileBudget',
  'stopping',
  'badTiles',
  'batchSize',
  'reproducible',
  'tiles',
  'clinical',
  'limits',
  'signal',
  'onProgress',
] as const;

export interface ParsedRuntimeOptions {
  readonly device: string;
  /** 0: one for each core. */
  readonly threads: number;
  readonly memoryBytes: number;
  readonly onnxRuntimePath: string | null;
}

/** null: not given, so that a scorer's defaults or the model's own declarations hold. */
export interface ParsedSlideScore {
  readonly mpp: number | null;
  readonly level: number | null;
  readonly slideMpp: number | null;
  readonly tileSize: number | null;
  readonly tileStride: number | null;
  readonly keep: KeepRule | null;
  readonly minTissueFraction: number | null;
  readonly mask: MaskInput | null;
  readonly tissue: NativeTissueOptions | null;
  readonly tilesPerSlide: number | null;
  readonly seed: number | null;
  readonly scaledDecode: boolean | null;
  readonly tileBudget: number | null;
  readonly stopping: ParsedStopping | null;
  readonly badTiles: BadTiles | null;
  readonly batchSize: number | null;
  readonly reproducible: boolean | null;
  readonly tiles: boolean | null;
  readonly clinical: Readonly<Record<string, string | number | null>> | null;
  readonly limits: NativeLimits | null;
  readonly signal: AbortSignal | null;
  readonly onProgress: ((progress: ScoreProgress) => void) | null;
}

export interface ParsedScorerOptions {
  readonly model: string | Model;
  readonly runtime: ParsedRuntimeOptions;
  readonly modelOptions: ParsedModelOptions;
  readonly slide: ParsedSlideScore;
}

function parseTile(value: unknown): { size: number | null; stride: number | null } {
  const o = record('tile', value, ['size', 'stride']);
  return {
    size: 'size' in o ? integer('tile.size', o['size'], tileSizePx) : null,
    stride: 'stride' in o ? integer('tile.stride', o['stride'], tileSizePx) : null,
  };
}

function parseClinical(value: unknown): Readonly<Record<string, string | number | null>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('clinical', 'an object', value);
  for (const [column, entry] of Object.entries(value)) {
    const ok = entry === null || typeof entry === 'string' || (typeof entry === 'number' && Number.isFinite(entry));
    if (!ok) throw invalid(`clinical.${column}`, 'a string, a finite number or null', entry);
  }
  return Object.freeze({ ...(value as Record<string, string | number | null>) });
}

/** The slide part; `o` holds only known keys. */
function parseSlide(o: Known): ParsedSlideScore {
  const optional = <T>(key: (typeof slideKeys)[number], parse: (name: string, value: unknown) => T): T | null =>
    key in o ? parse(key, o[key]) : null;
  if ('mpp' in o && 'level' in o) throw contradiction('Expected only one of mpp and level but received both');
  const tile = 'tile' in o ? parseTile(o['tile']) : { size: null, stride: null };
  return Object.freeze({
    mpp: optional('mpp', (n, v) => number(n, v, micronsPerPx)),
    level: optional('level', (n, v) => integer(n, v, naturalNumber)),
    slideMpp: optional('slideMpp', (n, v) => number(n, v, micronsPerPx)),
    tileSize: tile.size,
    tileStride: tile.stride,
    keep: optional('keep', (n, v) => oneOf(n, v, keepRules)),
    minTissueFraction: optional('minTissueFraction', (n, v) => number(n, v, fraction)),
    mask: optional('mask', (_, v) => checkMaskInput(v)),
    tissue: optional('tissue', parseTissueOptions),
    tilesPerSlide: optional('tilesPerSlide', (n, v) => integer(n, v, positiveInteger)),
    seed: optional('seed', (n, v) => integer(n, v, naturalNumber)),
    scaledDecode: optional('scaledDecode', boolean),
    tileBudget: optional('tileBudget', (n, v) => integer(n, v, positiveInteger)),
    stopping: optional('stopping', (_, v) => parseStopping(v)),
    badTiles: optional('badTiles', (n, v) => oneOf(n, v, badTilePolicies)),
    batchSize: optional('batchSize', (n, v) => integer(n, v, { ...positiveInteger, max: 65536 })),
    reproducible: optional('reproducible', boolean),
    tiles: optional('tiles', boolean),
    clinical: optional('clinical', (_, v) => parseClinical(v)),
    limits: optional('limits', (_, v) => parseLimits(v)),
    signal: optional('signal', signal),
    onProgress: optional('onProgress', (n, v) => func<(progress: ScoreProgress) => void>(n, v)),
  });
}

function parseDevice(value: unknown): string {
  if (typeof value !== 'string' || !/^(auto|cpu|cuda(:\d{1,3})?|tensorrt(:\d{1,3})?)$/.test(value)) {
    throw invalid('device', "'auto', 'cpu', 'cuda', 'cuda:<n>' or 'tensorrt'", value);
  }
  return value === 'auto' ? 'cpu' : value;
}

function parseRuntime(o: Known): ParsedRuntimeOptions {
  return Object.freeze({
    device: parseDevice(o['device'] ?? defaults.device),
    threads:
      'threads' in o
        ? integer('threads', o['threads'], { min: 1, max: 1024, what: 'an integer from 1 to 1024' })
        : defaults.threads,
    memoryBytes:
      'memoryLimit' in o
        ? integer('memoryLimit', o['memoryLimit'], {
            min: 64 * 2 ** 20,
            max: 2 ** 46,
            what: 'a number of bytes of at least 64 MiB (67108864)',
          })
        : defaults.memoryLimit,
    onnxRuntimePath: 'onnxRuntimePath' in o ? text('onnxRuntimePath', o['onnxRuntimePath']) : null,
  });
}

/** Throws INVALID_OPTION. */
export function parseScorerOptions(options: ScorerOptions): ParsedScorerOptions {
  const o = record('options', options, ['model', ...runtimeKeys, ...modelOptionKeys, ...slideKeys]);
  const { model } = o;
  if (model === undefined) {
    throw new MicrotomeError('INVALID_OPTION', 'options', 'The option model is missing', {
      advice: "pass a bundle, an .onnx file or a built-in name such as 'demo'",
    });
  }
  const modelOptions = parseModelOptions(o);
  if (typeof model !== 'string') {
    specOf(model as Model);
    const [extra] = modelOptions.given;
    if (extra !== undefined)
      throw contradiction(`The option ${extra} was given, but the model is loaded already; pass it to loadModel()`);
  }
  return Object.freeze({
    model: typeof model === 'string' ? text('model', model) : (model as Model),
    runtime: parseRuntime(o),
    modelOptions,
    slide: parseSlide(o),
  });
}

/** Options of one slide over a scorer's defaults. Throws INVALID_OPTION. */
export function parseSlideScoreOptions(
  options: SlideScoreOptions | undefined,
  base: ParsedSlideScore,
): ParsedSlideScore {
  const own = parseSlide(record('options', options, slideKeys));
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) {
    if (value !== null) merged[key] = value;
  }
  if (own.mpp !== null) merged['level'] = null;
  if (own.level !== null) merged['mpp'] = null;
  return Object.freeze(merged as unknown as ParsedSlideScore);
}

/** Everything the addon needs for one slide but the mask, and what the caller wants back. */
export interface SlideSettings {
  readonly score: Omit<NativeScoreOptions, 'grid'>;
  readonly grid: Omit<NativeScoreOptions['grid'], 'mask'>;
  readonly mask: MaskInput | null;
  readonly tissue: NativeTissueOptions;
  /** Who set `grid.maxTiles`, where it is not 0. */
  readonly sampleReason: SampleReason;
}

/** The cap on the tiles of a slide, 0 for none, and who set it. */
function tileCap(o: ParsedSlideScore, model: Model): { readonly maxTiles: number; readonly reason: SampleReason } {
  const asked = o.tilesPerSlide ?? specOf(model).select.maxTiles ?? defaults.tilesPerSlide;
  if (o.tileBudget !== null && (asked === 0 || o.tileBudget < asked)) {
    return { maxTiles: o.tileBudget, reason: 'deadline' };
  }
  return { maxTiles: asked, reason: o.tilesPerSlide === null ? 'model' : 'tilesPerSlide' };
}

function gridOf(o: ParsedSlideScore, model: Model): SlideSettings['grid'] {
  const { input } = model;
  const { select } = specOf(model);
  const told = o.mpp !== null || o.level !== null;
  const mpp = told ? o.mpp : input.mpp;
  const level = told ? o.level : input.level;
  if (mpp === null && level === null)
    throw contradiction('The model does not say at which resolution it works: pass mpp, or level');
  const sizePx = o.tileSize ?? input.sizePx;
  const stridePx = o.tileStride ?? (o.tileSize === null ? input.stridePx : sizePx);
  const keep = o.keep ?? (o.minTissueFraction === null ? select.keep : 'fraction') ?? defaults.keep;
  if (keep === 'all' && o.mask !== null) throw contradiction("keep 'all' takes every tile, but a mask was given");
  if (keep !== 'fraction' && o.minTissueFraction !== null)
    throw contradiction(`minTissueFraction is for keep 'fraction', but keep is '${keep}'`);
  return Object.freeze({
    mpp,
    level,
    slideMpp: null,
    scaledDecode: o.scaledDecode ?? defaults.scaledDecode,
    sizePx,
    stridePx,
    keep,
    minTissueFraction: o.minTissueFraction ?? select.minTissueFraction ?? defaults.minTissueFraction,
    maxTiles: tileCap(o, model).maxTiles,
    seed: o.seed ?? select.seed ?? defaults.seed,
    badTiles: o.badTiles ?? defaults.badTiles,
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
      `tile.size is ${grid.sizePx} pixels, but the graph's input is ${spec.fixedSizePx} pixels high`,
      { path: spec.graphPath },
    );
  }
  return Object.freeze({
    grid,
    mask: o.mask,
    sampleReason: tileCap(o, model).reason,
    tissue: o.tissue ?? parseTissueOptions('tissue', undefined),
    score: Object.freeze({
      preprocess: Object.freeze({
        sizePx: grid.sizePx,
        layout: input.layout,
        channels: input.channels,
        type: input.type,
        scale: input.scale,
        mean: input.mean,
        std: input.std,
      }),
      outputs: spec.tileOutputs.map((output) => ({ name: output.tensor, activation: output.activation })),
      heads: spec.heads,
      slideOutputs: nativeSlideOutputs(spec.outputs),
      stopping: o.stopping === null ? null : nativeStopping(o.stopping, spec, grid.seed),
      batchSize: o.batchSize ?? defaults.batchSize,
      reproducible: o.reproducible ?? defaults.reproducible,
      keepTiles: o.tiles ?? defaults.tiles,
    }),
  });
}

/** The addon's full options, once the mask is there. */
export function nativeScoreOptions(settings: SlideSettings, mask: NativeMaskSource): NativeScoreOptions {
  return { ...settings.score, grid: { ...settings.grid, mask } };
}
