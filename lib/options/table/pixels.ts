/** Options of the methods of an open slide: regions, tiles, tensors. */
import type { OptionPlace, OptionRow } from '../row.js';
import * as kind from './kinds.js';

const heading = 'Pixels';
const region = ['region'] as const;
const stream = ['stream'] as const;
const tensor = ['tensor'] as const;
const none = { default: null, scores: 'no', heading } as const;

const edge = (name: string, doc: string): OptionRow => ({
  ...none,
  name,
  in: region,
  kind: { type: 'integer', min: -(2 ** 50), max: 2 ** 50, unit: 'pixels' },
  doc,
  required: true,
});

const extent = (name: string, doc: string): OptionRow => ({
  ...none,
  name,
  in: region,
  kind: { type: 'integer', min: 1, max: 2 ** 50, unit: 'pixels' },
  doc,
  required: true,
});

const resolution = (place: readonly OptionPlace[]): readonly OptionRow[] => [
  {
    ...none,
    name: 'mpp',
    in: place,
    kind: kind.micronsPerPx,
    doc: 'Resolution of the tiles; give this or `level`.',
    excludes: ['level'],
    flag: null,
  },
  {
    ...none,
    name: 'level',
    in: place,
    kind: kind.level,
    doc: 'Pyramid level whose pixels are taken as they are, instead of `mpp`.',
    excludes: ['mpp'],
    flag: null,
  },
];

export const regionRows: readonly OptionRow[] = [
  { ...none, name: 'level', in: region, kind: kind.level, doc: 'Level of the pyramid.', required: true },
  edge('x', "Left edge, in the level's pixels."),
  edge('y', "Upper edge, in the level's pixels."),
  extent('width', "Width, in the level's pixels."),
  extent('height', "Height, in the level's pixels."),
  {
    ...none,
    name: 'onBadTile',
    in: region,
    kind: kind.onBadTile,
    doc: 'What to do with a stored tile that cannot be decoded: stop with an error, or read it as white and count it.',
    default: 'error',
  },
];

export const streamRows: readonly OptionRow[] = [
  ...resolution(stream),
  {
    ...none,
    name: 'size',
    in: stream,
    kind: kind.tileSide,
    doc: "Side of a tile, in pixels of the tiles' resolution.",
    required: true,
    flag: null,
  },
  {
    ...none,
    name: 'stride',
    in: stream,
    kind: kind.tileSide,
    doc: "Distance from one tile to the next, in pixels of the tiles' resolution.",
    default: { text: 'size' },
    flag: null,
  },
  {
    ...none,
    name: 'mask',
    in: stream,
    kind: { type: 'mask' },
    doc: 'Where the tissue is; then it is not looked for.',
    default: { text: 'the tissue found in the slide' },
    flag: null,
  },
  {
    ...none,
    name: 'keep',
    in: stream,
    kind: kind.keep,
    doc: 'Which tiles are read: those with enough tissue (fraction), those with tissue at their centre (centre), or all.',
    default: 'fraction',
    flag: null,
  },
  {
    ...none,
    name: 'minTissueFraction',
    in: stream,
    kind: kind.fraction,
    doc: 'With `keep` fraction: a tile is read if at least this share of it is tissue.',
    default: 0.25,
    flag: null,
  },
  {
    ...none,
    name: 'maxTiles',
    in: stream,
    kind: kind.tileCount,
    doc: 'Read at most this many tiles, spread evenly over the tissue.',
    default: { text: 'no limit' },
    flag: null,
  },
  {
    ...none,
    name: 'seed',
    in: stream,
    kind: kind.naturalNumber,
    doc: 'Random seed for `maxTiles`.',
    default: 0,
    flag: null,
  },
  {
    ...none,
    name: 'batchSize',
    in: stream,
    kind: kind.batchSize,
    doc: 'Tiles in one batch; the last may have fewer.',
    default: 16,
    flag: null,
  },
  {
    ...none,
    name: 'threads',
    in: stream,
    kind: kind.threads,
    doc: 'Threads that decode ahead of the caller.',
    default: { text: 'one for each core that the process may use' },
    flag: null,
  },
  {
    ...none,
    name: 'scaledDecode',
    in: stream,
    kind: kind.boolean,
    doc: 'With `mpp`: decode JPEG tiles at 1/2, 1/4 or 1/8 of their sides where `mpp` is that much coarser than the level.',
    details: 'This is faster. The pixels are averages of blocks, so they differ a little.',
    default: false,
    flag: null,
  },
];

export const tensorRows: readonly OptionRow[] = [
  {
    ...none,
    name: 'layout',
    in: tensor,
    kind: kind.layout,
    doc: 'Order of the axes of a tensor.',
    default: 'NCHW',
    flag: null,
  },
  {
    ...none,
    name: 'channels',
    in: tensor,
    kind: kind.channels,
    doc: 'Order of the colour channels.',
    default: 'RGB',
    flag: null,
  },
  {
    ...none,
    name: 'type',
    in: tensor,
    kind: { type: 'choice', values: ['float32', 'float16', 'uint8'] },
    doc: 'Type of the values; uint8 gives the samples as they are.',
    default: 'float32',
    flag: null,
    native: { key: 'type', always: true, enumeration: 'preprocess::ElementType' },
  },
  {
    ...none,
    name: 'scale',
    in: tensor,
    kind: kind.scale,
    doc: 'Factor for the samples of 0 to 255: a value is (sample * scale - mean) / std.',
    default: 1 / 255,
    flag: null,
  },
  {
    ...none,
    name: 'mean',
    in: tensor,
    kind: kind.mean,
    doc: 'One number for each channel, subtracted from the scaled samples.',
    default: [0, 0, 0],
    flag: null,
  },
  {
    ...none,
    name: 'std',
    in: tensor,
    kind: kind.std,
    doc: 'One number for each channel; the samples are divided by it after the mean is subtracted.',
    default: [1, 1, 1],
    flag: null,
  },
];
