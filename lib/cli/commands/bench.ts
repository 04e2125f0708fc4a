/** microtome bench: slides per hour, tiles per second and where the time goes, on this machine with this model. */
import { cpus } from 'node:os';
import { optionTable, type DeviceUse } from '../../index.js';
import type { ScorerOptions, SlideScoreOptions } from '../../options/types.js';
import { toolVersion } from '../../core/version.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { figuresOf, measure, type BenchFigures, type Spread } from '../bench/measure.js';
import { namedSlides } from '../bench/slides.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { deviceText } from '../device-line.js';
import { flagSpecs, flagValues, nested } from '../table-flags.js';
import { printable, table } from '../text.js';
import { UsageError } from '../usage-error.js';

const deviceRows = optionTable.filter(
  ({ name, flag }) => flag !== null && (name === 'device' || name === 'reproducible' || name.startsWith('gpu.')),
);

/** Slides of so many tiles are what docs/k80.md has figures of. */
const kTileCounts = [256, 1024, 4096, 10_000] as const;

const kDefaults = { model: 'demo', repetitions: 3, slidesInFlight: 2 } as const;

export const benchSpec: CommandSpec = {
  name: 'bench',
  positionals: '<folder|slide…>',
  summary: 'Measure slides per hour and tiles per second on this machine, with your slides and your model.',
  options: {
    model: {
      kind: 'text',
      value: 'M',
      help: `a bundle folder, an .onnx file or a built-in name (default: ${kDefaults.model})`,
    },
    ...flagSpecs(deviceRows),
    threads: {
      kind: 'integer',
      help: 'number of worker threads (default: one for each core, or fewer where a trial is faster with fewer)',
    },
    mpp: { kind: 'number', help: "resolution that tiles are read at, in microns per pixel (default: the model's)" },
    level: { kind: 'integer', help: 'read pyramid level N (0 is full resolution) instead of --mpp' },
    'slide-mpp': {
      kind: 'number',
      help: 'resolution of level 0 of the slides, in microns per pixel (default: what their files say)',
    },
    'tiles-per-slide': {
      kind: 'integer',
      help: 'score at most this many tiles of each slide, spread evenly over the tissue',
    },
    'batch-size': {
      kind: 'integer',
      help: 'tiles that a worker decodes and gives to the model together (default: 16)',
    },
    'slides-in-flight': {
      kind: 'integer',
      help: `how many slides are in work at the same time (default: ${kDefaults.slidesInFlight})`,
    },
    repetitions: {
      kind: 'integer',
      help: `how often all slides are scored, after a first time that is not measured (default: ${kDefaults.repetitions})`,
    },
    'onnx-runtime-path': { kind: 'text', value: 'PATH', help: 'path of libonnxruntime.so, or of its folder' },
    json: { kind: 'flag', help: 'print one line of JSON' },
  },
  notes: [
    'Every slide is scored once, which is not measured, then --repetitions times. The median is shown, with the lowest and highest.',
    'Slides of 256 to 10,000 tiles are projected from the tiles per second: docs/k80.md has the same figures for one machine.',
    'No score is shown and no file is written. Use slides like those that you will score: the figures depend on them.',
  ],
};

export async function bench(args: ParsedArgs, io: CliIo): Promise<number> {
  const repeat = atLeastOne(args, 'repetitions', kDefaults.repetitions);
  const slidesInFlight = atLeastOne(args, 'slides-in-flight', kDefaults.slidesInFlight);
  const slides = await namedSlides(args.positionals, benchSpec.name);
  const scorer = await io.library.createScorer(scorerOptions(args));
  try {
    const repetitions = await measure(scorer, slides, {
      repetitions: repeat,
      slidesInFlight,
      score: told<SlideScoreOptions>({ slideMpp: args.number('slide-mpp') }),
      signal: io.signal,
      onRepetition: (done) => void io.stderr.write(done === 0 ? 'warm\n' : `repetition ${done}\n`),
    });
    const figures = figuresOf(slides.length, repetitions, scorer.deviceUse?.gpus);
    io.stdout.write((args.flag('json') ? jsonOf : textOf)(figures, scorer.model.name, scorer.deviceUse));
  } finally {
    await scorer.close();
  }
  return exitCode.ok;
}

function atLeastOne(args: ParsedArgs, name: string, fallback: number): number {
  const value = args.number(name) ?? fallback;
  if (value < 1) throw new UsageError(`--${name} is ${value}, expected 1 or more`, benchSpec.name);
  return value;
}

/** Without what was not given: every default is the library's, and every value is checked where it parses its options. */
function told<T>(options: Readonly<Record<string, unknown>>): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function scorerOptions(args: ParsedArgs): ScorerOptions {
  return told<ScorerOptions>({
    ...nested(flagValues(args, deviceRows, benchSpec.name)),
    model: args.text('model') ?? kDefaults.model,
    threads: args.number('threads'),
    mpp: args.number('mpp'),
    level: args.number('level'),
    tilesPerSlide: args.number('tiles-per-slide'),
    batchSize: args.number('batch-size'),
    onnxRuntimePath: args.text('onnx-runtime-path'),
  });
}

/** Slides per hour by tiles per slide, at the median of the tiles per second. */
function projected({
  tilesPerSecond,
}: BenchFigures): readonly { readonly tiles: number; readonly slidesPerHour: number }[] {
  return kTileCounts.map((tiles) => ({ tiles, slidesPerHour: (3600 * tilesPerSecond.median) / tiles }));
}

function jsonOf(figures: BenchFigures, model: string, device: DeviceUse | undefined): string {
  const machine = { processor: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, node: process.version };
  return `${JSON.stringify({ microtome: toolVersion, model, machine, device: device ?? null, ...figures, projected: projected(figures) })}\n`;
}

function textOf(figures: BenchFigures, model: string, device: DeviceUse | undefined): string {
  const range = ({ median, lowest, highest }: Spread, digits: number): string =>
    `${median.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
  const shares = Object.entries(figures.stageShares).map(([stage, share]) => `${stage} ${(100 * share).toFixed(1)} %`);
  return table([
    ['processor', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores`],
    ...(device === undefined ? [] : [['device', deviceText(device)]]),
    ['model', printable(model)],
    ['slides', `${figures.slides}`],
    ['tiles', `${figures.tiles} a repetition`],
    ['repetitions', `${figures.repetitions}, median (lowest to highest)`],
    ['slides per hour', range(figures.slidesPerHour, 0)],
    ['tiles per second', range(figures.tilesPerSecond, 0)],
    ...projected(figures).map(({ tiles, slidesPerHour }) => [
      `slides of ${tiles.toLocaleString('en')} tiles`,
      `${Math.round(slidesPerHour).toLocaleString('en')} an hour`,
    ]),
    ['CPU per tile', `${range(figures.cpuMsPerTile, 3)} ms`],
    ['time by stage', shares.join(', ')],
    ...(figures.gpuBusyShare === null ? [] : [['time of a GPU in use', range(figures.gpuBusyShare, 3)]]),
  ]);
}
