/** What comes out of scoring, planning and progress. Plain data, frozen where it is shared. */

import type { MicrotomeError, Stage } from '../core/errors.js';
import type { JsonOf } from '../core/plain-json.js';
import type { DeviceUse } from '../native/devices.js';
import type { ReadPolicyName } from '../native/names.js';
import type { ModelAssumptions } from '../model/model.js';

/** The range that a score is held to in a table of results: lowest and highest value. */
export type ClipRange = readonly [lowest: number, highest: number];

/** The clip of a model that declares none: what a log-loss table needs. */
export const defaultClip: ClipRange = Object.freeze([1e-6, 1 - 1e-6] as const);

/** The number that stands for a value in a table of results, and wherever scores are shown. Null: no range. */
export function heldTo(value: number, clip: ClipRange | null): number {
  return clip === null ? value : Math.min(Math.max(value, clip[0]), clip[1]);
}

/**
 * Why fewer tiles than the tissue rule keeps are scored: the option `tilesPerSlide`, the cap that the model declares, or
 * too little time (`deadline`, or a `tileBudget`).
 */
export type SampleReason = 'tilesPerSlide' | 'model' | 'deadline';

/** A score that is made of a part of the tiles: a seeded choice, spread evenly over the tissue. */
export interface TileSample {
  /** Tiles chosen. */
  readonly tiles: number;
  /** Tiles that the tissue rule keeps. */
  readonly of: number;
  readonly reason: SampleReason;
  /** Random seed of the choice: the same seed gives the same tiles, on every machine. */
  readonly seed: number;
}

/** How a slide scored with `stopping` ended. */
export interface StoppingOutcome {
  /** Tiles scored. */
  readonly tiles: number;
  /** Tiles planned. When it is the same number as `tiles`, the slide was not stopped. */
  readonly of: number;
  /** Half of the width of the confidence interval around `score`; 0 when all planned tiles were scored. */
  readonly halfWidth: number;
  readonly confidence: number;
}

/** Which pixels were read. */
export interface ReadPolicy {
  /** Index of the level that was read. */
  readonly level: number;
  /** Microns per model pixel; null when the slide's resolution is unknown and a level was named. */
  readonly mpp: number | null;
  /** How the level became the model's resolution. */
  readonly policy: ReadPolicyName;
  /** Level pixels per model pixel: above 1, the level was reduced. */
  readonly scale: number;
  /** 2, 4 or 8: JPEG tiles were decoded at 1/2, 1/4 or 1/8 of their sides (`scaledDecode`); else 1. */
  readonly jpegReduction: number;
  /** Which part of the tiles was scored; null when all were that the tissue rule keeps. */
  readonly sampled: TileSample | null;
}

/** Per-tile values of one model output, row by row: `tiles * columns` numbers. */
export interface TileOutput {
  /** Values per tile. */
  readonly columns: number;
  /** Names of the columns, when the model gives them. */
  readonly columnNames: readonly string[] | null;
  /** Row by row, in the order of `x` and `y`, after the activation. */
  readonly values: Float64Array;
}

/** Where each tile was and what the model said of it; kept when `tiles: true` was passed. */
export interface TileTable {
  /** Number of tiles. */
  readonly count: number;
  /** Left edge of each tile, in pixels of level 0. Not rounded: a level's pixel need not be a whole number of them. */
  readonly level0X: Float64Array;
  /** Upper edge of each tile, in pixels of level 0. */
  readonly level0Y: Float64Array;
  /** Width of what a tile shows, in pixels of level 0. Tiles at the right and lower edge show white beyond the image. */
  readonly level0Width: number;
  /** Height of what a tile shows, in pixels of level 0. */
  readonly level0Height: number;
  /** Left edge of each tile, in pixels of `level`. */
  readonly x: Float64Array;
  /** Upper edge of each tile, in pixels of `level`. */
  readonly y: Float64Array;
  /** The level that `x` and `y` count in. */
  readonly level: number;
  /** Side of a tile, in pixels of `level`. */
  readonly footprintPx: number;
  /** Level-0 pixels per pixel of `level`: `x[i] * level0PerPxX` is the left edge of tile i in level 0. */
  readonly level0PerPxX: number;
  /** The same downwards: `y[i] * level0PerPxY` is the upper edge of tile i in level 0. */
  readonly level0PerPxY: number;
  /**
   * By the name of the model output: of the encoders of these tiles, and of heads that have a value for each tile, such as
   * attention. Where two have one name it is `encoder.output`.
   */
  readonly outputs: Readonly<Record<string, TileOutput>>;
  /** Measures of the pixels of each tile, such as `sharpness`, where a rule of selection of the model reads one; else null. */
  readonly quality: Readonly<Record<string, Float64Array>> | null;
  /** For JSON.stringify: typed arrays become plain arrays. */
  toJSON(): JsonOf<Omit<TileTable, 'toJSON'>>;
}

/** How many tiles of an input a rule of selection of the model left. */
export interface SelectionStep {
  /** Name of the tile input. */
  readonly input: string;
  /** Kind of the rule, as the bundle names it. */
  readonly rule: 'filter' | 'highest' | 'threshold' | 'quality';
  /** Tiles left. */
  readonly left: number;
}

/** What was done to the colours of the pixels before the model saw them. */
export interface AppliedColour {
  /** True: colours were converted from the slide's ICC profile to sRGB; a slide without one comes with a warning. */
  readonly icc: boolean;
  /** Stain normalisation, and the seed of the sample of tiles that it was fitted to; null: none. */
  readonly stain: { readonly method: 'macenko' | 'reinhard'; readonly seed: number } | null;
}

/** Time spent by one stage of the pipeline, summed over its threads. */
export interface StageTiming {
  readonly stage: Stage;
  readonly busyMs: number;
  readonly waitingMs: number;
  readonly items: number;
  readonly bytes: number;
}

/** Time spent on one slide. */
export interface Timings {
  /** From the call to the result, opening included. */
  readonly elapsedMs: number;
  readonly stages: readonly StageTiming[];
}

/** The model a score came from. */
export interface ModelIdentity {
  readonly name: string;
  /** SHA-256 in lower-case hex: of microtome.json for a bundle (which pins its files), of the file for a bare .onnx. */
  readonly sha256: string;
  /** What the model's card says it is for. */
  readonly intendedUse: string;
}

/** Of a device in use, what a score depends on most; `identity` of {@link DeviceUse} has the rest. */
export type ResultDevice = Pick<DeviceUse, 'id' | 'name' | 'precision'>;

/** One scored slide. */
export interface SlideResult {
  /** The slide's file. */
  readonly path: string;
  /**
   * The first output of the model, a finite number. It is held to `clip` where the model or the caller declares one; the
   * default clip is applied where a table is written or a score is shown, not here. `heldTo(score, clip)` is that number.
   */
  readonly score: number;
  /** The score before it was held to a declared range. */
  readonly unclipped: number;
  /** True: the range made another number of the score, by more than rounding (2e-6). */
  readonly clipped: boolean;
  /** Every slide-level output by name; `score` is the first value of the first. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** What a table of results holds `score` to: the bundle's range, the default [1e-6, 1 - 1e-6], or null for none. */
  readonly clip: ClipRange | null;
  /** Per-tile outputs of the first tile input; only with `tiles: true`, and not for a model that reads no tiles. */
  readonly tiles?: TileTable;
  /** The same of every tile input, by its name; only with `tiles: true`. */
  readonly tables?: Readonly<Record<string, TileTable>>;
  /** Which pixels were read for the tiles of the first tile input; null for a model that reads no tiles. */
  readonly read: ReadPolicy | null;
  /** The same of every tile input, by its name. */
  readonly reads: Readonly<Record<string, ReadPolicy>>;
  /** Number of tiles the score is made from, of all tile inputs together. */
  readonly tileCount: number;
  /** What each rule of selection of the model left, in their order; empty where it has none. */
  readonly selection: readonly SelectionStep[];
  /** What was done to the colours; null: nothing. */
  readonly colour: AppliedColour | null;
  /** How the option `stopping` ended the slide; null when it was not given. */
  readonly stopping: StoppingOutcome | null;
  /** Stored tiles decoded. */
  readonly decodedTiles: number;
  /**
   * Stored tiles that were taken as white: those that could not be decoded (`onBadTile: 'fill'`), and those that the file
   * leaves out.
   */
  readonly badTiles: number;
  /** How many of `badTiles` the file leaves out (zero length); these are never an error. */
  readonly missingTiles: number;
  /** Share of the slide that is tissue; null when no mask was made. */
  readonly tissueFraction: number | null;
  readonly timings: Timings;
  readonly warnings: readonly string[];
  readonly model: ModelIdentity;
  /** What was assumed of the model, since neither it nor the caller says it; null: nothing was. */
  readonly assumed: ModelAssumptions | null;
  /** The device that the model ran on, and the precision that a GPU computed in. */
  readonly device: ResultDevice;
  /**
   * True: the score is the same, to the last bit, for any batch size, any number of threads and whatever other slides run.
   * On a GPU: for the same kind of GPU, the same libraries and the same size of a batch. Never true for a slide that a
   * deadline has cut short, or that a GPU had too little memory for in its usual batches; nor with TensorRT, a plug-in, `gpu.tf32` or
   * `gpu.fp16`.
   */
  readonly reproducible: boolean;
  /** For JSON.stringify: typed arrays become plain arrays. `postMessage` copies a result as it is. */
  toJSON(): JsonOf<Omit<SlideResult, 'toJSON'>>;
}

/**
 * A slide of a directory: its result, or why there is none and what stands in for it; `fallback` is null where nothing
 * does.
 */
export type SlideOutcome =
  | { readonly ok: true; readonly result: SlideResult }
  | { readonly ok: false; readonly path: string; readonly error: MicrotomeError; readonly fallback: number | null };

/** What scoring a slide would read and need; nothing but the overview for the tissue mask is decoded for it. */
export interface SlidePlan {
  readonly path: string;
  /** Of the first tile input; null for a model that reads no tiles. */
  readonly read: ReadPolicy | null;
  /** The same of every tile input, by its name. */
  readonly reads: Readonly<Record<string, ReadPolicy>>;
  /** Tiles that would be scored, of all tile inputs together; rules of selection of the model are applied later. */
  readonly tiles: number;
  /** Grid positions before the tissue rule, of all tile inputs together. */
  readonly gridTiles: number;
  /** Distinct stored tiles below the planned tiles. */
  readonly storedTiles: number;
  /** Compressed bytes of those stored tiles. */
  readonly bytesToRead: number;
  /** Share of the slide that is tissue; null when no mask was made. */
  readonly tissueFraction: number | null;
  /** Memory needed, in bytes, not counting the model. */
  readonly memoryBytes: number;
}

/** Where a job stands. Given to `onProgress`, at most every 100 ms. */
export interface ScoreProgress {
  readonly stage: Stage;
  readonly slides: { readonly done: number; readonly total: number };
  /** Tiles of the slide in work; `total` is 0 until the tiles are planned. */
  readonly tiles: { readonly done: number; readonly total: number };
  /** Tiles per second since the tiles began; 0 at the start. */
  readonly tilesPerSecond: number;
  readonly elapsedMs: number;
  /** An estimate from the rate so far; null while there is none. */
  readonly timeLeftMs: number | null;
}
