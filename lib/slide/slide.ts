/** openSlide and the open slide: what its file says, regions, thumbnails, tissue and tiles. */

import { jobUnlessAborted, runJob, throwIfAborted } from '../core/cancel.js';
import type { Job } from '../core/cancel.js';
import { MicrotomeError, fromNative, native, nativeJob } from '../core/errors.js';
import { withJson } from '../core/plain-json.js';
import { findOpenslideFor, loadAddon, nameOpenslide, openslideNamed } from '../native/addon.js';
import type { NativeRegion, NativeSlide, NativeSlideInfo, NativeTileBatch } from '../native/contract.js';
import type { CompressionName, PhotometricName, ResolutionSource } from '../native/names.js';
import { maskSource } from './mask-source.js';
import {
  parseMaxSide,
  parseOpenOptions,
  parseRegion,
  parseTensorsOptions,
  parseTilesOptions,
  parseTissueCall,
} from '../options/slide-options.js';
import type { ParsedOpenOptions, ParsedTiles } from '../options/slide-options.js';
import type { OpenOptions, RegionOptions, TensorsOptions, TilesOptions, TissueCallOptions } from '../options/types.js';
import { RemoteSlide } from '../storage/remote-slide.js';
import { placeOf } from './byte-source.js';
import type { Input, Place } from './byte-source.js';
import { otherFiles } from './files/other-files.js';
import { bridgeTo } from './source-bridge.js';
import { OwnedTensorBatch, OwnedTileBatch } from './tile-batch.js';
import type { TensorBatch, TensorType, TileBatch } from './tile-batch.js';
import type { TissueMask } from './tissue-mask.js';

/** One level of a slide's pyramid; 0 is the largest. Sizes are without the padding that some scanners add. */
export interface SlideLevel {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel of this level. */
  readonly downsample: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly compression: CompressionName;
  readonly photometric: PhotometricName;
  /** False: stored in strips. */
  readonly tiled: boolean;
}

/** Microns per level-0 pixel. */
export interface Resolution {
  readonly x: number;
  readonly y: number;
  readonly source: ResolutionSource;
  /** False: too far from microscopy to be believed; taken as unknown where a resolution is needed. */
  readonly trusted: boolean;
}

/** What read a slide. */
export interface SlideDriver {
  /** `openslide`, or a dialect of TIFF. */
  readonly name: string;
  /** One sentence: what in the file made this driver the right one. */
  readonly why: string;
}

/** An image of the file that is no level: a label, a macro photograph, a thumbnail, a page of another picture. */
export interface AssociatedImage {
  /**
   * `label`, `macro`, `thumbnail`, `overview` or `mask` where the file says so; else `page-<n>`, `subifd-<n>` or
   * `page-<n>-subifd-<m>`. Each name once: a second label is `label-2`.
   */
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** Pixels: RGB, 8 bits, interleaved, rows from the top. */
export interface Region {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  /** Stored tiles that read as white: those that could not be decoded, and those that the file leaves out. */
  readonly badTiles: number;
  /** How many of `badTiles` the file leaves out (zero length); these are never an error. */
  readonly missingTiles: number;
  /** Pixels of the region that lie outside the image; they are white. */
  readonly outsidePx: number;
}

/** An open slide. Any number of calls may run at once; after {@link Slide.close} every call rejects with CANCELLED. */
export interface Slide extends AsyncDisposable {
  readonly path: string;
  /** Width of level 0, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly levels: readonly SlideLevel[];
  readonly mpp: Resolution | null;
  readonly associated: readonly AssociatedImage[];
  /** TIFF orientation, 1 to 8; reported, never applied. */
  readonly orientation: number;
  readonly fileBytes: number;
  /** What read the file: a dialect of TIFF, or another library; and what in the file made it the right one. */
  readonly driver: SlideDriver;
  /** What the file says about itself, in its own names, unchanged. Texts of a stranger: escape them before you show them. */
  readonly properties: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /**
   * Pixels of one region. What lies outside the level is white, and counted in `outsidePx`; a region that lies wholly
   * outside is refused.
   * @throws {@link MicrotomeError} CORRUPT_TILE, TRUNCATED, LEVEL_OUT_OF_RANGE, LIMIT_EXCEEDED, UNSUPPORTED_COMPRESSION,
   * INVALID_OPTION, CANCELLED.
   */
  readRegion(region: RegionOptions): Promise<Region>;
  /** Pixels of an associated image, by name. */
  readAssociated(name: string): Promise<Region>;
  /**
   * The ICC profile of the slide as its file has it; null where it has none. A bundle with `colour.icc` applies it.
   * @throws {@link MicrotomeError} UNSUPPORTED_PIXELS, LIMIT_EXCEEDED, TRUNCATED, CANCELLED.
   */
  iccProfile(): Promise<Uint8Array | null>;
  /** The whole slide, with a longer side of at most `maxSide` pixels (1 to 16384). */
  thumbnail(maxSide: number): Promise<Region>;
  /** Where the slide has tissue. */
  tissue(options?: TissueCallOptions): Promise<TissueMask>;
  /**
   * The tiles of a grid over the tissue, batch by batch, each stored tile decoded once. Tiles that share stored tiles
   * come together, so their order is not by row: `level0X` and `level0Y` say where each is. The order is the same every
   * time. Threads decode a few batches ahead of the loop; leaving it ends their work.
   * @example
   * ```ts
   * for await (const batch of slide.tiles({ mpp: 0.5, size: 256 })) {
   *   use(batch.data, batch.level0X, batch.level0Y);
   *   console.log(`${batch.first + batch.tiles} of ${batch.total} tiles`);
   *   batch.release();
   * }
   * ```
   */
  tiles(options: TilesOptions): AsyncIterable<TileBatch>;
  /**
   * The same tiles as model input: scaled, normalised and laid out, ready for a tensor of an inference runtime. `data` is
   * a Float32Array, or what `type` asks for.
   * @example
   * ```ts
   * for await (const batch of slide.tensors({ mpp: 0.5, size: 224, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] })) {
   *   await run(batch.data, batch.dims);
   *   batch.release();
   * }
   * ```
   */
  tensors<T extends TensorType = 'float32'>(
    options: TensorsOptions & { readonly type?: T },
  ): AsyncIterable<TensorBatch<T>>;
  /** Ends the work in flight, waits for it, and closes the file. May be called more than once. */
  close(): Promise<void>;
}

function regionOf(found: NativeRegion): Region {
  const { data, width, height, badTiles, missingTiles, outsidePx } = found;
  return withJson({
    data,
    width,
    height,
    channels: 3 as const,
    badTiles: badTiles + missingTiles,
    missingTiles,
    outsidePx,
  });
}

const ignore = (): void => undefined;

class OpenedSlide implements Slide {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly levels: readonly SlideLevel[];
  readonly mpp: Resolution | null;
  readonly associated: readonly AssociatedImage[];
  readonly orientation: number;
  readonly fileBytes: number;
  readonly driver: SlideDriver;
  readonly properties: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly #native: NativeSlide;
  #closing: Promise<void> | null = null;

  constructor(path: string, opened: NativeSlide) {
    const info: NativeSlideInfo = opened.info;
    this.#native = opened;
    this.path = path;
    this.width = info.levels[0]?.width ?? 0;
    this.height = info.levels[0]?.height ?? 0;
    this.levels = Object.freeze(info.levels.map((level) => Object.freeze({ ...level })));
    this.mpp = info.mpp === null ? null : Object.freeze({ ...info.mpp });
    this.associated = Object.freeze(info.associated.map((image) => Object.freeze({ ...image })));
    this.orientation = info.orientation;
    this.fileBytes = info.fileBytes;
    this.driver = Object.freeze({ ...info.driver });
    this.properties = Object.freeze({ ...info.properties });
    this.warnings = Object.freeze([...info.warnings]);
  }

  /** One call of the addon; rejects with CANCELLED once the slide is closing. */
  async #call<T>(start: (slide: NativeSlide) => Promise<T>): Promise<T> {
    if (this.#closing !== null) throw this.#closed();
    try {
      return await start(this.#native);
    } catch (error) {
      throw fromNative(error, this.path);
    }
  }

  #closed(): MicrotomeError {
    return new MicrotomeError('CANCELLED', 'slide', 'the slide is closed', {
      path: this.path,
      advice: 'open it again',
    });
  }

  async readRegion(region: RegionOptions): Promise<Region> {
    const parsed = parseRegion(region);
    return regionOf(await this.#call((slide) => slide.readRegion(parsed)));
  }

  async readAssociated(name: string): Promise<Region> {
    const index = this.associated.findIndex((image) => image.name === name);
    if (index === -1) {
      const known = this.associated.map((image) => image.name).join(', ') || 'none';
      throw new MicrotomeError(
        'INVALID_OPTION',
        'options',
        `The slide has no associated image ${JSON.stringify(name)}; it has: ${known}`,
        { path: this.path },
      );
    }
    return regionOf(await this.#call((slide) => slide.readAssociated(index)));
  }

  async iccProfile(): Promise<Uint8Array | null> {
    return this.#call((slide) => slide.iccProfile());
  }

  async thumbnail(maxSide: number): Promise<Region> {
    const side = parseMaxSide(maxSide);
    return regionOf(await this.#call((slide) => slide.thumbnail(side, { onBadTile: 'error' })));
  }

  async tissue(options?: TissueCallOptions): Promise<TissueMask> {
    const { onBadTile, ...tissue } = parseTissueCall(options);
    const mask = { kind: 'tissue', options: tissue } as const;
    const found = await this.#call((slide) => slide.tissue({ mask, onBadTile }));
    const { data, width, height, level0PerPxX, level0PerPxY, badTiles, missingTiles, madeTiles } = found;
    return withJson({ data, width, height, level0PerPxX, level0PerPxY, badTiles, missingTiles, madeTiles });
  }

  tiles(options: TilesOptions): AsyncIterable<TileBatch> {
    const parsed = parseTilesOptions(options);
    return { [Symbol.asyncIterator]: () => this.#batches(parsed, (batch) => new OwnedTileBatch(batch)) };
  }

  tensors<T extends TensorType = 'float32'>(
    options: TensorsOptions & { readonly type?: T },
  ): AsyncIterable<TensorBatch<T>> {
    const parsed = parseTensorsOptions(options);
    const own = (batch: NativeTileBatch): TensorBatch<T> => new OwnedTensorBatch<T>(batch, parsed.stream.tensor);
    return { [Symbol.asyncIterator]: () => this.#batches(parsed, own) };
  }

  async *#batches<B>(
    { grid, mask, tissue, stream: options, signal }: ParsedTiles,
    own: (batch: NativeTileBatch) => B,
  ): AsyncGenerator<B, void, undefined> {
    signal?.throwIfAborted();
    const source = await maskSource(mask, grid.keep, tissue, signal);
    const stream = await this.#call(async (slide) => slide.tiles({ ...grid, mask: source }, options));
    try {
      for (;;) {
        const batch = await runJob(signal, () => ({
          result: this.#call(() => stream.next()),
          cancel: () => stream.cancel(),
        }));
        if (batch === null) return;
        yield own(batch);
      }
    } finally {
      stream.cancel();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await native(() => this.#native.close(), this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** False: a dialect of TIFF was asked for. */
function mayBeOpenslide(driver: string | null): boolean {
  return driver === null || driver === 'auto' || driver === 'openslide';
}

/**
 * Opens the addon's slide; for the scorer too, which needs no more of it. An abort while it opens rejects at once; what
 * has opened is closed then. `leave` gets what ends after the call: an opening that was given up.
 */
export async function openNativeSlide(
  { name, at }: Place,
  options: ParsedOpenOptions,
  signal: AbortSignal | null,
  leave: (ending: Promise<void>) => void = ignore,
): Promise<NativeSlide> {
  const addon = await loadAddon();
  const { limits, slideMpp, driver = null, openslidePath = null } = options;
  if (openslidePath !== null) nameOpenslide(addon, openslidePath);
  const opened = at instanceof RemoteSlide ? await at.open(options.storage ?? null, signal) : at;
  const files = typeof opened === 'string' && mayBeOpenslide(driver) ? await otherFiles(opened, signal) : [];
  const asked = { limits, slideMpp, ...(driver === null ? {} : { driver }), ...(files.length === 0 ? {} : { files }) };
  throwIfAborted(signal);
  const place = typeof opened === 'string' ? opened : bridgeTo(opened, name);
  const start = (): Job<NativeSlide> => {
    const job = nativeJob(() => addon.openSlide(place, asked), name);
    const giveUp = (): void => leave(job.result.then((late) => late.close()).catch(ignore));
    signal?.addEventListener('abort', giveUp, { once: true });
    const done = (): void => signal?.removeEventListener('abort', giveUp);
    job.result.then(done, done);
    return job;
  };
  const named = openslideNamed();
  try {
    return await jobUnlessAborted(signal, start, ignore);
  } catch (error) {
    // OpenSlide is looked for when the first slide needs it.
    if (!(error instanceof MicrotomeError) || error.code !== 'DRIVER_MISSING') throw error;
    if (!findOpenslideFor(addon, named)) throw error;
    throwIfAborted(signal);
    return await jobUnlessAborted(signal, start, ignore);
  }
}

/**
 * Opens a slide: reads and checks its directories; decodes nothing yet.
 *
 * @param input - A path, a `file:` URL, an address (`https://`, `http://`, `s3://`), or a {@link ByteSource}.
 * @throws {@link MicrotomeError} FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE, TRUNCATED, LIMIT_EXCEEDED,
 * UNSUPPORTED_COMPRESSION, UNSUPPORTED_PIXELS, INVALID_OPTION, NETWORK (see {@link httpSource}), DRIVER_MISSING,
 * SLIDE_INCOMPLETE, UNSUPPORTED_PLATFORM, RUNTIME_MISSING.
 * @example
 * ```ts
 * const slide = await openSlide('slide.tif');
 * console.log(slide.width, slide.height, slide.mpp?.x);
 * await slide.close();
 * ```
 */
export async function openSlide(input: Input, options?: OpenOptions): Promise<Slide> {
  const parsed = parseOpenOptions(options);
  const place = placeOf(input);
  return new OpenedSlide(place.name, await openNativeSlide(place, parsed, null));
}
