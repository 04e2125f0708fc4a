/** The option types of the public API. Made from lib/options/table by scripts/generate-options.mjs; do not edit. */

import type { Model } from '../model/model.js';
import type { DeviceChoice } from '../native/devices.js';
import type { ClipRange, ScoreProgress } from '../scoring/result.js';
import type { MaskInput } from './types.js';

/**
 * What becomes of the output of a bare .onnx, tile by tile: sigmoid for a single column of logits, softmax for the
 * logits of classes.
 */
export type Activation = 'none' | 'sigmoid' | 'softmax';

/** How the values of the tiles become one value for the slide. */
export type HeadMethod = 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr';

/** Which tiles of the grid are scored: by their share of tissue, by tissue at their centre, or all. */
export type KeepRule = 'fraction' | 'centre' | 'all';

/** What a stored tile that cannot be decoded does: fail the slide, or read as white and be counted. */
export type BadTilePolicy = 'error' | 'fill';

/** How a bare .onnx takes its pixels. */
export interface ModelInputOptions {
  /** Side of the square input of a bare .onnx. In pixels. @defaultValue the graph's, where it is fixed */
  readonly size?: number;
  /**
   * Resolution that a bare .onnx works at. In microns per pixel. This, `input.level`, `mpp` or `level` is needed to
   * score.
   */
  readonly mpp?: number;
  /** Pyramid level that a bare .onnx works at; 0 is full resolution. */
  readonly level?: number;
  /** Order of the axes of the input. @defaultValue the one the graph's shape shows, else 'NCHW' */
  readonly layout?: 'NCHW' | 'NHWC';
  /** Order of the colour channels of the input. @defaultValue 'RGB' */
  readonly channels?: 'RGB' | 'BGR';
  /** Factor of each sample; the input is (sample * scale - mean) / std. @defaultValue 1/255 */
  readonly scale?: number;
  /** Subtracted from each scaled sample, by channel. In the order of the model's channels. @defaultValue [0, 0, 0] */
  readonly mean?: readonly [number, number, number];
  /**
   * Divides each sample after the mean is subtracted, by channel. In the order of the model's channels.
   * @defaultValue [1, 1, 1]
   */
  readonly std?: readonly [number, number, number];
}

/** How the values of the tiles become one value for the slide. */
export type HeadOptions =
  | { readonly method: 'mean' | 'max' | 'noisyOr' }
  | {
      readonly method: 'topK';
      /** Number of the highest tiles that topK takes the mean of. */
      readonly k?: number;
      /** Share of the tiles that topK takes the mean of, the highest ones, at least one. @defaultValue 0.1 */
      readonly fraction?: number;
    }
  | {
      readonly method: 'quantile';
      /** Which quantile the method quantile takes, from 0 to 1, linear between ranks. */
      readonly quantile: number;
    };

/** The grid of tiles, in model pixels. */
export interface TileOptions {
  /** Side of a tile, in model pixels. @defaultValue the model's */
  readonly size?: number;
  /**
   * Distance of neighbouring tiles, in model pixels.
   * @defaultValue the model's; where `tile.size` is given, that size
   */
  readonly stride?: number;
}

/** How the tissue mask is made. */
export interface TissueOptions {
  /** Longer side of the overview image that tissue is found in. In pixels. @defaultValue 2048 */
  readonly overviewSide?: number;
  /** Smallest part that counts as tissue, as a share of the overview. @defaultValue 0.00001 */
  readonly minAreaFraction?: number;
}

/**
 * Scores the tiles of a slide in rounds, each spread evenly over the tissue, and stops when the score is known well
 * enough. That is when its confidence interval reaches no further than `halfWidth` to either side. The tissue is cut
 * into `everyTiles` pieces of equal size, and each round draws one tile of every piece by `seed`. The score is then
 * that of stratified sampling without replacement: the mean over the pieces, with the interval by Student's t for the
 * mean of all planned tiles (Cochran, Sampling Techniques, 1977, chapter 5). The draw is what is random in it, so
 * neighbouring tiles may be alike. It does not see what was never drawn: a finding in so few tiles that the rounds may
 * miss it needs a larger `minTiles`. Only for models whose heads are all means; for others no such interval is known.
 * The same tiles are scored whatever the number of threads and the company of other slides; `SlideResult.stopping` has
 * the outcome.
 */
export interface StoppingOptions {
  /**
   * Stop a slide once its score is known to ± this; only for models whose slide score is the mean over tiles. On the
   * scale of the score, after the model's calibration.
   */
  readonly halfWidth: number;
  /**
   * Confidence level of `stopping.halfWidth`: how often the interval holds the score of all tiles.
   * @defaultValue 0.95
   */
  readonly confidence?: number;
  /**
   * Tiles that are scored before the first look at the interval. Rounded up to whole rounds, two at the least.
   * @defaultValue 256
   */
  readonly minTiles?: number;
  /** Tiles of one round; after each round is a look at the interval. @defaultValue 128 */
  readonly everyTiles?: number;
}

/** Limits on what the file of a slide may ask for, so that a hostile file cannot exhaust the machine. */
export interface SlideLimits {
  /** Largest stored tile or strip, decoded. In bytes. @defaultValue 128 MiB */
  readonly decodedTileBytes?: number;
  /** Largest stored tile or strip, compressed. In bytes. @defaultValue 64 MiB */
  readonly storedTileBytes?: number;
  /** Most pages and SubIFDs together; a file that has more is LIMIT_EXCEEDED. @defaultValue 512 */
  readonly directories?: number;
  /** Largest table of tile offsets or sizes. In bytes. @defaultValue 256 MiB */
  readonly tableBytes?: number;
  /** Largest text or small-number tag. In bytes. @defaultValue 16 MiB */
  readonly metadataBytes?: number;
  /** Largest region or batch of tiles that is handed out. In bytes. @defaultValue 1 GiB */
  readonly requestBytes?: number;
}

/** How {@link openSlide} opens a slide. */
export interface OpenOptions {
  /**
   * Resolution of level 0 of the slide, instead of what its file says. In microns per pixel.
   * @defaultValue the metadata's column resolution, else what the file says
   */
  readonly slideMpp?: number;
  /** Limits on what the file of a slide may ask for, so that a hostile file cannot exhaust the machine. */
  readonly limits?: SlideLimits;
}

/**
 * What {@link Slide.readRegion} reads. Pixels are of the named level; a region may reach outside the image, which is
 * white.
 */
export interface RegionOptions {
  /** Level of the pyramid. */
  readonly level: number;
  /** Left edge, in the level's pixels. */
  readonly x: number;
  /** Upper edge, in the level's pixels. */
  readonly y: number;
  /** Width, in the level's pixels. */
  readonly width: number;
  /** Height, in the level's pixels. */
  readonly height: number;
  /**
   * What a stored tile that cannot be decoded does: fail the call, or read as white and be counted.
   * @defaultValue 'error'
   */
  readonly onBadTile?: BadTilePolicy;
}

/** What {@link Slide.tiles} reads. Exactly one of `mpp` and `level` is given. */
export interface TilesOptions {
  /** How the tissue mask is made. */
  readonly tissue?: TissueOptions;
  /**
   * What a stored tile that cannot be decoded does: fail the slide, or read as white and be counted.
   * @defaultValue 'error'
   */
  readonly onBadTile?: BadTilePolicy;
  /** Stops the job within one tile and one inference call; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Resolution of the tiles; this or `level` is given. In microns per pixel. */
  readonly mpp?: number;
  /** Pyramid level that is read as it is stored, instead of `mpp`. */
  readonly level?: number;
  /** Side of a tile, in pixels of the tiles' resolution. */
  readonly size: number;
  /** Distance of neighbouring tiles, in pixels of the tiles' resolution. @defaultValue size */
  readonly stride?: number;
  /** Where tissue is, instead of finding it. @defaultValue the tissue found in the slide */
  readonly mask?: MaskInput;
  /** Which tiles of the grid are read. @defaultValue 'fraction' */
  readonly keep?: KeepRule;
  /** Smallest share of tissue of a tile that is read, with `keep` fraction. @defaultValue 0.25 */
  readonly minTissueFraction?: number;
  /** Most tiles, spread evenly over the tissue. @defaultValue no limit */
  readonly maxTiles?: number;
  /** Random seed for `maxTiles`. @defaultValue 0 */
  readonly seed?: number;
  /** Tiles in one batch; the last may have fewer. @defaultValue 16 */
  readonly batchSize?: number;
  /** Threads that decode ahead of the caller. @defaultValue one for each core that the process may use */
  readonly threads?: number;
  /**
   * With `mpp`: decode JPEG tiles at 1/2, 1/4 or 1/8 of their sides where the target is that much coarser than the
   * level. Faster, with other pixels: block averages.
   * @defaultValue false
   */
  readonly scaledDecode?: boolean;
}

/**
 * What {@link Slide.tensors} reads and how samples become model input: `(sample * scale - mean) / std`, channel by
 * channel in the order of `channels`.
 */
export interface TensorsOptions extends TilesOptions {
  /** Order of the axes. @defaultValue 'NCHW' */
  readonly layout?: 'NCHW' | 'NHWC';
  /** Order of the colour channels. @defaultValue 'RGB' */
  readonly channels?: 'RGB' | 'BGR';
  /** Type of the values; uint8 takes the samples as they are. @defaultValue 'float32' */
  readonly type?: 'float32' | 'float16' | 'uint8';
  /** Factor of each sample; a value is (sample * scale - mean) / std. @defaultValue 1/255 */
  readonly scale?: number;
  /** Subtracted from each scaled sample, by channel. @defaultValue [0, 0, 0] */
  readonly mean?: readonly [number, number, number];
  /** Divides each sample after the mean is subtracted, by channel. @defaultValue [1, 1, 1] */
  readonly std?: readonly [number, number, number];
}

/** The machine side of scoring. */
export interface RuntimeOptions {
  /** Where the model runs; this version runs it on the CPU only. @defaultValue 'auto' */
  readonly device?: DeviceChoice;
  /**
   * Worker threads; scores do not depend on it.
   * @defaultValue one for each core that the process may use, or fewer where a trial on the first tiles shows that
   * these are faster
   */
  readonly threads?: number;
  /** Most memory that is used, not counting the model. In bytes. @defaultValue 1 GiB */
  readonly memoryLimit?: number;
  /** Path of libonnxruntime.so, or of its folder. @defaultValue the library that comes with the package */
  readonly onnxRuntimePath?: string | URL;
}

/**
 * What a bundle would declare, for models that come without one: a bare .onnx takes all of these; a WSInfer model
 * takes `column`, `head`, `graphOutput` and `clip`; a bundle takes `clip`.
 */
export interface ModelOptions {
  /** How a bare .onnx takes its pixels. */
  readonly input?: ModelInputOptions;
  /** Name of the graph output that is scored. @defaultValue the only one */
  readonly graphOutput?: string;
  /**
   * What becomes of the output of a bare .onnx, tile by tile: sigmoid for a single column of logits, softmax for the
   * logits of classes.
   * @defaultValue 'none'
   */
  readonly activation?: Activation;
  /**
   * The column of the output that is the score: an index, or a class name of a WSInfer model.
   * @defaultValue the only one; of two, the second (the positive class); of more, it must be given
   */
  readonly column?: number | string;
  /** How the values of the tiles become one value for the slide. */
  readonly head?: HeadOptions;
  /**
   * Range that the score is held to, instead of the range that the bundle declares; none holds it to no range. In the
   * API, null is none. Where nobody declares a range, the score is taken for a probability: a table is held to [1e-6,
   * 1 - 1e-6], and a score outside [0, 1] is an error of its slide (OUTPUT_OUT_OF_RANGE).
   * @defaultValue the bundle's, else [1e-6, 1 - 1e-6] in a table
   */
  readonly clip?: ClipRange | null;
}

/** What may differ from slide to slide. */
export interface SlideScoreOptions {
  /** Resolution that tiles are read at. In microns per pixel. @defaultValue the model's, `input.mpp` */
  readonly mpp?: number;
  /**
   * Pyramid level that tiles are read from (0 is full resolution), instead of `mpp`.
   * @defaultValue the model's, where it declares a level
   */
  readonly level?: number;
  /**
   * Resolution of level 0 of the slide, instead of what its file says. In microns per pixel.
   * @defaultValue the metadata's column resolution, else what the file says
   */
  readonly slideMpp?: number;
  /** The grid of tiles, in model pixels. */
  readonly tile?: TileOptions;
  /**
   * Which tiles of the grid are scored: by their share of tissue, by tissue at their centre, or all.
   * @defaultValue the model's, else 'fraction'
   */
  readonly keep?: KeepRule;
  /** Smallest share of tissue of a tile that is scored, with `keep` fraction. @defaultValue the model's, else 0.25 */
  readonly minTissueFraction?: number;
  /**
   * Where tissue is, instead of finding it: a GeoJSON file of polygons in level-0 pixels. In the API also GeoJSON as
   * an object, or a mask over the whole slide.
   * @defaultValue the tissue found in the slide
   */
  readonly mask?: MaskInput;
  /** How the tissue mask is made. */
  readonly tissue?: TissueOptions;
  /**
   * Most tiles of a slide; where tissue has more, a random choice spread evenly over it is scored. The same tiles are
   * chosen on every machine. `read.sampled` of the result says so.
   * @defaultValue the model's, else no limit
   */
  readonly tilesPerSlide?: number;
  /** Random seed for `tilesPerSlide` and `stopping.halfWidth`. @defaultValue the model's, else 0 */
  readonly seed?: number;
  /**
   * Decode JPEG tiles at 1/2, 1/4 or 1/8 of their sides where the resolution is that much coarser than the level.
   * Faster, with other pixels: block averages. `read.jpegReduction` of the result says so.
   * @defaultValue false
   */
  readonly scaledDecode?: boolean;
  /**
   * Most tiles that there is time for. Like `tilesPerSlide`, of which the smaller holds, but a slide that it cuts
   * short says so: `read.sampled.reason` is 'deadline', with a warning, and `reproducible` is false. A run with a
   * `deadline` sets it slide by slide.
   * @defaultValue no limit
   */
  readonly tileBudget?: number;
  /**
   * Scores the tiles of a slide in rounds, each spread evenly over the tissue, and stops when the score is known well
   * enough. That is when its confidence interval reaches no further than `halfWidth` to either side. The tissue is cut
   * into `everyTiles` pieces of equal size, and each round draws one tile of every piece by `seed`. The score is then
   * that of stratified sampling without replacement: the mean over the pieces, with the interval by Student's t for
   * the mean of all planned tiles (Cochran, Sampling Techniques, 1977, chapter 5). The draw is what is random in it,
   * so neighbouring tiles may be alike. It does not see what was never drawn: a finding in so few tiles that the
   * rounds may miss it needs a larger `minTiles`. Only for models whose heads are all means; for others no such
   * interval is known. The same tiles are scored whatever the number of threads and the company of other slides;
   * `SlideResult.stopping` has the outcome.
   */
  readonly stopping?: StoppingOptions;
  /**
   * What a stored tile that cannot be decoded does: fail the slide, or read as white and be counted.
   * @defaultValue 'error'
   */
  readonly onBadTile?: BadTilePolicy;
  /**
   * Tiles that are decoded and handed to the model as one piece of work. A graph with a fixed batch axis, and every
   * graph while `reproducible` is true, is run on parts of it of one fixed size.
   * @defaultValue 16
   */
  readonly batchSize?: number;
  /** Give the same bits for any batch size, number of threads and company of other slides. @defaultValue true */
  readonly reproducible?: boolean;
  /** Keep the outputs of every tile in the result. @defaultValue false */
  readonly tiles?: boolean;
  /** Clinical values of the slide by column name; models that declare no clinical inputs ignore them. */
  readonly clinical?: Readonly<Record<string, string | number | null>>;
  /** Stops the job within one tile and one inference call; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called on the JavaScript thread, at most every 100 ms; what it throws is ignored. */
  readonly onProgress?: (report: ScoreProgress) => void;
  /** Limits on what the file of a slide may ask for, so that a hostile file cannot exhaust the machine. */
  readonly limits?: SlideLimits;
}

/** How a {@link Scorer} is made. The slide options are defaults for each of its slides. */
export interface ScorerOptions extends RuntimeOptions, ModelOptions, SlideScoreOptions {
  /**
   * The model: a bundle folder, a WSInfer folder, an .onnx file or a built-in name (demo). In the API also what
   * {@link loadModel} gave.
   */
  readonly model: string | URL | Model;
}
