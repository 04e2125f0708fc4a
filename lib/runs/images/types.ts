/** The types of scoring lesion images: what goes in, what comes out. Nothing here has an object for each image. */
import type { ErrorCode, MicrotomeError } from '../../core/errors.js';
import type { ModelAssumptions } from '../../model/model.js';
import type { DeviceUse } from '../../native/devices.js';
import type { ModelIdentity } from '../../scoring/result.js';
import type { NotRead, RowSource } from '../types.js';

export type { ImageOptions } from './generated-types.js';

/** Where a run over lesion images stands. */
export interface ImageProgress {
  readonly images: { readonly done: number; readonly total: number };
  /** Rows that will carry the fallback, or nothing. */
  readonly failed: number;
  /** Rows taken from the journal; they count as done. */
  readonly resumed: number;
  /** Images finished in this process, by the second; 0 until the first ones are. */
  readonly imagesPerSecond: number;
  readonly elapsedMs: number;
  readonly timeLeftMs: number | null;
}

/** An image that could not be scored. */
export interface FailedImage {
  /** Place in the lists of its {@link ImageOutcomes}. */
  readonly index: number;
  readonly name: string;
  readonly error: MicrotomeError;
  /** What its row holds; null: nothing. */
  readonly fallback: number | null;
}

/** What became of some images that follow each other in the output, at most 1024, or 256 with a deadline. Their rows are on disk. */
export interface ImageOutcomes {
  readonly names: readonly string[];
  /** One for each name, held to the range of the model; NaN for an image that failed. */
  readonly scores: Float64Array;
  /** Every output of the model, by its name; as `scores`. */
  readonly outputs: ReadonlyMap<string, Float64Array>;
  readonly failures: readonly FailedImage[];
  /** What is unusual about an image that was scored, such as `grey`. `index` as in a {@link FailedImage}. */
  readonly notes: readonly { readonly index: number; readonly note: string }[];
  /** Places of the images whose score was moved by the range of the model, by more than rounding. */
  readonly clipped: readonly number[];
}

/** How many images share something, and the names of the first of them. */
export interface ImageCount {
  readonly count: number;
  /** At most five. */
  readonly examples: readonly string[];
}

/** What became of a run over lesion images. */
export interface ImageSummary {
  /** Of the rows of the output, in its order. */
  readonly names: readonly string[];
  /** By row: the number in the output; NaN where there is none. */
  readonly scores: Float64Array;
  /** By row. */
  readonly sources: readonly RowSource[];
  /** Number of rows by source. `missing` has those without an image and those of another license too. */
  readonly counts: Readonly<Record<RowSource, number>>;
  /** Rows that failed, by the code of the error. */
  readonly failures: Readonly<Partial<Record<ErrorCode, ImageCount>>>;
  /** What was unusual about images that were scored, by what it is. A resumed run has those of the journal too. */
  readonly notes: Readonly<Record<string, ImageCount>>;
  /** Images that are not scored for their license, by the license; of those without one, by an empty text. */
  readonly filtered: Readonly<Record<string, ImageCount>>;
  /** Images that no row of `format` names. */
  readonly withoutRow: ImageCount;
  /** Rows of `metadata` that are of no row, or of no image; they are refused, but for `onMissing: 'fallback'`. */
  readonly unusedMetadata: ImageCount;
  /** What of the folder or file is no image, and why. */
  readonly notRead: readonly NotRead[];
  /** What is not as one would expect, of the model. */
  readonly warnings: readonly string[];
  /** Number of rows whose score was moved by the range of the model, by more than rounding. */
  readonly clipped: number;
  /** Rows that the deadline left without a score; null: there was none. */
  readonly deadline: { readonly unscored: number } | null;
  /** Names of images that have a score in the journal and are not in this run any more. Null: the run was begun anew. */
  readonly resume: { readonly gone: readonly string[] } | null;
  /** The CSV; null where none was asked for. */
  readonly output: string | null;
  /** True: `resume` found the output complete and did nothing. The lists are then empty, and `model` is null. */
  readonly alreadyComplete: boolean;
  readonly elapsedMs: number;
  readonly model: ModelIdentity | null;
  readonly device: DeviceUse | null;
  /** What was assumed of the model, since neither it nor the caller says it; null: nothing was. */
  readonly assumed: ModelAssumptions | null;
}

/**
 * A run over lesion images. It starts when it is first iterated, or when `done` is read. Iterating yields many images at
 * once, in the order of the rows, after their rows are on disk; rows from the journal of an interrupted run are not yielded
 * again. Leaving the loop early cancels the run. What nobody takes is not kept.
 */
export interface ImageRun extends AsyncIterable<ImageOutcomes> {
  /** Settles when the output is written, or the run has failed or was cancelled. */
  readonly done: Promise<ImageSummary>;
}
