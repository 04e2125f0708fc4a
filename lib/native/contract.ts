/**
 * Every export of the native addon, typed, in one file. The addon validates types; lib/options.ts validates meaning and
 * fills in every default, so that nothing here is optional without a reason. Sizes and offsets are JavaScript numbers
 * (exact to 2^53). Every promise rejects with a plain Error that carries NativeErrorFields; lib/core/errors.ts turns it into a
 * MicrotomeError.
 */

export interface NativeErrorFields {
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
}

export interface NativeLevel {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly downsample: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly compression: string;
  readonly photometric: string;
  readonly tiled: boolean;
}

export interface NativeSlideInfo {
  readonly levels: readonly NativeLevel[];
  readonly associated: readonly { readonly name: string; readonly width: number; readonly height: number }[];
  readonly mpp: { readonly x: number; readonly y: number; readonly source: string; readonly trusted: boolean } | null;
  readonly orientation: number;
  readonly warnings: readonly string[];
  readonly fileBytes: number;
}

export interface NativeRegion {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly badTiles: number;
  readonly missingTiles: number;
}

export interface NativeMask {
  /** 255 tissue, 0 not. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per mask pixel. */
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  readonly badTiles: number;
}

export interface NativeTissueOptions {
  readonly overviewSidePx: number;
  readonly minAreaFraction: number;
}

/** Where tissue comes from: found in the slide, given as a mask image or polygons, or everywhere. */
export type NativeMaskSource =
  | { readonly kind: 'tissue'; readonly options: NativeTissueOptions }
  | { readonly kind: 'mask'; readonly data: Uint8Array; readonly width: number; readonly height: number }
  /** `polygonOf[i]` says which polygon ring i belongs to; even-odd within a polygon, union of the polygons. */
  | { readonly kind: 'polygons'; readonly rings: readonly Float64Array[]; readonly polygonOf: readonly number[] }
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
  readonly keep: 'fraction' | 'centre' | 'all';
  readonly minTissueFraction: number;
  /** 0: no limit. */
  readonly maxTiles: number;
  readonly seed: number;
  readonly mask: NativeMaskSource;
  readonly onBadTile: 'error' | 'fill';
}

export interface NativePlan {
  readonly level: number;
  readonly scale: number;
  readonly mpp: number | null;
  readonly policy: string;
  readonly jpegReduction: number;
  readonly tiles: number;
  /** Tiles that the tissue rule keeps, before the sample that `maxTiles` takes. */
  readonly keptTiles: number;
  readonly gridTiles: number;
  /** Distinct stored tiles under the planned tiles, and their compressed bytes. */
  readonly storedTiles: number;
  readonly storedBytes: number;
  readonly tissueFraction: number | null;
  readonly memoryBytes: number;
}

export interface NativeTileBatch {
  /** RGB bytes, interleaved, or the tensor that was asked for: tiles * size * size * 3 samples. */
  readonly buffer: ArrayBuffer;
  /** Takes the memory of `buffer` back (it is empty then), to be used again. Idempotent. */
  release(): void;
  readonly tiles: number;
  readonly sizePx: number;
  /** Pixels of the level read. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly level: number;
  readonly badTiles: number;
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
  thumbnail(maxSidePx: number): Promise<NativeRegion>;
  tissue(options: NativeTissueOptions): Promise<NativeMask>;
  plan(grid: NativeGridOptions): Promise<NativePlan>;
  tiles(grid: NativeGridOptions, options: NativeStreamOptions): Promise<NativeTileStream>;
  /** Waits for reads in flight; later calls reject with CANCELLED. */
  close(): Promise<void>;
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
  readonly type: string;
  /** -1: dynamic. */
  readonly shape: readonly number[];
}

export interface NativeModelInfo {
  readonly inputs: readonly NativeTensorInfo[];
  readonly outputs: readonly NativeTensorInfo[];
}

export interface NativeEngineOptions {
  readonly modelPath: string;
  readonly device: string;
  /** Worker threads; 0: one per core that this process may use. */
  readonly threads: number;
  readonly memoryBytes: number;
}

export interface NativeScoreOptions {
  readonly grid: NativeGridOptions;
  readonly preprocess: NativeTensorFormat;
  /** Graph outputs to read, in order. */
  readonly outputs: readonly {
    readonly name: string;
    readonly activation: 'none' | 'sigmoid' | 'softmax';
  }[];
  /** One slide-level value each. */
  readonly heads: readonly {
    readonly name: string;
    readonly output: number;
    readonly column: number;
    readonly method: 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr';
    readonly k: number;
    readonly fraction: number;
    readonly quantile: number;
  }[];
  /** null: every planned tile is scored. */
  readonly stopping: NativeStopping | null;
  readonly batchSize: number;
  /** True: the same bits for any batch size, thread count and company. */
  readonly reproducible: boolean;
  readonly keepTiles: boolean;
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
  /** The score before its calibration is the mean of these heads (by index) so weighted. */
  readonly of: readonly { readonly head: number; readonly weight: number }[];
  readonly curve:
    | { readonly kind: 'identity' }
    | { readonly kind: 'logistic' | 'logisticOfLogit'; readonly slope: number; readonly intercept: number }
    | { readonly kind: 'isotonic'; readonly x: Float64Array; readonly y: Float64Array };
}

export interface NativeProgress {
  readonly stage: string;
  readonly tilesDone: number;
  readonly tilesTotal: number;
  readonly elapsedMs: number;
}

export interface NativeStageTimes {
  readonly stage: string;
  readonly busyMs: number;
  readonly waitingMs: number;
  readonly items: number;
  readonly bytes: number;
}

export interface NativeScoreResult {
  readonly level: number;
  readonly scale: number;
  readonly mpp: number | null;
  readonly policy: string;
  readonly jpegReduction: number;
  readonly tiles: number;
  /** Tiles that the tissue rule keeps, before the sample that `maxTiles` takes. */
  readonly keptTiles: number;
  readonly footprintPx: number;
  /** Pixels of the level read, in plan order. Empty unless keepTiles. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Per tile, after activation: tiles * columns values. Empty unless keepTiles. */
  readonly tileOutputs: readonly { readonly name: string; readonly columns: number; readonly values: Float64Array }[];
  readonly heads: readonly { readonly name: string; readonly value: number }[];
  /** Where `stopping` was asked for: the interval of the score before its calibration, over the planned tiles. */
  readonly stopping: { readonly plannedTiles: number; readonly mean: number; readonly halfWidth: number } | null;
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
  readonly model: NativeModelInfo;
  readonly threads: number;
  /** onProgress is called on the JavaScript thread, at most every 100 ms. */
  score(
    slide: NativeSlide,
    options: NativeScoreOptions,
    onProgress: ((p: NativeProgress) => void) | null,
  ): NativeScoreJob;
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
  /** `none`, `jpeg`, `lzw`, `deflate`, `zstd`, `webp`, `jpeg2000`. */
  readonly name: string;
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
  readonly codecs: readonly NativeCodec[];
  readonly simd: string;
  readonly cores: number;
}

export interface NativeAddon {
  /** Names the libraries; opens nothing. The first call of the process wins. */
  setPaths(paths: NativePaths): void;
  openSlide(
    path: string,
    options: { readonly limits: NativeLimits; readonly slideMpp: number | null },
  ): Promise<NativeSlide>;
  createEngine(options: NativeEngineOptions): Promise<NativeEngine>;
  doctor(): Promise<NativeDoctor>;
  /** Code name and advice of every error, from native/core/error_codes.def. */
  errorCodes(): readonly (readonly [code: string, advice: string])[];
}
