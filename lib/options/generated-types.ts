/** The option types of the public API. Made from lib/options/table by scripts/generate-options.mjs; do not edit. */

import type { Model } from '../model/model.js';
import type { DeviceChoice } from '../native/devices.js';
import type { ClipRange, ScoreProgress } from '../scoring/result.js';
import type { MaskInput } from './types.js';

/**
 * Function applied to the output of the .onnx file for each tile: sigmoid for one column of logits, softmax for the
 * logits of classes.
 */
export type Activation = 'none' | 'sigmoid' | 'softmax';

/** How the values of the tiles become one value for the slide. */
export type HeadMethod = 'mean' | 'max' | 'topK' | 'quantile' | 'noisyOr';

/**
 * Where tiles are: at the multiples of the stride, each rounded to a pixel (scaled), or where WSInfer has them
 * (wsinfer).
 */
export type TileGrid = 'scaled' | 'wsinfer';

/** Which tiles are scored: those with enough tissue (fraction), those with tissue at their centre (centre), or all. */
export type KeepRule = 'fraction' | 'centre' | 'all';

/**
 * How tissue is told from glass: by its colour relative to the slide's own white (default), or as WSInfer does it
 * (wsinfer).
 */
export type TissueMethod = 'default' | 'wsinfer';

/** What to do with a stored tile that cannot be decoded: fail the slide, or read it as white and count it. */
export type BadTilePolicy = 'error' | 'fill';

/** Who decodes JPEG tiles for a GPU. */
export type GpuDecode = 'auto' | 'cpu' | 'nvjpeg';

/** Type of the numbers in the file of features. */
export type FeatureType = 'float32' | 'float16';

/** What becomes of the tokens that a vision transformer gives for each tile. */
export type FeaturePool = 'cls' | 'mean' | 'none';

/** How pixels are prepared for an .onnx file that has no bundle. */
export interface ModelInputOptions {
  /**
   * Side of the tiles that the .onnx file takes. In pixels.
   * @defaultValue the size in the graph; must be given where the graph takes any size
   */
  readonly size?: number;
  /**
   * Resolution that the .onnx file was trained at. In microns per pixel. To score, give this, `input.level`, `mpp` or
   * `level`.
   */
  readonly mpp?: number;
  /** Pyramid level that the .onnx file was trained at (0 is full resolution), instead of `input.mpp`. */
  readonly level?: number;
  /** Order of the axes of the input. @defaultValue the order that the shape in the graph shows, else 'NCHW' */
  readonly layout?: 'NCHW' | 'NHWC';
  /** Order of the colour channels of the input. @defaultValue 'RGB' */
  readonly channels?: 'RGB' | 'BGR';
  /** Factor for the samples of 0 to 255: the model gets (sample * scale - mean) / std. @defaultValue 1/255 */
  readonly scale?: number;
  /**
   * One number for each channel, subtracted from the scaled samples. In the order of the model's channels.
   * @defaultValue [0, 0, 0]
   */
  readonly mean?: readonly [number, number, number];
  /**
   * One number for each channel; the samples are divided by it after the mean is subtracted. In the order of the
   * model's channels.
   * @defaultValue [1, 1, 1]
   */
  readonly std?: readonly [number, number, number];
}

/** How the values of the tiles become one value for the slide. */
export type HeadOptions =
  | { readonly method: 'mean' | 'max' | 'noisyOr' }
  | {
      readonly method: 'topK';
      /** For topK: take the mean of this many tiles, the highest. */
      readonly k?: number;
      /** For topK: take the mean of this share of the tiles, the highest (at least one tile). @defaultValue 0.1 */
      readonly fraction?: number;
    }
  | {
      readonly method: 'quantile';
      /** For quantile: which one, from 0 to 1 (0.5 is the median); between two tiles it is interpolated. */
      readonly quantile: number;
    };

/** Which part of the run this process scores. */
export interface ShardChoice {
  /** Which part of the run is scored, counted from 0. */
  readonly index: number;
  /**
   * How many parts the run is divided into; `output` is then the folder of the parts. Slides and images are divided by
   * the bytes of their files, the largest first, so that all parts are of about one size.
   */
  readonly count: number;
}

/** The grid of tiles, in model pixels. */
export interface TileOptions {
  /** Side of a tile, in model pixels. @defaultValue the model's */
  readonly size?: number;
  /**
   * Distance from one tile to the next, in model pixels.
   * @defaultValue the model's; where `tile.size` is given, that size
   */
  readonly stride?: number;
  /**
   * Where tiles are: at the multiples of the stride, each rounded to a pixel (scaled), or where WSInfer has them
   * (wsinfer). With wsinfer, the side of a tile and the step between tiles are whole pixels of level 0, halves rounded
   * to even. A tile belongs to the grid where its centre is on the slide. Tiles are read from level 0 and reduced.
   * @defaultValue wsinfer for a WSInfer folder, else scaled
   */
  readonly grid?: TileGrid;
}

/** How the tissue is looked for. */
export interface TissueOptions {
  /**
   * How tissue is told from glass: by its colour relative to the slide's own white (default), or as WSInfer does it
   * (wsinfer). wsinfer is a fixed threshold of the saturation. Pieces below 40,000 square microns are left out and
   * holes below 36,100 are filled, so the resolution of the slide must be known. A point is in the tissue where it is
   * in the polygon of WSInfer. `tissue.minAreaFraction` has no effect.
   * @defaultValue wsinfer for a WSInfer folder, else default
   */
  readonly method?: TissueMethod;
  /** Longer side of the overview image that tissue is found in. In pixels. @defaultValue 2048 */
  readonly overviewSide?: number;
  /** Pieces smaller than this share of the overview do not count as tissue. @defaultValue 0.00001 */
  readonly minAreaFraction?: number;
}

/**
 * Score the tiles of a slide in rounds, each spread evenly over the tissue, and stop once the score is known well
 * enough. It is known well enough when its confidence interval is at most `halfWidth` to either side. The tissue is
 * divided into `everyTiles` pieces of equal size, and each round takes one tile of every piece, drawn by `seed`. The
 * score is the mean over the pieces. The interval is that of stratified sampling without replacement, by Student's t,
 * for the mean of all planned tiles (Cochran, Sampling Techniques, 1977, chapter 5). It holds also where neighbouring
 * tiles are alike, because only the draw is random. A finding in very few tiles may never be drawn: then ask for a
 * larger `minTiles`. This works only for models whose slide score is the mean over tiles; for others no such interval
 * is known. The same tiles are scored with any number of threads and whatever other slides run. `SlideResult.stopping`
 * has the outcome.
 */
export interface StoppingOptions {
  /**
   * Stop a slide once its score is known to ± this; only for models whose slide score is the mean over tiles. It is
   * measured on the final score, after the model's calibration.
   */
  readonly halfWidth: number;
  /** Confidence level of `stopping.halfWidth`. @defaultValue 0.95 */
  readonly confidence?: number;
  /**
   * Score at least this many tiles before checking whether to stop. It is rounded up to whole rounds, at least two.
   * @defaultValue 256
   */
  readonly minTiles?: number;
  /** Tiles in one round; after each round it is checked whether to stop. @defaultValue 128 */
  readonly everyTiles?: number;
}

/** How a GPU computes, and where its libraries are. */
export interface GpuOptions {
  /**
   * Let the GPU round the factors of a product to 10 bits (TF32): faster from Ampere on, and other scores than on the
   * CPU.
   * @defaultValue false
   */
  readonly tf32?: boolean;
  /** Let TensorRT compute in half precision; CUDA takes the precision of the model. @defaultValue false */
  readonly fp16?: boolean;
  /**
   * Record the work of a batch once as a CUDA graph and replay it; helps small networks on fast GPUs.
   * @defaultValue false
   */
  readonly graphs?: boolean;
  /**
   * Who decodes JPEG tiles for a GPU. `nvjpeg` needs `reproducible: false`, for its pixels are not those of
   * libjpeg-turbo. `auto` takes it only then, only from compute capability 8.0 on, and only where a trial on the first
   * batches is faster with it.
   * @defaultValue 'auto'
   */
  readonly decode?: GpuDecode;
  /** Most memory that ONNX Runtime takes of each GPU. In bytes. @defaultValue all that is free */
  readonly memoryLimit?: number;
  /**
   * Folder where TensorRT keeps the engines that it has built; one for each GPU, version and model. Without it every
   * start builds them again, which takes minutes. Whoever can write to the folder decides what runs.
   */
  readonly cache?: string | URL;
  /**
   * Folders that are searched first for the libraries of the GPU, separated by ':'.
   * @defaultValue those of the environment variable MICROTOME_GPU_LIBRARIES
   */
  readonly libraries?: string;
  /** Library of the execution provider that `device: 'plugin:<name>'` names; needs ONNX Runtime 1.22 or newer. */
  readonly plugin?: string | URL;
}

/** Limits on what the file of a slide may ask for, so that a hostile file cannot exhaust the machine. */
export interface SlideLimits {
  /** Largest stored tile or strip, decoded. In bytes. @defaultValue 128 MiB */
  readonly decodedTileBytes?: number;
  /** Largest stored tile or strip, compressed. In bytes. @defaultValue 64 MiB */
  readonly storedTileBytes?: number;
  /** Most pages and SubIFDs of a file; a file with more is refused (LIMIT_EXCEEDED). @defaultValue 512 */
  readonly directories?: number;
  /** Largest table of tile offsets or sizes. In bytes. @defaultValue 256 MiB */
  readonly tableBytes?: number;
  /** Largest TIFF tag of text or numbers. In bytes. @defaultValue 16 MiB */
  readonly metadataBytes?: number;
  /** Largest region or batch of tiles that one call returns. In bytes. @defaultValue 1 GiB */
  readonly requestBytes?: number;
}

/**
 * How s3:// and https:// addresses are read and written. Credentials are no options: they come from where the AWS SDK
 * finds them (environment, profile, role of the machine).
 */
export interface StorageOptions {
  /** Region of the buckets. @defaultValue what the AWS SDK finds; with `storage.endpoint` us-east-1 */
  readonly region?: string;
  /** Address of a store that speaks S3 and is not Amazon's. @defaultValue what the AWS SDK finds */
  readonly endpoint?: string;
  /**
   * The bucket is in the path of a request, not in the name of the host.
   * @defaultValue true with `storage.endpoint`
   */
  readonly pathStyle?: boolean;
  /** Requests to s3:// are not signed, as for public data. @defaultValue false */
  readonly anonymous?: boolean;
  /** Most requests at a time to one store or host. @defaultValue 16 */
  readonly requests?: number;
  /**
   * How often a request that failed is sent again: 5xx, 429, broken connections, bodies that are cut short or stall.
   * @defaultValue 5
   */
  readonly retries?: number;
  /**
   * Folder for blocks of slides that were read, so that they are not fetched again. Several processes may share it.
   * @defaultValue nothing is kept
   */
  readonly cacheFolder?: string | URL;
  /** Most bytes in `storage.cacheFolder`; the blocks that were not used for longest go first. @defaultValue 10 GiB */
  readonly cacheBytes?: number;
  /**
   * Folder for the journal and the unfinished table of a run whose `output` is an s3:// address. `resume` needs it
   * again.
   * @defaultValue microtome-work in the working directory
   */
  readonly workFolder?: string | URL;
}

/** How {@link openSlide} opens a slide. */
export interface OpenOptions {
  /**
   * Resolution of level 0 of the slide, instead of what its file says. In microns per pixel.
   * @defaultValue what the file says; in a run with metadata, their column resolution
   */
  readonly slideMpp?: number;
  /**
   * Which driver reads a slide: the one that fits the file (auto), OpenSlide (openslide), or a dialect of TIFF by its
   * name. With auto, OpenSlide gets only files that are no TIFF. openslide also reads a TIFF by OpenSlide, to compare:
   * the pixels of a JPEG tile may differ by rounding.
   * @defaultValue 'auto'
   */
  readonly driver?: string;
  /**
   * Path of libopenslide.so.1, version 4 or newer, or of its folder.
   * @defaultValue the library of Python's package openslide-bin, or of the system
   */
  readonly openslidePath?: string | URL;
  /** Limits on what the file of a slide may ask for, so that a hostile file cannot exhaust the machine. */
  readonly limits?: SlideLimits;
  /**
   * How s3:// and https:// addresses are read and written. Credentials are no options: they come from where the AWS
   * SDK finds them (environment, profile, role of the machine).
   */
  readonly storage?: StorageOptions;
}

/**
 * What {@link Slide.readRegion} reads. Places and sizes are in pixels of the level; what lies outside the image is
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
   * What to do with a stored tile that cannot be decoded: stop with an error, or read it as white and count it.
   * @defaultValue 'error'
   */
  readonly onBadTile?: BadTilePolicy;
}

/** What {@link Slide.tiles} reads. Exactly one of `mpp` and `level` is given. */
export interface TilesOptions {
  /** How the tissue is looked for. */
  readonly tissue?: TissueOptions;
  /**
   * What to do with a stored tile that cannot be decoded: fail the slide, or read it as white and count it.
   * @defaultValue 'error'
   */
  readonly onBadTile?: BadTilePolicy;
  /** Stops the job at the next tile or the running call of the model; the job then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Resolution of the tiles; give this or `level`. In microns per pixel. */
  readonly mpp?: number;
  /** Pyramid level whose pixels are taken as they are, instead of `mpp`. */
  readonly level?: number;
  /** Side of a tile, in pixels of the tiles' resolution. */
  readonly size: number;
  /** Distance from one tile to the next, in pixels of the tiles' resolution. @defaultValue size */
  readonly stride?: number;
  /** Where the tissue is; then it is not looked for. @defaultValue the tissue found in the slide */
  readonly mask?: MaskInput;
  /**
   * Which tiles are read: those with enough tissue (fraction), those with tissue at their centre (centre), or all.
   * @defaultValue 'fraction'
   */
  readonly keep?: KeepRule;
  /** With `keep` fraction: a tile is read if at least this share of it is tissue. @defaultValue 0.25 */
  readonly minTissueFraction?: number;
  /** Read at most this many tiles, spread evenly over the tissue. @defaultValue no limit */
  readonly maxTiles?: number;
  /** Random seed for `maxTiles`. @defaultValue 0 */
  readonly seed?: number;
  /** Tiles in one batch; the last may have fewer. @defaultValue 16 */
  readonly batchSize?: number;
  /** Threads that decode ahead of the caller. @defaultValue one for each core that the process may use */
  readonly threads?: number;
  /**
   * With `mpp`: decode JPEG tiles at 1/2, 1/4 or 1/8 of their sides where `mpp` is that much coarser than the level.
   * This is faster. The pixels are averages of blocks, so they differ a little.
   * @defaultValue false
   */
  readonly scaledDecode?: boolean;
}

/**
 * What {@link Slide.tensors} reads, and how samples become model input: `(sample * scale - mean) / std` for each
 * channel, in the order of `channels`.
 */
export interface TensorsOptions extends TilesOptions {
  /** Order of the axes of a tensor. @defaultValue 'NCHW' */
  readonly layout?: 'NCHW' | 'NHWC';
  /** Order of the colour channels. @defaultValue 'RGB' */
  readonly channels?: 'RGB' | 'BGR';
  /** Type of the values; uint8 gives the samples as they are. @defaultValue 'float32' */
  readonly type?: 'float32' | 'float16' | 'uint8';
  /** Factor for the samples of 0 to 255: a value is (sample * scale - mean) / std. @defaultValue 1/255 */
  readonly scale?: number;
  /** One number for each channel, subtracted from the scaled samples. @defaultValue [0, 0, 0] */
  readonly mean?: readonly [number, number, number];
  /**
   * One number for each channel; the samples are divided by it after the mean is subtracted.
   * @defaultValue [1, 1, 1]
   */
  readonly std?: readonly [number, number, number];
}

/** Which device, threads, memory and library scoring uses. */
export interface RuntimeOptions {
  /**
   * Where the model runs. `cuda` and `tensorrt` take every GPU of the best kind that the process may see, `cuda:1` the
   * second GPU. `plugin:<name>` takes the device of that name from the library in `gpu.plugin`. `auto` takes `cuda`
   * where that works and the CPU else, and says which; a device that is named never becomes another one.
   * @defaultValue 'auto'
   */
  readonly device?: DeviceChoice;
  /**
   * Number of worker threads; scores are the same with any number.
   * @defaultValue one for each core that the process may use, or fewer where a trial on the first tiles is faster with
   * fewer
   */
  readonly threads?: number;
  /** Memory limit for everything but the model; at least 64 MiB. In bytes. @defaultValue 1 GiB */
  readonly memoryLimit?: number;
  /** Path of libonnxruntime.so, or of its folder. @defaultValue the library that comes with the package */
  readonly onnxRuntimePath?: string | URL;
  /** How a GPU computes, and where its libraries are. */
  readonly gpu?: GpuOptions;
}

/**
 * What a bundle would declare, for models that come without one. An .onnx file takes all of these; a WSInfer model
 * takes `column`, `head`, `graphOutput` and `clip`; a bundle takes `clip`.
 */
export interface ModelOptions {
  /** How pixels are prepared for an .onnx file that has no bundle. */
  readonly input?: ModelInputOptions;
  /** Name of the output of the graph that the score is made from. @defaultValue the only one */
  readonly graphOutput?: string;
  /**
   * Function applied to the output of the .onnx file for each tile: sigmoid for one column of logits, softmax for the
   * logits of classes.
   * @defaultValue 'none'
   */
  readonly activation?: Activation;
  /**
   * Which column of the output is the score: its number, counted from 0, or a class name of a WSInfer model.
   * @defaultValue the only one; of two, the second (the positive class); of more, it must be given
   */
  readonly column?: number | string;
  /** How the values of the tiles become one value for the slide. */
  readonly head?: HeadOptions;
  /**
   * Lowest and highest score, instead of what the bundle declares: a score outside is set to the nearer one. none: no
   * limits. In the API, null is none. Where nobody declares a range, the score is taken for a probability: a table is
   * held to [1e-6, 1 - 1e-6], and a score outside [0, 1] is an error of its slide (OUTPUT_OUT_OF_RANGE).
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
   * @defaultValue what the file says; in a run with metadata, their column resolution
   */
  readonly slideMpp?: number;
  /** The grid of tiles, in model pixels. */
  readonly tile?: TileOptions;
  /**
   * Which tiles are scored: those with enough tissue (fraction), those with tissue at their centre (centre), or all.
   * @defaultValue the model's, else 'fraction'
   */
  readonly keep?: KeepRule;
  /**
   * With `keep` fraction: a tile is scored if at least this share of it is tissue.
   * @defaultValue the model's, else 0.25
   */
  readonly minTissueFraction?: number;
  /**
   * Polygons that say where the tissue is, in level-0 pixels, as a GeoJSON file; then it is not looked for. The API
   * also takes GeoJSON as an object, or a mask over the whole slide.
   * @defaultValue the tissue found in the slide
   */
  readonly mask?: MaskInput;
  /** How the tissue is looked for. */
  readonly tissue?: TissueOptions;
  /**
   * Score at most this many tiles of a slide, chosen at random and spread evenly over the tissue. The same tiles are
   * chosen on every machine. `read.sampled` of the result says how many were chosen.
   * @defaultValue the model's, else no limit
   */
  readonly tilesPerSlide?: number;
  /** Random seed for `tilesPerSlide` and `stopping.halfWidth`. @defaultValue the model's, else 0 */
  readonly seed?: number;
  /**
   * Decode JPEG tiles at 1/2, 1/4 or 1/8 of their sides where the wanted resolution is that much coarser than the
   * level. This is faster. The pixels are averages of blocks, so the score differs a little. `read.jpegReduction` of
   * the result says what was done.
   * @defaultValue false
   */
  readonly scaledDecode?: boolean;
  /**
   * Score at most this many tiles, because there is no time for more. It works like `tilesPerSlide`; the smaller of
   * the two counts. A slide that it cuts short has a warning, `read.sampled.reason` is 'deadline' and `reproducible`
   * is false. A run with a `deadline` sets it for each slide.
   * @defaultValue no limit
   */
  readonly tileBudget?: number;
  /**
   * Score the tiles of a slide in rounds, each spread evenly over the tissue, and stop once the score is known well
   * enough. It is known well enough when its confidence interval is at most `halfWidth` to either side. The tissue is
   * divided into `everyTiles` pieces of equal size, and each round takes one tile of every piece, drawn by `seed`. The
   * score is the mean over the pieces. The interval is that of stratified sampling without replacement, by Student's
   * t, for the mean of all planned tiles (Cochran, Sampling Techniques, 1977, chapter 5). It holds also where
   * neighbouring tiles are alike, because only the draw is random. A finding in very few tiles may never be drawn:
   * then ask for a larger `minTiles`. This works only for models whose slide score is the mean over tiles; for others
   * no such interval is known. The same tiles are scored with any number of threads and whatever other slides run.
   * `SlideResult.stopping` has the outcome.
   */
  readonly stopping?: StoppingOptions;
  /**
   * What to do with a stored tile that cannot be decoded: fail the slide, or read it as white and count it.
   * @defaultValue 'error'
   */
  readonly onBadTile?: BadTilePolicy;
  /**
   * Tiles, or lesion images, that a worker decodes and gives to the model together. The model may be run on smaller
   * parts of it: on as many tiles as the graph fixes, or on four while `reproducible` is true.
   * @defaultValue 16
   */
  readonly batchSize?: number;
  /**
   * Give the same score, to the last bit, for any batch size, any number of threads and whatever else runs.
   * @defaultValue true
   */
  readonly reproducible?: boolean;
  /** Keep the place and the outputs of every tile in the result. @defaultValue false */
  readonly tiles?: boolean;
  /** Clinical values of the slide by column name; models that declare no clinical inputs ignore them. */
  readonly clinical?: Readonly<Record<string, string | number | null>>;
  /** Stops the job at the next tile or the running call of the model; the job then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called on the JavaScript thread, at most every 100 ms; what it throws is ignored. */
  readonly onProgress?: (report: ScoreProgress) => void;
  /**
   * Which driver reads a slide: the one that fits the file (auto), OpenSlide (openslide), or a dialect of TIFF by its
   * name. With auto, OpenSlide gets only files that are no TIFF. openslide also reads a TIFF by OpenSlide, to compare:
   * the pixels of a JPEG tile may differ by rounding.
   * @defaultValue 'auto'
   */
  readonly driver?: string;
  /**
   * Path of libopenslide.so.1, version 4 or newer, or of its folder.
   * @defaultValue the library of Python's package openslide-bin, or of the system
   */
  readonly openslidePath?: string | URL;
  /** Limits on what the file of a slide may ask for, so that a hostile file cannot exhaust the machine. */
  readonly limits?: SlideLimits;
  /**
   * How s3:// and https:// addresses are read and written. Credentials are no options: they come from where the AWS
   * SDK finds them (environment, profile, role of the machine).
   */
  readonly storage?: StorageOptions;
}

/** How a {@link Scorer} is made. The slide options are defaults for each of its slides. */
export interface ScorerOptions extends RuntimeOptions, ModelOptions, SlideScoreOptions {
  /**
   * The model: a bundle folder, a WSInfer folder, an .onnx file or a built-in name (demo, demo-lesion). The API also
   * takes what {@link loadModel} returned.
   */
  readonly model: string | URL | Model;
}

/** What {@link embedSlide} and {@link embedDirectory} write of each slide. */
export interface FeatureOptions {
  /**
   * Type of the numbers in the file of features. float16 takes half of the space; numbers are rounded to the nearest
   * one, and a slide with a number beyond 65504 fails (OUTPUT_OUT_OF_RANGE).
   * @defaultValue 'float32'
   */
  readonly featureType?: FeatureType;
  /**
   * Output of the model that the features are taken from, by its name in the bundle. Of an .onnx file with several
   * outputs, `graphOutput` chooses the one that is run.
   * @defaultValue the only one
   */
  readonly featureOutput?: string;
  /**
   * What becomes of the tokens that a vision transformer gives for each tile. cls: the first token, the class token.
   * mean: the mean of the tokens after the first `poolSkip`. none: all tokens are written. Must be given where the
   * output of the model is a list of tokens; an output that is one row of numbers takes no other value than none.
   * @defaultValue none; must be given for a list of tokens
   */
  readonly pool?: FeaturePool;
  /**
   * For `pool` mean: how many leading tokens are left out: the class token, and registers where the model has them.
   * @defaultValue 1
   */
  readonly poolSkip?: number;
}

/**
 * Which files are written of what was found in a slide. Each is written whole, or not at all; a file that is there is
 * not replaced.
 */
export interface SlideFileOptions {
  /**
   * Folder for all files of each slide: the subfolders tiles-csv, geojson, heatmap, attention and mask, and
   * run-record.json. What the model or the options cannot give (attention, a mask where every tile is kept) is left
   * out. An option for one kind of file names another folder for it. Of a model with several tile inputs, files show
   * the tiles of the first one.
   * @defaultValue none are written
   */
  readonly outputFolder?: string | URL;
  /**
   * Folder for a CSV of each slide: place and outputs of every tile, with the columns of WSInfer.
   * @defaultValue none are written
   */
  readonly tilesCsv?: string | URL;
  /**
   * Folder for a GeoJSON file of each slide: its tiles and their outputs, as QuPath reads them.
   * @defaultValue none are written
   */
  readonly geojson?: string | URL;
  /**
   * Folder for a heat map of each slide: a PNG over its thumbnail, a pyramidal TIFF that lies over the slide, and the
   * scale of the colours as JSON. The colours show the column of the outputs that the score is made from, or the
   * attention of the head where a graph makes the score of all tiles.
   * @defaultValue none are written
   */
  readonly heatmap?: string | URL;
  /**
   * Folder for the same pictures of the attention of each tile; only for a model with a tile output called attention.
   * @defaultValue none are written
   */
  readonly attention?: string | URL;
  /**
   * Folder for a PNG of each slide: the mask of the tissue that the tiles were chosen by.
   * @defaultValue none are written
   */
  readonly maskPng?: string | URL;
  /**
   * Level-0 pixels for each pixel of the largest level of a heat map as TIFF. With 1 the TIFF has the size of the
   * slide, and takes long to write.
   * @defaultValue the power of two that draws a tile about 8 to 16 pixels wide
   */
  readonly heatmapDownsample?: number;
  /**
   * JSON file that says how the run was made: versions, hashes, options, device, times, warnings and what became of
   * each slide (of lesion images: how many, and which failed). It is written when scoring begins, with the state
   * running, and again at the end.
   * @defaultValue none is written
   */
  readonly runRecord?: string | URL;
  /** Replace files of the slide that are there. @defaultValue false */
  readonly overwrite?: boolean;
}

/** Which part of a run is scored. */
export interface ShardPlace {
  /** Which part of the run this process scores. */
  readonly shard: ShardChoice;
}
