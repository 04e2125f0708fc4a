/** Options of opening a slide and of its methods, as the addon takes them: full and frozen. */

import type {
  NativeGridOptions,
  NativeLimits,
  NativeTensorFormat,
  NativeStreamOptions,
  NativeTissueOptions,
} from '../native/contract.js';
import { optionMark } from '../core/option-names.js';
import type { StorageSettings } from '../storage/options.js';
import { contradiction, numeric, oneOf } from './check.js';
import { defaults } from './defaults.js';
import { parseObject, parseOptions, type Parsed } from './parse.js';
import { tileSide } from './table/kinds.js';
import type {
  BadTilePolicy,
  MaskInput,
  OpenOptions,
  RegionOptions,
  TensorsOptions,
  TilesOptions,
  TissueCallOptions,
  TissueMethod,
  TissueOptions,
} from './types.js';

export interface ParsedOpenOptions {
  readonly limits: NativeLimits;
  readonly slideMpp: number | null;
  /** null, or not there: the driver that fits the file. */
  readonly driver?: string | null;
  /** Where OpenSlide is; null, or not there: where it is found. */
  readonly openslidePath?: string | null;
  /** Of an address; null, or not there: the defaults. */
  readonly storage?: StorageSettings | null;
}

export function parseOpenOptions(options: OpenOptions | undefined): ParsedOpenOptions {
  const o = parseOptions(['open'], options) as unknown as Parsed<OpenOptions>;
  return Object.freeze({
    limits: (o.limits ?? defaults.limits) as NativeLimits,
    slideMpp: o.slideMpp,
    driver: o.driver,
    openslidePath: o.openslidePath as string | null,
    storage: o.storage as StorageSettings | null,
  });
}

/** Parsed tissue options under the names of the addon; null: not given. `method`: the one of the model, where there is one. */
export function nativeTissue(parsed: TissueOptions | null, method: TissueMethod = 'default'): NativeTissueOptions {
  const all = { method, ...defaults.tissue, ...parsed };
  return Object.freeze({
    method: all.method,
    overviewSidePx: all.overviewSide,
    minAreaFraction: all.minAreaFraction,
  });
}

/** The options of `slide.tissue()`: the policy for bad tiles is that of scoring. */
export function parseTissueCall(
  options: TissueCallOptions | undefined,
): NativeTissueOptions & { readonly onBadTile: BadTilePolicy } {
  const { onBadTile = defaults.onBadTile, ...rest } = options ?? {};
  return Object.freeze({
    ...nativeTissue(parseObject('tissue', rest, true) as TissueOptions),
    onBadTile: oneOf('onBadTile', onBadTile, ['error', 'fill']) as BadTilePolicy,
  });
}

/** The argument of `slide.thumbnail()`. */
export function parseMaxSide(value: unknown): number {
  return numeric('maxSide', value, tileSide);
}

export type ParsedRegion = Required<RegionOptions>;

export function parseRegion(options: RegionOptions): ParsedRegion {
  const o = parseOptions(['region'], options) as unknown as ParsedRegion;
  return Object.freeze({ ...o, onBadTile: o.onBadTile ?? defaults.onBadTile });
}

export type NativeTensorStream = NativeStreamOptions & { readonly tensor: NativeTensorFormat };

/** All of NativeGridOptions but the mask, which may have to be read from a file first. */
export type GridWithoutMask = Omit<NativeGridOptions, 'mask'>;

export interface ParsedTiles {
  readonly grid: GridWithoutMask;
  readonly mask: MaskInput | null;
  readonly tissue: NativeTissueOptions;
  readonly stream: NativeStreamOptions;
  readonly signal: AbortSignal | null;
}

export function parseTilesOptions(options: TilesOptions): ParsedTiles {
  return tilesOf(parseOptions(['stream'], options) as unknown as Parsed<TilesOptions>, null);
}

export function parseTensorsOptions(options: TensorsOptions): ParsedTiles & { readonly stream: NativeTensorStream } {
  const o = parseOptions(['stream', 'tensor'], options) as unknown as Parsed<TensorsOptions>;
  const tensor: NativeTensorFormat = Object.freeze({
    sizePx: o.size as number,
    layout: o.layout ?? defaults.layout,
    channels: o.channels ?? defaults.channels,
    type: o.type ?? defaults.type,
    scale: o.scale ?? defaults.scale,
    mean: o.mean ?? defaults.mean,
    std: o.std ?? defaults.std,
  });
  const parsed = tilesOf(o, tensor);
  return Object.freeze({ ...parsed, stream: Object.freeze({ ...parsed.stream, tensor }) });
}

function tilesOf(o: Parsed<TilesOptions>, tensor: NativeTensorFormat | null): ParsedTiles {
  if (o.mpp === null && o.level === null)
    throw contradiction(`Expected one of ${optionMark('mpp')} and ${optionMark('level')} but received neither`);
  const keep = o.keep ?? defaults.keep;
  checkKeep(keep, o.mask);
  const sizePx = o.size as number;
  return Object.freeze({
    grid: Object.freeze({
      mpp: o.mpp,
      level: o.level,
      slideMpp: null,
      scaledDecode: o.scaledDecode ?? defaults.scaledDecode,
      sizePx,
      stridePx: o.stride ?? sizePx,
      placement: 'scaled',
      edge: 'pad',
      keep,
      minTissueFraction: o.minTissueFraction ?? defaults.minTissueFraction,
      maxTiles: o.maxTiles ?? 0,
      seed: o.seed ?? defaults.seed,
      onBadTile: o.onBadTile ?? defaults.onBadTile,
    }),
    mask: o.mask,
    tissue: nativeTissue(o.tissue),
    stream: Object.freeze({ batchSize: o.batchSize ?? defaults.batchSize, threads: o.threads ?? 0, tensor }),
    signal: o.signal,
  });
}

/** Throws INVALID_OPTION where a mask was given that nothing would ask. */
export function checkKeep(keep: string, mask: MaskInput | null): void {
  if (keep === 'all' && mask !== null)
    throw contradiction(`${optionMark('keep', 'all')} takes every tile, but ${optionMark('mask')} was given`);
}
