/** The option types of the public API. lib/options/*.ts parses them; lib/options/defaults.ts has every default. */

import type { Model } from '../model/model.js';
import type { ScoreProgress } from '../scoring/result.js';
import type { TissueMask } from '../slide/tissue-mask.js';

/** Bounds on what a slide file may ask for, so that a hostile one cannot exhaust the machine. All in bytes but one. */
export interface SlideLimits {
  /** One stored tile or strip, decoded. @defaultValue 128 MiB */
  readonly decodedTileBytes?: number;
  /** One stored tile or strip, compressed. @defaultValue 64 MiB */
  readonly storedTileBytes?: number;
  /** Pages and SubIFDs together; a file that has more is LIMIT_EXCEEDED. @defaultValue 512 */
  readonly directories?: number;
  /** One table of tile offsets or sizes. @defaultValue 256 MiB */
  readonly tableBytes?: number;
  /** One text or small-number tag. @defaultValue 16 MiB */
  readonly metadataBytes?: number;
  /** One region handed out. @defaultValue 1 GiB */
  readonly requestBytes?: number;
}

/** How {@link openSlide} opens a slide. */
export interface OpenOptions {
  /** Microns per level-0 pixel, instead of what the file says. */
  readonly mpp?: number;
  readonly limits?: SlideLimits;
}

/** How the tissue mask is made. */
export interface TissueOptions {
  /** Longer side of the overview that is read, in pixels (64 to 16384). @defaultValue 2048 */
  readonly overviewSide?: number;
  /** Smallest part that counts as tissue, as a share of the overview. @defaultValue 1e-5 */
  readonly minAreaFraction?: number;
}

/** What {@link Slide.tissue} takes. */
export interface TissueCallOptions extends TissueOptions {
  /** What a stored tile does that cannot be decoded. @defaultValue 'error' */
  readonly onBadTile?: BadTiles;
}

/**
 * Where tissue is, instead of finding it: a mask over the whole slide, GeoJSON polygons in level-0 pixels (an object), or
 * the path of a GeoJSON file.
 */
export type MaskInput = TissueMask | GeoJsonObject | string;

/** A GeoJSON FeatureCollection, Feature, GeometryCollection, Polygon or MultiPolygon, in level-0 pixels. */
export interface GeoJsonObject {
  readonly type: 'FeatureCollection' | 'Feature' | 'GeometryCollection' | 'Polygon' | 'MultiPolygon';
  readonly [member: string]: unknown;
}

/** Which tiles of the grid are used: by tissue share, by tissue at the centre, or all. */
export type KeepRule = 'fraction' | 'centre' | 'all';

/** What a stored tile that cannot be decoded does: end the job, or read as white and be counted. */
export type BadTiles = 'error' | 'fill';

/** What is read of one region. Pixels are of the named level; a region may reach outside the image, which is white. */
export interface RegionOptions {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** @defaultValue 'error' */
  readonly onBadTile?: BadTiles;
}

/** What {@link Slide.tiles} reads. Exactly one of `mpp` and `level` is given. */
export interface TilesOptions {
  /** Microns per pixel of the tiles. */
  readonly mpp?: number;
  /** Pyramid level, read as it is stored. */
  readonly level?: number;
  /** Side of a tile, in pixels of the tiles' resolution. */
  readonly size: number;
  /** Distance of tiles, in the same pixels. @defaultValue size */
  readonly stride?: number;
  /** @defaultValue the tissue found in the slide */
  readonly mask?: MaskInput;
  readonly tissue?: TissueOptions;
  /** @defaultValue 'fraction' */
  readonly keep?: KeepRule;
  /** @defaultValue 0.25 */
  readonly minTissueFraction?: number;
  /** Most tiles, spread evenly over the tissue. @defaultValue no limit */
  readonly maxTiles?: number;
  /** @defaultValue 0 */
  readonly seed?: number;
  /** Tiles in one batch; the last may have fewer. @defaultValue 16 */
  readonly batchSize?: number;
  /** Threads that decode ahead of the caller. @defaultValue one for each core that the process may use */
  readonly threads?: number;
  /**
   * With `mpp`: JPEG tiles are decoded at 1/2, 1/4 or 1/8 of their sides where the target is that much coarser than the
   * level. Faster, with other pixels: block averages. @defaultValue false
   */
  readonly scaledDecode?: boolean;
  /** @defaultValue 'error' */
  readonly badTiles?: BadTiles;
  readonly signal?: AbortSignal;
}

/**
 * What {@link Slide.tensors} reads and how samples become model input:
 * `(sample * scale - mean) / std`, channel by channel in the order of `channels`. `uint8` takes the samples as they are.
 */
export interface TensorsOptions extends TilesOptions {
  /** @defaultValue 'NCHW' */
  readonly layout?: 'NCHW' | 'NHWC';
  /** @defaultValue 'RGB' */
  readonly channels?: 'RGB' | 'BGR';
  /** @defaultValue 'float32' */
  readonly type?: 'float32' | 'float16' | 'uint8';
  /** @defaultValue 1/255 */
  readonly scale?: number;
  /** @defaultValue [0, 0, 0] */
  readonly mean?: readonly [number, number, number];
  /** @defaultValue [1, 1, 1] */
  readonly std?: readonly [number, number, number];
}

/** The machine side of scoring. */
export interface RuntimeOptions {
  /** `auto`, `cpu`, `cuda`, `cuda:<n>` or `tensorrt`; this version runs on the CPU only. @defaultValue 'auto' */
  readonly device?: string;
  /**
   * Worker threads.
   * @defaultValue one for each core that the process may use, or fewer of them where a trial on the first tiles shows that
   * these are faster; scores do not depend on it
   */
  readonly threads?: number;
  /** Bytes beside the model (at least 64 MiB). @defaultValue 1 GiB */
  readonly memoryLimit?: number;
  /** Path of libonnxruntime.so, instead of the one found in `onnxruntime-node`. */
  readonly onnxRuntimePath?: string;
}

/** What becomes of one output value, tile by tile. */
export type Activation = 'none' | 'sigmoid' | 'softmax';

/** How a bare .onnx takes its pixels: `(sample * scale - mean) / std`, channel by channel in the model's order. */
export interface ModelInputOptions {
  /** Side of the square input in pixels. @defaultValue the graph's, where it is fixed */
  readonly size?: number;
  /** Microns per model pixel; this or `level` is needed to score. */
  readonly mpp?: number;
  /** Pyramid level, instead of `mpp`. */
  readonly level?: number;
  /** @defaultValue the one the graph's shape shows, else 'NCHW' */
  readonly layout?: 'NCHW' | 'NHWC';
  /** @defaultValue 'RGB' */
  readonly channels?: 'RGB' | 'BGR';
  /** @defaultValue 1/255 */
  readonly scale?: number;
  /** @defaultValue [0, 0, 0] */
  readonly mean?: readonly [number, number, number];
  /** @defaultValue [1, 1, 1] */
  readonly std?: readonly [number, number, number];
}

/** How per-tile values become one value for the slide. */
export type HeadOptions =
  | { readonly method: 'mean' | 'max' | 'noisyOr' }
  /** Mean of the highest tiles: `k` of them, or a `fraction` of all (0.1 unless told, at least one tile). */
  | { readonly method: 'topK'; readonly k?: number; readonly fraction?: number }
  /** Linear between ranks. */
  | { readonly method: 'quantile'; readonly quantile: number };

/**
 * What a bundle would declare, for models that come without one: a bare .onnx takes all of these; a WSInfer model takes
 * `column` and `head`; a bundle takes none.
 */
export interface ModelOptions {
  readonly input?: ModelInputOptions;
  /** Name of the graph output that is scored. @defaultValue the only one */
  readonly output?: string;
  /** @defaultValue 'none' */
  readonly activation?: Activation;
  /**
   * The column of the output that is the score: an index, or a class name of a WSInfer model.
   * @defaultValue the only one; of two, the second (the positive class); of more, it must be told
   */
  readonly column?: number | string;
  /** @defaultValue `{ method: 'mean' }` */
  readonly head?: HeadOptions;
}

/**
 * Scores the tiles of a slide in rounds, each spread evenly over the tissue, and stops when the score is known well enough:
 * when its confidence interval reaches no further than `halfWidth` to either side.
 *
 * The tissue is cut into `everyTiles` pieces of equal size, and each round draws one tile of every piece by `seed`. The
 * score is then that of stratified sampling without replacement: the mean over the pieces, with the interval by Student's
 * t for the mean of all planned tiles (Cochran, Sampling Techniques, 1977, chapter 5). The draw is what is random in it,
 * so neighbouring tiles may be alike. It does not see what was never drawn: a finding in so few tiles that the rounds
 * may miss it needs a larger `minTiles`. Only for models whose heads are all means; for others no such interval is known.
 *
 * The same tiles are scored whatever the number of threads and the company of other slides, and looked at after the same
 * numbers of tiles; `SlideResult.stopping` has the outcome.
 */
export interface StoppingOptions {
  /** On the scale of the score, after the model's calibration. Above 0. */
  readonly halfWidth: number;
  /** How often the interval shall hold the score of all tiles; above 0, below 1. @defaultValue 0.95 */
  readonly confidence?: number;
  /** Tiles before the first look; rounded up to whole rounds, two at the least. @defaultValue 256 */
  readonly minTiles?: number;
  /** Tiles of one round, after each of which is looked. @defaultValue 128 */
  readonly everyTiles?: number;
}

/** What may differ from slide to slide. */
export interface SlideScoreOptions {
  /** Microns per model pixel, instead of the model's. */
  readonly mpp?: number;
  /** Pyramid level, instead of the model's mpp or level. */
  readonly level?: number;
  /** Microns per level-0 pixel of the slide, instead of what the file says. */
  readonly slideMpp?: number;
  /** Grid in model pixels. @defaultValue the model's size, and stride equal to it */
  readonly tile?: { readonly size?: number; readonly stride?: number };
  /** Which tiles are scored. @defaultValue the model's, else 'fraction' */
  readonly keep?: KeepRule;
  /** For `keep: 'fraction'`. @defaultValue the model's, else 0.25 */
  readonly minTissueFraction?: number;
  /** @defaultValue the tissue found in the slide */
  readonly mask?: MaskInput;
  readonly tissue?: TissueOptions;
  /**
   * Most tiles of a slide. Where the tissue rule keeps more, so many of them are chosen: spread evenly over the tissue,
   * by `seed`, the same on every machine. `read.sampled` says so. @defaultValue the model's, else no limit
   */
  readonly tilesPerSlide?: number;
  /** Of the choice that `tilesPerSlide` asks for, and of the rounds of `stopping`. @defaultValue the model's, else 0 */
  readonly seed?: number;
  /**
   * Where the model works at a resolution that is 2, 4 or 8 times coarser than the level that is read, or more: JPEG
   * tiles are decoded at 1/2, 1/4 or 1/8 of their sides. Faster, with other pixels: block averages, which is recorded in
   * the result. @defaultValue false
   */
  readonly scaledDecode?: boolean;
  /**
   * Most tiles that there is time for. Like `tilesPerSlide`, of which the smaller holds, but a slide that it cuts short
   * says so: `read.sampled.reason` is 'deadline', with a warning, and `reproducible` is false. A run with a `deadline`
   * sets it slide by slide. @defaultValue no limit
   */
  readonly tileBudget?: number;
  /** Stops a slide when its score is known well enough. @defaultValue every planned tile is scored */
  readonly stopping?: StoppingOptions;
  /** @defaultValue 'error' */
  readonly badTiles?: BadTiles;
  /**
   * Tiles decoded and handed to the model as one piece of work. A graph with a fixed batch axis, and every graph while
   * `reproducible` is true, is run on parts of it of one fixed size. @defaultValue 16
   */
  readonly batchSize?: number;
  /** Bit-equal results for any batch size, thread count and company. @defaultValue true */
  readonly reproducible?: boolean;
  /** Keeps per-tile outputs in the result. @defaultValue false */
  readonly tiles?: boolean;
  /** Per-slide clinical values by column name; read by models that declare clinical inputs, ignored by others. */
  readonly clinical?: Readonly<Record<string, string | number | null>>;
  readonly limits?: SlideLimits;
  /** Stops the job within one tile and one inference call; the promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called on the JavaScript thread, at most every 100 ms. What it throws is ignored. */
  readonly onProgress?: (progress: ScoreProgress) => void;
}

/** How a {@link Scorer} is made. The slide options are defaults for each of its slides. */
export interface ScorerOptions extends RuntimeOptions, ModelOptions, SlideScoreOptions {
  /** A bundle folder, a WSInfer folder, an .onnx file, a built-in name, or what {@link loadModel} gave. Required. */
  readonly model: string | Model;
}

/** How {@link scoreSlide} scores. */
export type ScoreOptions = ScorerOptions;
