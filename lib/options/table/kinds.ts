/** Bounds that several options share, each written once. */
import type { NumericKind, OptionKind, PerChannelKind } from '../row.js';

/** The largest integer that a JavaScript number holds exactly. */
export const maxInteger = 9007199254740991;
export const mebibyte = 1048576;
/** Names of parts have five digits. */
export const maxShards = 99999;

export const positiveInteger: NumericKind = { type: 'integer', min: 1, max: maxInteger };
export const naturalNumber: NumericKind = { type: 'integer', min: 0, max: maxInteger };
export const tileCount: NumericKind = { type: 'integer', min: 1, max: maxInteger, unit: 'tiles' };
/** Side of a tile, wherever one is given: in the API, in a bundle, to the addon. */
export const tileSide: NumericKind = { type: 'integer', min: 1, max: 16384, unit: 'pixels' };
export const fraction: NumericKind = { type: 'number', min: 0, max: 1 };
export const micronsPerPx: NumericKind = {
  type: 'number',
  min: 1e-6,
  max: 1e6,
  unit: 'microns per pixel',
};
export const level: NumericKind = { type: 'integer', min: 0, max: 1000000 };
export const batchSize: NumericKind = { type: 'integer', min: 1, max: 65536, unit: 'tiles' };
export const threads: NumericKind = { type: 'integer', min: 1, max: 1024 };
export const scale: NumericKind = { type: 'number', above: 0, max: 1e9 };
export const mean: PerChannelKind = { type: 'perChannel', min: -1e30, max: 1e30 };
export const std: PerChannelKind = { type: 'perChannel', above: 0, max: 1e9 };
export const keep: OptionKind = {
  type: 'choice',
  values: ['fraction', 'centre', 'all'],
  typeName: 'KeepRule',
};
export const tileGrid: OptionKind = { type: 'choice', values: ['scaled', 'wsinfer'], typeName: 'TileGrid' };
export const tissueMethod: OptionKind = { type: 'choice', values: ['default', 'wsinfer'], typeName: 'TissueMethod' };
export const slideDriver: OptionKind = {
  type: 'pattern',
  pattern: '^[a-z][a-z0-9-]{0,31}$',
  what: "'auto', 'openslide' or the name of a dialect of TIFF",
};
export const onBadTile: OptionKind = {
  type: 'choice',
  values: ['error', 'fill'],
  typeName: 'BadTilePolicy',
};
export const layout: OptionKind = { type: 'choice', values: ['NCHW', 'NHWC'] };
export const channels: OptionKind = { type: 'choice', values: ['RGB', 'BGR'] };
export const boolean: OptionKind = { type: 'boolean' };
export const path: OptionKind = { type: 'path' };
export const text: OptionKind = { type: 'text' };
export const limitBytes: NumericKind = { type: 'integer', min: 1, max: maxInteger, unit: 'bytes' };
