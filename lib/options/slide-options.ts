/** Parses the options of opening a slide and of its methods into full, frozen native options. */

import type {
  NativeGridOptions,
  NativeLimits,
  NativeTensorFormat,
  NativeStreamOptions,
  NativeTissueOptions,
} from '../native/contract.js';
import {
  boolean,
  contradiction,
  fraction,
  integer,
  micronsPerPx,
  naturalNumber,
  number,
  oneOf,
  perChannel,
  positiveInteger,
  record,
  signal,
  tileSizePx,
} from './check.js';
import type { Bounds } from './check.js';
import { defaults } from './defaults.js';
import { checkMaskInput } from '../slide/mask-input.js';
import { anyNumber, positiveNumber } from './model-options.js';
import type { BadTiles, MaskInput, OpenOptions, RegionOptions, TensorsOptions, TilesOptions } from './types.js';

type Known = Readonly<Record<string, unknown>>;

const limitKeys = Object.keys(defaults.limits) as (keyof NativeLimits)[];
const overviewSide: Bounds = { min: 64, max: 16384, what: 'an integer from 64 to 16384 pixels' };
const pixelPosition: Bounds = { min: -(2 ** 50), max: 2 ** 50, what: 'an integer number of pixels' };
const pixelExtent: Bounds = { min: 1, max: 2 ** 50, what: 'a positive integer number of pixels' };
export const keepRules = ['fraction', 'centre', 'all'] as const;
export const badTilePolicies = ['error', 'fill'] as const;

export function parseLimits(value: unknown): NativeLimits {
  const o = record('limits', value, limitKeys);
  const limits = { ...defaults.limits };
  for (const key of limitKeys) {
    if (key in o)
      (limits as Record<keyof NativeLimits, number>)[key] = integer(`limits.${key}`, o[key], positiveInteger);
  }
  return Object.freeze(limits);
}

export interface ParsedOpenOptions {
  readonly limits: NativeLimits;
  readonly mpp: number | null;
}

export function parseOpenOptions(options: OpenOptions | undefined): ParsedOpenOptions {
  const o = record('options', options, ['mpp', 'limits']);
  return Object.freeze({
    limits: parseLimits(o['limits']),
    mpp: 'mpp' in o ? number('mpp', o['mpp'], micronsPerPx) : null,
  });
}

export function parseTissueOptions(name: string, value: unknown): NativeTissueOptions {
  const o = record(name, value, ['overviewSide', 'minAreaFraction']);
  const prefix = name === 'options' ? '' : `${name}.`;
  return Object.freeze({
    overviewSidePx:
      'overviewSide' in o ? integer(`${prefix}overviewSide`, o['overviewSide'], overviewSide) : defaults.overviewSide,
    minAreaFraction:
      'minAreaFraction' in o
        ? number(`${prefix}minAreaFraction`, o['minAreaFraction'], fraction)
        : defaults.minAreaFraction,
  });
}

/** Of slide.tissue(): the policy for bad tiles is that of scoring. */
export function parseTissueCall(value: unknown): NativeTissueOptions & { readonly onBadTile: BadTiles } {
  const { onBadTile, ...rest } = record('options', value, ['overviewSide', 'minAreaFraction', 'onBadTile']);
  return Object.freeze({
    ...parseTissueOptions('options', rest),
    onBadTile: onBadTile === undefined ? defaults.badTiles : oneOf('onBadTile', onBadTile, badTilePolicies),
  });
}

export function parseMaxSide(value: unknown): number {
  return integer('maxSide', value, tileSizePx);
}

export type ParsedRegion = Required<RegionOptions>;

export function parseRegion(options: RegionOptions): ParsedRegion {
  const o = record('options', options, ['level', 'x', 'y', 'width', 'height', 'onBadTile']);
  return Object.freeze({
    level: integer('level', o['level'], naturalNumber),
    x: integer('x', o['x'], pixelPosition),
    y: integer('y', o['y'], pixelPosition),
    width: integer('width', o['width'], pixelExtent),
    height: integer('height', o['height'], pixelExtent),
    onBadTile: 'onBadTile' in o ? oneOf('onBadTile', o['onBadTile'], badTilePolicies) : defaults.badTiles,
  });
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

const tilesKeys = [
  'mpp',
  'level',
  'size',
  'stride',
  'mask',
  'tissue',
  'keep',
  'minTissueFraction',
  'maxTiles',
  'seed',
  'batchSize',
  'threads',
  'scaledDecode',
  'badTiles',
  'signal',
] as const;

/** Exactly one of mpp and level. */
function resolutionOf(o: Known): Pick<NativeGridOptions, 'mpp' | 'level'> {
  if ('mpp' in o === 'level' in o)
    throw contradiction(`Expected one of mpp and level but received ${'mpp' in o ? 'both' : 'neither'}`);
  return 'mpp' in o
    ? { mpp: number('mpp', o['mpp'], micronsPerPx), level: null }
    : { mpp: null, level: integer('level', o['level'], naturalNumber) };
}

export function parseTilesOptions(options: TilesOptions): ParsedTiles {
  return tilesOf(record('options', options, tilesKeys), null);
}

const noMean = [0, 0, 0] as const;
const noStd = [1, 1, 1] as const;
const tensorKeys = ['layout', 'channels', 'type', 'scale', 'mean', 'std'] as const;

export function parseTensorsOptions(options: TensorsOptions): ParsedTiles & { readonly stream: NativeTensorStream } {
  const o = record('options', options, [...tilesKeys, ...tensorKeys]);
  const tensor: NativeTensorFormat = Object.freeze({
    sizePx: integer('size', o['size'], tileSizePx),
    layout: 'layout' in o ? oneOf('layout', o['layout'], ['NCHW', 'NHWC']) : 'NCHW',
    channels: 'channels' in o ? oneOf('channels', o['channels'], ['RGB', 'BGR']) : 'RGB',
    type: 'type' in o ? oneOf('type', o['type'], ['float32', 'float16', 'uint8']) : 'float32',
    scale: 'scale' in o ? number('scale', o['scale'], positiveNumber) : 1 / 255,
    mean: 'mean' in o ? perChannel('mean', o['mean'], anyNumber) : noMean,
    std: 'std' in o ? perChannel('std', o['std'], positiveNumber) : noStd,
  });
  const parsed = tilesOf(o, tensor);
  return Object.freeze({ ...parsed, stream: Object.freeze({ ...parsed.stream, tensor }) });
}

function tilesOf(o: Known, tensor: NativeTensorFormat | null): ParsedTiles {
  const sizePx = integer('size', o['size'], tileSizePx);
  const keep = 'keep' in o ? oneOf('keep', o['keep'], keepRules) : defaults.keep;
  if (keep === 'all' && 'mask' in o) throw contradiction("keep 'all' takes every tile, but a mask was given");
  return Object.freeze({
    grid: Object.freeze({
      ...resolutionOf(o),
      slideMpp: null,
      scaledDecode: 'scaledDecode' in o ? boolean('scaledDecode', o['scaledDecode']) : defaults.scaledDecode,
      sizePx,
      stridePx: 'stride' in o ? integer('stride', o['stride'], tileSizePx) : sizePx,
      keep,
      minTissueFraction:
        'minTissueFraction' in o
          ? number('minTissueFraction', o['minTissueFraction'], fraction)
          : defaults.minTissueFraction,
      maxTiles: 'maxTiles' in o ? integer('maxTiles', o['maxTiles'], positiveInteger) : 0,
      seed: 'seed' in o ? integer('seed', o['seed'], naturalNumber) : defaults.seed,
      badTiles: 'badTiles' in o ? oneOf('badTiles', o['badTiles'], badTilePolicies) : defaults.badTiles,
    }),
    mask: 'mask' in o ? checkMaskInput(o['mask']) : null,
    tissue: parseTissueOptions('tissue', o['tissue']),
    stream: Object.freeze({
      batchSize:
        'batchSize' in o
          ? integer('batchSize', o['batchSize'], { min: 1, max: 65536, what: 'an integer from 1 to 65536' })
          : defaults.batchSize,
      threads:
        'threads' in o
          ? integer('threads', o['threads'], { min: 1, max: 1024, what: 'an integer from 1 to 1024' })
          : defaults.threads,
      tensor,
    }),
    signal: 'signal' in o ? signal('signal', o['signal']) : null,
  });
}
