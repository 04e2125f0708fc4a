/** The options of microtome score, and what they are called in the library. */
import { presets } from '../../runs/presets.js';
import type { DirectoryOptions } from '../../runs/types.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { deadlineOf } from '../duration.js';
import { progressKinds } from '../progress.js';
import { UsageError } from '../usage-error.js';

export const scoreSpec: CommandSpec = {
  name: 'score',
  positionals: '<folder|slide…>',
  summary: 'scores the slides of a folder, or single slides, and writes the submission',
  options: {
    model: { kind: 'text', value: 'M', help: 'a bundle, an .onnx file, or a built-in name (demo); required' },
    format: { kind: 'text', value: 'F.csv', help: 'rows and their order (every slide of the folder, in name order)' },
    metadata: { kind: 'text', value: 'M.csv', help: 'clinical values and resolution by slide' },
    out: { kind: 'text', value: 'F.csv', help: 'the submission to write (a table on stdout)' },
    preset: { kind: 'text', choices: presets, help: 'the layout of the CSV files (visiomel)' },
    device: { kind: 'text', value: 'auto|cpu|cuda[:n]|tensorrt', help: 'where the model runs (auto)' },
    mpp: { kind: 'number', help: "micrometres per model pixel, instead of the model's" },
    level: { kind: 'integer', help: 'a level of the pyramid, instead of a resolution' },
    'slide-mpp': { kind: 'number', help: 'micrometres per pixel of the slides, instead of what they say' },
    'tile-size': { kind: 'integer', help: "side of a tile in model pixels, instead of the model's" },
    'tiles-per-slide': { kind: 'integer', help: 'at most so many tiles of each slide, chosen evenly over the tissue' },
    seed: { kind: 'integer', help: 'of that choice, and of the order of --stop-at (0)' },
    'stop-at': {
      kind: 'number',
      value: 'H',
      help: 'stop a slide when its score is known to plus or minus H (models of mean heads)',
    },
    'stop-confidence': { kind: 'number', value: 'P', help: 'how often that shall be true (0.95)' },
    'stop-min-tiles': { kind: 'integer', help: 'tiles before the first look (256)' },
    'scaled-decode': { kind: 'flag', help: 'decode JPEG tiles at 1/2, 1/4 or 1/8 where the resolution allows it' },
    deadline: {
      kind: 'text',
      value: 'TIME',
      help: 'when the output must be there: 90s, 30m, 8h, 1h30m from now, or a moment (2031-05-01T18:00)',
    },
    'deadline-min-tiles': { kind: 'integer', help: 'tiles that the deadline leaves to a slide at the least (64)' },
    'bad-tiles': {
      kind: 'text',
      choices: ['error', 'fill'],
      help: 'tiles that cannot be decoded: the slide fails, or white (error)',
    },
    'on-missing': {
      kind: 'text',
      choices: ['error', 'fallback'],
      help: "rows without slide or metadata: refuse, or the model's prior (error)",
    },
    'on-error': {
      kind: 'text',
      choices: ['error', 'fallback'],
      help: "slides that fail: no output, or the model's prior (fallback)",
    },
    resume: { kind: 'flag', help: 'go on with an interrupted run' },
    overwrite: { kind: 'flag', help: 'replace the output and the journal of an unfinished run' },
    threads: { kind: 'integer', help: 'worker threads (one for each core)' },
    memory: { kind: 'integer', value: 'MIB', help: 'memory beside the model, in MiB (1024)' },
    'batch-size': { kind: 'integer', help: 'tiles in one call of the model (16)' },
    'slides-in-flight': { kind: 'integer', help: 'slides worked on at the same time (2)' },
    'onnx-runtime': { kind: 'text', value: 'PATH', help: 'libonnxruntime.so to use' },
    'graph-output': { kind: 'text', value: 'NAME', help: 'for a bare .onnx: the output that is scored' },
    activation: { kind: 'text', choices: ['none', 'sigmoid', 'softmax'], help: 'for a bare .onnx (none)' },
    column: { kind: 'text', value: 'N|CLASS', help: 'for a bare .onnx: the column that is scored' },
    progress: { kind: 'text', choices: progressKinds, help: 'on stderr (bar on a terminal, else plain)' },
    json: { kind: 'flag', help: 'one line on stdout for each finished slide, after its row is on disk' },
  },
  notes: [
    'A slide that fails takes the fallback that the model declares (exit code 3). Where it declares none, no output is',
    'written (exit code 1); the scores of the other slides are kept for --resume.',
    '',
    'A deadline takes first tiles, then slides: a slide gets its share of the time that is left and as many tiles, spread',
    'evenly, as fit into it; where not even --deadline-min-tiles fit, its row takes the fallback (DEADLINE, exit code 3).',
  ],
};

/** Only what was given: every default is the library's. */
export function directoryOptions(args: ParsedArgs): DirectoryOptions {
  const tileSize = args.number('tile-size');
  const memoryMib = args.number('memory');
  const deadline = args.text('deadline');
  const given = {
    model: args.required('model'),
    format: args.text('format'),
    metadata: args.text('metadata'),
    output: args.text('out'),
    preset: args.text('preset'),
    device: args.text('device'),
    mpp: args.number('mpp'),
    level: args.number('level'),
    slideMpp: args.number('slide-mpp'),
    tile: tileSize === undefined ? undefined : { size: tileSize },
    tilesPerSlide: args.number('tiles-per-slide'),
    seed: args.number('seed'),
    stopping: stoppingOf(args),
    scaledDecode: args.flag('scaled-decode'),
    deadline: deadline === undefined ? undefined : deadlineOf(deadline, scoreSpec.name),
    deadlineMinTiles: args.number('deadline-min-tiles'),
    onBadTile: args.text('bad-tiles'),
    onMissing: args.text('on-missing'),
    onError: args.text('on-error'),
    resume: args.flag('resume'),
    overwrite: args.flag('overwrite'),
    threads: args.number('threads'),
    memoryLimit: memoryMib === undefined ? undefined : memoryMib * 2 ** 20,
    batchSize: args.number('batch-size'),
    slidesInFlight: args.number('slides-in-flight'),
    onnxRuntimePath: args.text('onnx-runtime'),
    graphOutput: args.text('graph-output'),
    activation: args.text('activation'),
    column: columnOf(args.text('column')),
  };
  if (given.output === undefined && (given.resume || given.overwrite)) {
    throw new UsageError(`--${given.resume ? 'resume' : 'overwrite'} needs --out`, scoreSpec.name);
  }
  // Each value is checked where the library parses its options; undefined means not given there.
  return given as unknown as DirectoryOptions;
}

function stoppingOf(args: ParsedArgs): object | undefined {
  const halfWidth = args.number('stop-at');
  const more = { confidence: args.number('stop-confidence'), minTiles: args.number('stop-min-tiles') };
  if (halfWidth !== undefined) return { halfWidth, ...more };
  for (const [name, value] of [
    ['stop-confidence', more.confidence],
    ['stop-min-tiles', more.minTiles],
  ]) {
    if (value !== undefined) throw new UsageError(`--${name} needs --stop-at`, scoreSpec.name);
  }
  return undefined;
}

function columnOf(text: string | undefined): string | number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}
