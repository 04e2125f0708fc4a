/** Options of the machine side, and limits on what a slide's file may ask for. */
import type { OptionRow } from '../row.js';
import * as kind from './kinds.js';

const place = ['runtime', 'run', 'images'] as const;
const slidePlaces = ['slide', 'run', 'open'] as const;

export const runtimeRows: readonly OptionRow[] = [
  {
    name: 'device',
    in: place,
    kind: {
      type: 'pattern',
      pattern: '^(auto|cpu|(cuda|tensorrt)(:[0-9]{1,3})?|plugin:[A-Za-z0-9_.-]{1,64})$',
      what: "'auto', 'cpu', 'cuda', 'cuda:<n>', 'tensorrt', 'tensorrt:<n>' or 'plugin:<name>'",
      types: 'DeviceChoice',
    },
    doc: 'Where the model runs.',
    details:
      '`cuda` and `tensorrt` take every GPU of the best kind that the process may see, `cuda:1` the second GPU. `plugin:<name>` takes the device of that name from the library in `gpu.plugin`. `auto` takes `cuda` where that works and the CPU else, and says which; a device that is named never becomes another one.',
    default: 'auto',
    scores: 'byContent',
    value: 'auto|cpu|cuda[:n]|tensorrt[:n]|plugin:NAME',
    heading: 'Machine',
  },
  {
    name: 'threads',
    in: place,
    kind: kind.threads,
    doc: 'Number of worker threads; scores are the same with any number.',
    default: {
      text: 'one for each core that the process may use, or fewer where a trial on the first tiles is faster with fewer',
    },
    scores: 'no',
    heading: 'Machine',
    native: { key: 'threads', none: 0 },
  },
  {
    name: 'memoryLimit',
    in: place,
    kind: { type: 'integer', min: 64 * kind.mebibyte, max: 2 ** 46, unit: 'bytes' },
    doc: 'Memory limit for everything but the model; at least 64 MiB.',
    default: 1024 * kind.mebibyte,
    scores: 'no',
    heading: 'Machine',
    native: { key: 'memoryBytes', always: true },
  },
  {
    name: 'onnxRuntimePath',
    in: place,
    kind: kind.path,
    doc: 'Path of libonnxruntime.so, or of its folder.',
    default: { text: 'the library that comes with the package' },
    scores: 'byContent',
    heading: 'Machine',
  },
];

/** Who reads the file of a slide. */
export const driverRows: readonly OptionRow[] = [
  {
    name: 'driver',
    in: slidePlaces,
    kind: kind.slideDriver,
    doc: 'Which driver reads a slide: the one that fits the file (auto), OpenSlide (openslide), or a dialect of TIFF by its name.',
    details:
      'With auto, OpenSlide gets only files that are no TIFF. openslide also reads a TIFF by OpenSlide, to compare: the pixels of a JPEG tile may differ by rounding.',
    default: 'auto',
    scores: 'yes',
    value: 'auto|openslide|NAME',
    heading: 'Machine',
  },
  {
    name: 'openslidePath',
    in: slidePlaces,
    kind: kind.path,
    doc: 'Path of libopenslide.so.1, version 4 or newer, or of its folder.',
    default: { text: "the library of Python's package openslide-bin, or of the system" },
    scores: 'byContent',
    heading: 'Machine',
  },
];

const limit = (name: string, doc: string, bytes: number): OptionRow => ({
  name: `limits.${name}`,
  in: slidePlaces,
  kind: kind.limitBytes,
  doc,
  default: bytes,
  scores: 'ifLimited',
  heading: 'Limits on what a file may ask for',
  native: { key: name, always: true },
});

export const limitRows: readonly OptionRow[] = [
  {
    name: 'limits',
    in: slidePlaces,
    kind: { type: 'object', typeName: 'SlideLimits' },
    doc: 'Limits on what the file of a slide may ask for, so that a hostile file cannot exhaust the machine.',
    default: null,
    scores: 'ifLimited',
    flag: 'limit',
    heading: 'Limits on what a file may ask for',
  },
  limit('decodedTileBytes', 'Largest stored tile or strip, decoded.', 128 * kind.mebibyte),
  limit('storedTileBytes', 'Largest stored tile or strip, compressed.', 64 * kind.mebibyte),
  {
    name: 'limits.directories',
    in: slidePlaces,
    kind: kind.positiveInteger,
    doc: 'Most pages and SubIFDs of a file; a file with more is refused (LIMIT_EXCEEDED).',
    default: 512,
    scores: 'ifLimited',
    heading: 'Limits on what a file may ask for',
    native: { key: 'directories', always: true },
  },
  limit('tableBytes', 'Largest table of tile offsets or sizes.', 256 * kind.mebibyte),
  limit('metadataBytes', 'Largest TIFF tag of text or numbers.', 16 * kind.mebibyte),
  limit('requestBytes', 'Largest region or batch of tiles that one call returns.', 1024 * kind.mebibyte),
];
