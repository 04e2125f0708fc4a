/** The types of runs that many processes share, on one machine or on many. */
import type { ErrorCode } from '../core/errors.js';
import type { ShardPlace } from '../options/types.js';
import type { ImageCount, ImageOptions } from '../runs/images/types.js';
import type { DirectoryOptions, RowSource } from '../runs/types.js';
import type { ModelIdentity } from '../scoring/result.js';

export type { ShardChoice } from '../options/types.js';

/** A part has its own: it always goes on where it was left, and its record has its own name. */
type OfWholeRuns = 'output' | 'provisional' | 'resume' | 'runRecord';

/** What is said of the part beside the options of the run. */
interface PartOptions extends ShardPlace {
  /** Folder of the parts, which all shards of the run see. It is made where it is not there. */
  readonly output: string | URL;
}

/** How {@link scoreShard} runs: as {@link scoreDirectory}, but for the folder of the parts. */
export interface ShardOptions extends Omit<DirectoryOptions, OfWholeRuns>, PartOptions {}

/** How {@link scoreImageShard} runs: as {@link scoreImages}, but for the folder of the parts. */
export interface ImageShardOptions extends Omit<ImageOptions, OfWholeRuns>, PartOptions {}

/** How {@link mergeShards} works. */
export interface MergeOptions {
  /** CSV to write. */
  readonly output: string | URL;
  /** Replace the output. @defaultValue false */
  readonly overwrite?: boolean;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** Shards whose scores were made with the same libraries, instructions and kind of device. */
export interface ShardMachine {
  /** By what it is. */
  readonly machine: Readonly<Record<string, string>>;
  /** Indices of the shards. */
  readonly shards: readonly number[];
}

/** What became of the rows of all shards. */
export interface MergeSummary {
  /** The CSV. */
  readonly output: string;
  /** True: it was there, with these bytes; nothing was written. */
  readonly alreadyComplete: boolean;
  readonly kind: 'slides' | 'images';
  /** Number of rows of the run; the output lacks those that are in `counts.skipped`. */
  readonly rows: number;
  /** Number of shards. */
  readonly shards: number;
  /** Number of rows by source, over all shards. */
  readonly counts: Readonly<Record<RowSource, number>>;
  /** Rows without a score of their own, by the code of the error. */
  readonly failures: Readonly<Partial<Record<ErrorCode, ImageCount>>>;
  /** Number of rows of which the range of the model made another number, by more than rounding. */
  readonly clipped: number;
  /** Number of rows that a deadline left a part of their tiles. */
  readonly sampled: number;
  readonly model: Pick<ModelIdentity, 'name' | 'sha256'>;
  /** Slides that were changed after they had failed, and tried again: they are not as the list of rows says. */
  readonly repaired: readonly string[];
  /**
   * More than one: parts were scored with other libraries, instructions or devices than others. Their scores may differ in
   * their last digits from those of one process.
   */
  readonly machines: readonly ShardMachine[];
}
