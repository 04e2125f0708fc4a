/** createImageScorer: one loaded model and engine for images that are scored one by one, such as lesion images. */

import { runJob, throwIfAborted, unlessAborted, type Job } from '../core/cancel.js';
import { fromNative, MicrotomeError, nativeJob } from '../core/errors.js';
import type { Model } from '../model/model.js';
import type { Groups } from '../model/clinical/groups.js';
import type { ClinicalRow } from '../model/clinical/row-text.js';
import type { ClinicalVectors } from '../model/clinical/vectors.js';
import { defaultImageResize, imageProgramOf, type ImageProgram } from '../model/program/image-program.js';
import { specOf } from '../model/spec.js';
import type { DeviceUse } from '../native/devices.js';
import type { NativeEngine } from '../native/contract.js';
import { imageMarks, type NativeImageBatch, type NativeImageRows } from '../native/images.js';
import { record } from '../options/check.js';
import { defaults } from '../options/defaults.js';
import { modelOptionKeys } from '../options/model-options.js';
import { parseScorerOptions, type ParsedScorerOptions } from '../options/score-options.js';
import { optionRows } from '../options/table.js';
import type { ModelOptions, RuntimeOptions, ScorerOptions, SlideScoreOptions } from '../options/types.js';
import { makeEngine } from './make-engine.js';
import { isClipped } from './score-range.js';
import { modelOf } from './scorer.js';

/** Images one after another in one file (such as HDF5), files of their own, or bytes in memory. */
export type ImageBatch =
  | {
      readonly kind: 'places';
      readonly path: string;
      /** Where each image begins in the file, and how long it is, both in bytes. */
      readonly offsets: Float64Array;
      readonly bytes: Float64Array;
    }
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** Images in memory: the bytes of a JPEG or PNG file each. They are copied before the call returns. */
  | { readonly kind: 'bytes'; readonly images: readonly Uint8Array[] };

/** An image that could not be scored. The others of its batch are. */
export interface ImageFailure {
  readonly index: number;
  readonly error: MicrotomeError;
}

/** Something that was found in an image, or done to it, before it was scored. */
export interface ImageNote {
  readonly index: number;
  /**
   * `grey`, `progressive`, `cmyk`, `turned by EXIF`, `bytes behind the end of the image`, `16-bit samples` (their upper 8 bits
   * are used), `palette`, or `transparency on white`.
   */
  readonly note: string;
}

/** What a batch of images gave. */
export interface ImageRows {
  /**
   * By the name of the model's output: one value for each image of the batch, after activation, calibration and clip; NaN for
   * an image in `failures`. Only a clip that the model declares is applied.
   */
  readonly outputs: ReadonlyMap<string, Float64Array>;
  readonly failures: readonly ImageFailure[];
  readonly notes: readonly ImageNote[];
  /** Images with a value that the clip moved, by more than rounding. */
  readonly clipped: readonly number[];
}

/** What a model reads of one row of the metadata. */
export interface ClinicalVector {
  /** Null where the row has no value that the model understands: `error` says why. */
  readonly values: Float64Array | null;
  /** CLINICAL_MISSING, CLINICAL_INVALID, CLINICAL_UNKNOWN. */
  readonly error: MicrotomeError | null;
  /** Of values that are there, are not understood, and by the bundle count as missing. */
  readonly notes: readonly string[];
}

/** What belongs to one batch. */
export interface ImageBatchOptions {
  /** Gives the batch up. */
  readonly signal?: AbortSignal;
  /** One for each image. Needed where the model reads columns of the metadata, refused where it reads none. */
  readonly clinical?: readonly Float64Array[];
}

/** A warm engine for images. Batches share its threads and its memory limit. */
export interface ImageScorer extends AsyncDisposable {
  readonly model: Model;
  /** What is known of the device in use, and why `auto` took no other. */
  readonly deviceUse: DeviceUse;
  /** Columns of the metadata that the model reads; empty: none. */
  readonly clinicalColumns: readonly string[];
  /**
   * Makes the values of the metadata into what the model reads of them. `rows`: all rows of the table, since a model may compare
   * a row with others, such as those of the same patient. The vectors are in the order of the rows.
   */
  clinicalVectors(rows: readonly (ClinicalRow | null)[]): readonly ClinicalVector[];
  /**
   * Scores the images of a batch. Any number of batches may be scored at once; the rows of each are in the order of its
   * images. `clinical`: one vector for each image, where the model reads columns of the metadata. Rejects with CANCELLED or the reason of the signal, and with a failure of the whole batch: a file of `places` that
   * cannot be opened, a device that is lost, memory.
   */
  score(batch: ImageBatch, options?: ImageBatchOptions): Promise<ImageRows>;
  /** Ends what runs (CANCELLED), waits for it, and frees the model. May be called more than once. */
  close(): Promise<void>;
}

/** How {@link createImageScorer} loads and runs a model. What concerns slides alone is not here. */
export interface ImageScorerOptions
  extends RuntimeOptions,
    ModelOptions,
    Pick<SlideScoreOptions, 'batchSize' | 'reproducible'> {
  readonly model: ScorerOptions['model'];
  /** Gives up the loading of the model. */
  readonly signal?: AbortSignal;
}

const ignore = (): void => undefined;

/** The options above, by name. */
const optionNames: readonly string[] = [
  'model',
  'signal',
  'batchSize',
  'reproducible',
  ...modelOptionKeys,
  ...optionRows.filter((row) => row.in.includes('runtime') && !row.name.includes('.')).map((row) => row.name),
];

function closed(): MicrotomeError {
  return new MicrotomeError('CANCELLED', 'infer', 'the scorer is closed', { advice: 'make another one' });
}

function expected(what: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', `Expected ${what}`);
}

/** A Buffer is a Uint8Array with methods of its own; the addon wants the bytes. */
function plainBytes(image: Uint8Array): Uint8Array {
  return new Uint8Array(image.buffer, image.byteOffset, image.byteLength);
}

/** Throws INVALID_OPTION. */
function nativeBatch(batch: ImageBatch): { readonly native: NativeImageBatch; readonly path: string | undefined } {
  if (typeof batch !== 'object' || batch === null) throw expected('a batch of images');
  if (batch.kind === 'files') {
    const { paths } = batch;
    if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string'))
      throw expected('a list of paths for paths of a batch of images');
    return { native: { kind: 'files', paths }, path: undefined };
  }
  if (batch.kind === 'bytes') {
    const { images } = batch;
    if (!Array.isArray(images) || !images.every((image) => image instanceof Uint8Array))
      throw expected('a list of Uint8Array for images of a batch of images');
    return { native: { kind: 'bytes', images: images.map(plainBytes) }, path: undefined };
  }
  if (batch.kind !== 'places') throw expected("'places', 'files' or 'bytes' for kind of a batch of images");
  const { path, offsets, bytes } = batch;
  if (typeof path !== 'string' || !(offsets instanceof Float64Array) || !(bytes instanceof Float64Array))
    throw expected('a path and two lists of numbers for a batch of images');
  if (offsets.length !== bytes.length)
    throw expected(`as many offsets as lengths of images, found ${offsets.length} and ${bytes.length}`);
  return { native: { kind: 'places', path, offsets, bytes }, path };
}

function countOf(batch: NativeImageBatch): number {
  switch (batch.kind) {
    case 'files':
      return batch.paths.length;
    case 'places':
      return batch.offsets.length;
    case 'bytes':
      return batch.images.length;
    case 'tensors':
      return batch.rows;
  }
}

/** One after the other; null: the model reads none. Throws INVALID_OPTION. */
function joined(vectors: readonly Float64Array[] | undefined, width: number, images: number): Float64Array | null {
  if (width === 0) {
    if (vectors !== undefined) throw expected('no clinical values: the model reads none');
    return null;
  }
  if (!Array.isArray(vectors) || vectors.length !== images)
    throw expected(`clinical values for each of ${images} images, as clinicalVectors() makes them`);
  const all = new Float64Array(width * images);
  for (const [i, vector] of vectors.entries()) {
    if (!(vector instanceof Float64Array) || vector.length !== width)
      throw expected(`${width} clinical values for the image ${i}`);
    all.set(vector, i * width);
  }
  return all;
}

const noClinicalValues: ClinicalVector = Object.freeze({
  values: new Float64Array(),
  error: null,
  notes: Object.freeze([]),
});

/** Of one row; `groups` has been told of all of them. */
export function vectorOf(clinical: ClinicalVectors, row: ClinicalRow | null, groups: Groups): ClinicalVector {
  try {
    return { values: clinical.vectorOf(row, groups), error: null, notes: clinical.notesOf(row) };
  } catch (error) {
    if (error instanceof MicrotomeError) return { values: null, error, notes: [] };
    throw error;
  }
}

export function notesOf(marks: Uint8Array): readonly ImageNote[] {
  const notes: ImageNote[] = [];
  marks.forEach((bits, index) => {
    if (bits === 0) return;
    imageMarks.forEach((note, bit) => {
      if ((bits & (1 << bit)) !== 0) notes.push({ index, note });
    });
  });
  return notes;
}

export function clippedOf({ outputs }: NativeImageRows, model: Model): readonly number[] {
  const all = new Set<number>();
  outputs.forEach(({ unclipped }, i) => {
    const output = model.outputs[i];
    if (output === undefined || !output.clipDeclared) return;
    unclipped.forEach((value, index) => {
      if (isClipped(value, output)) all.add(index);
    });
  });
  return [...all].sort((a, b) => a - b);
}

function rowsOf(found: NativeImageRows, model: Model, path: string | undefined): ImageRows {
  return Object.freeze({
    outputs: new Map(found.outputs.map(({ name, values }) => [name, values])),
    failures: found.failures.map(({ index, error }) => ({ index, error: fromNative(error, path) })),
    notes: notesOf(found.marks),
    clipped: clippedOf(found, model),
  });
}

/** An {@link ImageScorer}, with what a run over many images uses of it. */
export class WarmImageScorer implements ImageScorer {
  readonly clinicalColumns: readonly string[];
  readonly #running = new Map<Promise<unknown>, AbortController>();
  #closing: Promise<void> | null = null;

  constructor(
    private readonly engine: NativeEngine,
    readonly model: Model,
    readonly deviceUse: DeviceUse,
    private readonly program: ImageProgram,
  ) {
    this.clinicalColumns = program.clinical?.columns ?? [];
  }

  /** Null: the model reads no columns of the metadata. */
  get clinical(): ClinicalVectors | null {
    return this.program.clinical;
  }

  clinicalVectors(rows: readonly (ClinicalRow | null)[]): readonly ClinicalVector[] {
    const { clinical } = this.program;
    if (clinical === null) return rows.map(() => noClinicalValues);
    const groups = clinical.groups();
    for (const row of rows) groups.add(row);
    return rows.map((row) => vectorOf(clinical, row, groups));
  }

  score(batch: ImageBatch, options: ImageBatchOptions = {}): Promise<ImageRows> {
    const stop = new AbortController();
    const running = this.#score(batch, stop, options);
    this.#running.set(running, stop);
    const done = (): void => void this.#running.delete(running);
    running.then(done, done);
    return running;
  }

  /** `stop` is aborted with the caller's signal too. */
  async #score(batch: ImageBatch, stop: AbortController, options: ImageBatchOptions): Promise<ImageRows> {
    if (this.#closing !== null) throw closed();
    const { native: images, path } = nativeBatch(batch);
    const clinical = joined(options.clinical, this.program.native.clinicalColumns, countOf(images));
    const native = { ...images, clinical };
    const signal = options.signal ?? null;
    throwIfAborted(signal);
    const forward = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', forward, { once: true });
    try {
      const start = (): Job<NativeImageRows> =>
        nativeJob(() => this.engine.scoreImages(native, this.program.native), path);
      return rowsOf(await runJob(stop.signal, start), this.model, path);
    } finally {
      signal?.removeEventListener('abort', forward);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const running = [...this.#running.keys()];
    const reason = closed();
    for (const stop of this.#running.values()) stop.abort(reason);
    await this.engine.close().catch((error: unknown) => {
      throw fromNative(error);
    });
    await Promise.allSettled(running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The program of images that are no slides, as options tell it. Throws what {@link imageProgramOf} throws. */
export function imageProgramFor(model: Model, { slide }: ParsedScorerOptions): ImageProgram {
  return imageProgramOf(specOf(model), model.path, {
    batchSize: slide.batchSize ?? defaults.batchSize,
    reproducible: slide.reproducible ?? defaults.reproducible,
  });
}

/** On an engine that is there. Closing the scorer closes the engine. */
export function imageScorerOn(
  engine: NativeEngine,
  model: Model,
  use: DeviceUse,
  program: ImageProgram,
): WarmImageScorer {
  return new WarmImageScorer(engine, model, use, program);
}

/** What is used of a model although its bundle does not say it, and images depend on it: a line for each, for a report. */
export function imageAssumptions(model: Model): readonly string[] {
  const [input] = model.inputs;
  if (input === undefined || input.imageResize !== undefined) return [];
  return [`the model does not say how images are resized: ${defaultImageResize} is used`];
}

/**
 * Loads a model and its runtime, to score images with that are no slides.
 *
 * @throws {@link MicrotomeError} what {@link createScorer} throws, and MODEL_MISMATCH for a model that needs a slide: one that
 * reads several inputs or whole slides, has rules of selection, reads places of tiles, or normalises colours of a slide.
 * @example
 * ```ts
 * const scorer = await createImageScorer({ model: 'model/' });
 * const { outputs, failures } = await scorer.score({ kind: 'files', paths: ['a.jpg', 'b.png'] });
 * await scorer.close();
 * ```
 */
export function createImageScorer(options: ImageScorerOptions): Promise<ImageScorer> {
  return warmImageScorer(options);
}

export async function warmImageScorer(options: ImageScorerOptions): Promise<WarmImageScorer> {
  record('options', options, optionNames);
  const parsed = parseScorerOptions(options);
  const { signal } = parsed.slide;
  throwIfAborted(signal);
  const model = await unlessAborted(signal, modelOf(parsed), ignore);
  const program = imageProgramFor(model, parsed);
  const { made, use } = await makeEngine(model, parsed);
  return imageScorerOn(made, model, use, program);
}
