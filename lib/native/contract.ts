/**
 * Every export of the native addon, typed, in one file. The addon validates types; lib/options/ validates meaning and
 * fills in every default, so that nothing here is optional without a reason. Sizes and offsets are JavaScript numbers
 * (exact to 2^53). Every promise rejects with a plain Error that carries NativeErrorFields; lib/core/errors.ts turns it into a
 * MicrotomeError.
 */

import type { Stage } from '../core/errors.js';

import type { NativeDeviceRequest, NativeGpuReport } from './device-request.js';
import type { NativeImageBatchWithValues, NativeImageJob, NativeImageProgram } from './images.js';
import type {
  CodecName,
  CompressionName,
  ElementType,
  PhotometricName,
  ReadPolicyName,
  ResolutionSource,
} from './names.js';
import type { NativeOutputPart, NativeProgram, QualityMeasure } from './program.js';
import type { NativeRowSink } from './rows.js';

export interface NativeErrorFields {
  /** What was found and what was expected. */
  readonly message: string;
  /** What the user can do about it. */
  readonly advice: string;
  readonly code: string;
  readonly stage: string;
  readonly path?: string;
  /** Present when a stored tile is to blame: level index, column and row in tiles. */
  readonly tile?: { readonly level: number; readonly column: number; readonly row: number };
}

export interface NativeLimits {
  readonly decodedTileBytes: number;
  readonly storedTileBytes: number;
  readonly directories: number;
  readonly tableBytes: number;
  readonly metadataBytes: number;
  readonly requestBytes: number;
}

export interface NativePaths {
  readonly jpeg: string;
  readonly vips: string;
  readonly onnxRuntime: string;
  /** Of the driver for slides that are no TIFF; named when one is met. */
  readonly openslide?: string;
}

export interface NativeOpenOptions {
  readonly limits: NativeLimits;
  readonly slideMpp: number | null;
  /** `auto`, which is the default, or the name of a driver. */
  readonly driver?: string;
  /** Files of the slide beside its own: watched by a driver that reads them. */
  readonly files?: readonly string[];
}

export interface NativeLevel {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly downsample: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly compression: CompressionName;
  readonly photometric: PhotometricName;
  readonly tiled: boolean;
}

export interface NativeSlideInfo {
  readonly levels: readonly NativeLevel[];
  readonly associated: readonly { readonly name: string; readonly width: number; readonly height: number }[];
  readonly mpp: {
    readonly x: number;
    readonly y: number;
    readonly source: ResolutionSource;
    readonly trusted: boolean;
  } | null;
  readonly orientation: number;
  readonly warnings: readonly string[];
  readonly driver: { readonly name: string; readonly why: string };
  readonly properties: Readonly<Record<string, string>>;
  readonly fileBytes: number;
}

export interface NativeRegion {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly badTiles: number;
  readonly missingTiles: number;
  readonly outsidePx: number;
}

export interface NativeMask {
  /** 255 tissue, 0 not. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per mask pixel. */
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  /** Those that read as white: damaged ones and missing ones. */
  readonly badTiles: number;
  readonly missingTiles: number;
  readonly madeTiles: number;
}

export interface NativeTissueOptions {
  readonly method: 'default' | 'wsinfer';
  readonly overviewSidePx: number;
  readonly minAreaFraction: number;
}

/**
 * Memory of the addon. It is filled piece by piece, so that no call copies for long. The call that it is passed to takes
 * it over; it cannot be used again.
 */
export interface NativeBytes {
  append(piece: Uint8Array): void;
}

/** Where tissue comes from: found in the slide, given as a mask image or polygons, or everywhere. */
export type NativeMaskSource =
  | { readonly kind: 'tissue'; readonly options: NativeTissueOptions }
  | { readonly kind: 'mask'; readonly data: NativeBytes; readonly width: number; readonly height: number }
  /**
   * `positions` holds doubles: x and y of every position, ring by ring. `rings` holds two 32-bit numbers for each ring:
   * how many positions it has, and which polygon it belongs to. Even-odd within a polygon, union of the polygons.
   */
  | { readonly kind: 'polygons'; readonly positions: NativeBytes; readonly rings: NativeBytes }
  | { readonly kind: 'all' };

export interface NativeGridOptions {
  /** Exactly one of the two is not null. */
  readonly level: number | null;
  readonly mpp: number | null;
  /** Overrides the slide's own mpp (from an option or a metadata row); null: the slide's. */
  readonly slideMpp: number | null;
  /** With mpp: JPEG tiles may be decoded at 1/2, 1/4 or 1/8 of their sides. */
  readonly scaledDecode: boolean;
  readonly sizePx: number;
  readonly stridePx: number;
  readonly placement: 'scaled' | 'wsinfer';
  readonly keep: 'fraction' | 'centre' | 'all';
  /** A tile that goes beyond the slide is filled with white, or left out. */
  readonly edge: 'pad' | 'drop';
  readonly minTissueFraction: number;
  /** 0: no limit. */
  readonly maxTiles: number;
  readonly seed: number;
  readonly mask: NativeMaskSource;
  readonly onBadTile: 'error' | 'fill';
}

/** The plan of one tile input. */
export interface NativePlannedInput {
  readonly level: number;
  readonly scale: number;
  readonly mpp: number | null;
  readonly policy: ReadPolicyName;
  readonly jpegReduction: number;
  readonly tiles: number;
  /** Tiles that the tissue rule keeps, before the sample that `maxTiles` takes. */
  readonly keptTiles: number;
  readonly gridTiles: number;
}

export interface NativePlan {
  /** By the order of the program's tile inputs. */
  readonly inputs: readonly NativePlannedInput[];
  /** Distinct stored tiles under the planned tiles, and their compressed bytes. */
  readonly storedTiles: number;
  readonly storedBytes: number;
  readonly tissueFraction: number | null;
  readonly memoryBytes: number;
}

export interface NativeTileBatch {
  /** RGB bytes, interleaved, or the tensor that was asked for: tiles * size * size * 3 samples. */
  readonly buffer: ArrayBuffer;
  /** Takes the memory of `buffer`, which is passed, back (it is empty then), to be used again. Idempotent. */
  release(buffer: ArrayBuffer): void;
  readonly tiles: number;
  /** Tiles that the stream gives in all, and how many of them come before this batch. */
  readonly total: number;
  readonly first: number;
  readonly sizePx: number;
  /** Side of a tile, in pixels of the level read. */
  readonly footprintPx: number;
  /** Pixels of the level read. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly level: number;
  /** Level-0 pixels per pixel of the level read. */
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  readonly badTiles: number;
}

/** Bytes that JavaScript brings. The addon asks for pages, never for the same ones twice at a time. */
export interface NativeByteSource {
  readonly size: number;
  /** What to call it in messages. */
  readonly name: string;
  /** How much a small read asks for; not there: 64 KiB. */
  readonly readAheadBytes?: number;
  /**
   * Asks for ranges. Exactly one of `answers.fail` and one `answers.answer` for each range follows, unless `forget` comes
   * before.
   */
  read(question: number, offsets: Float64Array, lengths: Float64Array, answers: NativeAnswers): void;
  /** Nobody waits for the answer any more. */
  forget(question: number): void;
}

export interface NativeAnswers {
  /** As many bytes as were asked for; they are copied. */
  answer(question: number, range: number, bytes: Uint8Array): void;
  /** Without `advice` the error has that of its code. */
  fail(question: number, code: 'FILE_UNREADABLE' | 'TRUNCATED' | 'NETWORK', found: string, advice?: string): void;
}

export interface NativeSlide {
  readonly info: NativeSlideInfo;
  readRegion(r: {
    readonly level: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly onBadTile: 'error' | 'fill';
  }): Promise<NativeRegion>;
  readAssociated(index: number): Promise<NativeRegion>;
  /** Null where the slide has none. */
  iccProfile(): Promise<Uint8Array | null>;
  thumbnail(maxSidePx: number, options: { readonly onBadTile: 'error' | 'fill' }): Promise<NativeRegion>;
  /** The mask that a score with this source is made with; not for `all`, which makes none. */
  tissue(options: { readonly mask: NativeMaskSource; readonly onBadTile: 'error' | 'fill' }): Promise<NativeMask>;
  plan(request: NativePlanRequest): Promise<NativePlan>;
  /** Returns at once; what is wrong with the slide or the options is told by next(). */
  tiles(grid: NativeGridOptions, options: NativeStreamOptions): NativeTileStream;
  /** Cancels what reads the slide; settles when the file is closed. Later calls reject with CANCELLED. */
  close(): Promise<void>;
}

export interface NativePlanRequest {
  readonly score: NativeProgram;
  /**
   * Of each encoder: the values in one row of each of its outputs, 0 where nobody knows yet, and the tiles of a run where the
   * graph fixes them, else 0.
   */
  readonly graphs: readonly { readonly columns: readonly number[]; readonly fixedRows: number }[];
  readonly threads: number;
  readonly memoryBytes: number;
}

export interface NativeStreamOptions {
  readonly batchSize: number;
  /** 0: one for each core. */
  readonly threads: number;
  /** null: RGB bytes. Its size is the grid's. */
  readonly tensor: NativeTensorFormat | null;
}

export interface NativeTileStream {
  /** null at the end. */
  next(): Promise<NativeTileBatch | null>;
  cancel(): void;
}

export interface NativeTensorFormat {
  readonly sizePx: number;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 'RGB' | 'BGR';
  readonly type: 'float32' | 'float16' | 'uint8';
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export interface NativeTensorInfo {
  readonly name: string;
  readonly type: ElementType;
  /** -1: dynamic. */
  readonly shape: readonly number[];
}

export interface NativeModelInfo {
  readonly inputs: readonly NativeTensorInfo[];
  readonly outputs: readonly NativeTensorInfo[];
}

/** A file of a model, with the SHA-256 (lower-case hex) that it had when the model was read. */
export interface NativeModelFile {
  readonly path: string;
  readonly sha256: string;
  /** Of weights that are not beside the graph, such as in a cache of links: what the graph calls them. */
  readonly location?: string;
}

export interface NativeEngineOptions {
  readonly graphs: readonly {
    /** The .onnx file. MODEL_INVALID when it, or a file of weights, is no longer what it was. */
    readonly graph: NativeModelFile;
    /** The files that the graph keeps weights in. */
    readonly weights: readonly NativeModelFile[];
  }[];
  /** Those that run once for a slide: heads. */
  readonly headGraphs: NativeEngineOptions['graphs'];
  readonly device: NativeDeviceRequest;
  /** Worker threads; 0: one per core that this process may use. */
  readonly threads: number;
  readonly memoryBytes: number;
}

/** Ends a slide when the interval of its score is narrow enough; all heads are means. */
export interface NativeStopping {
  /** On the scale of the score, after the calibration. */
  readonly halfWidth: number;
  readonly confidence: number;
  /** Before the first look. */
  readonly minTiles: number;
  /** Between two looks; also the number of strata. */
  readonly everyTiles: number;
  readonly seed: number;
}

/** The mean of some values of heads, so weighted, then calibrated, then held to a range. */
export interface NativeSlideOutput {
  readonly name: string;
  readonly of: readonly NativeOutputPart[];
  /** `logit`: the mean is taken of the log odds of the parts, and turned back into a probability. */
  readonly mean: 'value' | 'logit';
  readonly calibration:
    | { readonly kind: 'identity' }
    | { readonly kind: 'logistic' | 'logisticOfLogit'; readonly slope: number; readonly intercept: number }
    | { readonly kind: 'temperature'; readonly temperature: number }
    | { readonly kind: 'isotonic'; readonly x: Float64Array; readonly y: Float64Array };
  /** null: none. */
  readonly clip: readonly [lowest: number, highest: number] | null;
}

export interface NativeProgress {
  readonly stage: Stage;
  readonly tilesDone: number;
  readonly tilesTotal: number;
  readonly elapsedMs: number;
}

export interface NativeStageTimes {
  readonly stage: Stage;
  readonly busyMs: number;
  readonly waitingMs: number;
  readonly items: number;
  readonly bytes: number;
}

/** The tiles of one input that the heads saw. */
export interface NativeTileTable {
  readonly level: number;
  readonly scale: number;
  readonly mpp: number | null;
  readonly policy: ReadPolicyName;
  readonly jpegReduction: number;
  readonly tiles: number;
  /** Tiles that the tissue rule keeps, before the sample that `maxTiles` takes. */
  readonly keptTiles: number;
  readonly footprintPx: number;
  /** Level-0 pixels per pixel of the level read. */
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  /** Pixels of the level read, in plan order. Empty unless keepTiles. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** The same places in level 0, not rounded. */
  readonly level0X: Float64Array;
  readonly level0Y: Float64Array;
  /** Per tile, after activation: tiles * columns values. Empty unless keepTiles. */
  readonly outputs: readonly {
    readonly encoder: number;
    readonly name: string;
    readonly columns: number;
    readonly values: Float64Array;
  }[];
  /** Values per tile that heads gave, such as attention. Empty unless keepTiles. */
  readonly heads: readonly { readonly head: number; readonly name: string; readonly values: Float64Array }[];
  /** Of each tile, where a rule of quality reads them and keepTiles is true; else null. */
  readonly quality: Readonly<Record<QualityMeasure, Float64Array>> | null;
  /** Tiles that each rule of selection of this input left. */
  readonly leftByRule: readonly number[];
}

export interface NativeScoreResult {
  /** By the order of the program's tile inputs. */
  readonly tables: readonly NativeTileTable[];
  /** By head: its row of each output; empty of one that has a value for each tile. */
  readonly heads: readonly { readonly name: string; readonly outputs: readonly Float64Array[] }[];
  /** By the order of the program's outputs; `unclipped` is the value before it was held to the range. */
  readonly outputs: readonly { readonly name: string; readonly value: number; readonly unclipped: number }[];
  /** Where `stopping` was asked for: half of the width of the interval of the score, over the planned tiles. */
  readonly stopping: { readonly plannedTiles: number; readonly halfWidth: number } | null;
  readonly badTiles: number;
  readonly missingTiles: number;
  readonly decodedTiles: number;
  readonly tissueFraction: number | null;
  readonly times: readonly NativeStageTimes[];
  readonly elapsedMs: number;
  readonly warnings: readonly string[];
}

export interface NativeScoreJob {
  readonly result: Promise<NativeScoreResult>;
  /** Returns at once; `result` then rejects with CANCELLED within one tile and one inference call. */
  cancel(): void;
}

export interface NativeEngine {
  /** By the order of the graphs, and of the head graphs. */
  readonly models: readonly NativeModelInfo[];
  readonly headModels: readonly NativeModelInfo[];
  /** What its devices said when the graphs were loaded, one sentence each. */
  readonly notes: readonly string[];
  readonly threads: number;
  /** Largest sum of what was reserved of the memory limit at a time. */
  readonly peakMemoryBytes: number;
  /** onProgress is called on the JavaScript thread, at most every 100 ms. */
  score(
    slide: NativeSlide,
    program: NativeProgram,
    onProgress: ((p: NativeProgress) => void) | null,
    /** Must be given where the program has rows. */
    rows?: NativeRowSink,
  ): NativeScoreJob;
  /** Scores images that are no slides. An image that cannot be read fails alone. */
  scoreImages(batch: NativeImageBatchWithValues, program: NativeImageProgram): NativeImageJob;
  /** Cancels what runs (CANCELLED), waits for it, frees the model. */
  close(): Promise<void>;
}

/** What a library says of itself, or why it could not be opened. */
export interface NativeLibraryReport {
  readonly loaded: boolean;
  readonly path: string;
  readonly version: string;
  readonly error: string;
  readonly isPrivate: boolean;
}

/** Who decodes a compression here. */
export interface NativeCodec {
  readonly name: CodecName;
  /** `microtome` for what is written here; empty when nobody decodes it. */
  readonly library: string;
  readonly version: string;
  /** Compiled into the addon; else opened at run time. */
  readonly builtIn: boolean;
}

/** The libraries that scoring uses, the codecs, and the instructions and cores of the processor. */
export interface NativeDoctor {
  readonly jpeg: NativeLibraryReport;
  readonly vips: NativeLibraryReport;
  readonly onnxRuntime: NativeLibraryReport & { readonly api: number; readonly providers: readonly string[] };
  /** Reads slides that are no TIFF; not needed for others. */
  readonly openslide: NativeLibraryReport;
  readonly codecs: readonly NativeCodec[];
  readonly simd: string;
  readonly cores: number;
}

/** What can change the bits of a score, of what the addon knows. */
export interface NativeIdentity {
  /** `build`: what the library says of how it was built; empty where it is too old to say. */
  readonly onnxRuntime: { readonly version: string; readonly build: string };
  /** The instructions in use: `avx512`, `avx2` or `scalar`. */
  readonly simd: string;
}

export interface NativeAddon {
  /** Names the libraries; opens nothing. The first call of the process wins. */
  setPaths(paths: NativePaths): void;
  /** Cancels all work and waits for every thread, for the end of the process. Later requests fail. */
  halt(): void;
  /** Returns at once; `cancel` gives up the opening, also while it waits for bytes of a source. */
  openSlide(
    place: string | NativeByteSource,
    options: NativeOpenOptions,
  ): { readonly result: Promise<NativeSlide>; cancel(): void };
  /** Room for `expected` bytes is taken from the start; it grows where more are appended. */
  readonly Bytes: new (
    expected: number,
  ) => NativeBytes;
  /** Returns at once; `cancel` gives up the loading of the model. */
  createEngine(options: NativeEngineOptions): { readonly result: Promise<NativeEngine>; cancel(): void };
  doctor(): Promise<NativeDoctor>;
  /**
   * Opens the driver: that at the path, or the one that the loader finds. Free memory is asked for only where it is wanted: that
   * takes a context on each GPU. Does not reject for a driver that is not there.
   */
  gpuReport(request: { readonly driver: string; readonly freeMemory: boolean }): Promise<NativeGpuReport>;
  /** Opens ONNX Runtime where that has not happened yet, and nothing else. */
  identity(): Promise<NativeIdentity>;
  /** Cores that this process may use: the affinity mask, and no more than a container's limit. Opens nothing. */
  cores(): number;
}
