/** The types of scoring a folder: what goes in, what comes out. */
import type { ErrorCode } from '../core/errors.js';
import type { DeviceUse } from '../native/devices.js';
import type { ModelAssumptions } from '../model/model.js';
import type { ModelIdentity, ScoreProgress, SlideOutcome, TileSample } from '../scoring/result.js';

export type { DirectoryOptions, OnError, OnMissing, Preset } from './generated-types.js';

/** Where a run over many slides stands. `tiles` is the sum over the slides in flight. */
export interface DirectoryProgress extends ScoreProgress {
  /** Rows that will carry the fallback, or nothing. */
  readonly failed: number;
  /** Rows taken from the journal; they count as done. */
  readonly resumed: number;
  /** Slides finished in this process, by the hour; 0 until the first one is. */
  readonly slidesPerHour: number;
}

/**
 * How a row of the output got its value: scored now, scored by the interrupted run, the fallback because the slide
 * failed, the fallback because there was no slide to score; or why it has none: the slide failed and its row was left out
 * (`onError: 'skip'`), or it failed and nothing stands in for it. A row of the output that has no value is there only
 * with `statusColumn`.
 */
export type RowSource = 'scored' | 'resumed' | 'fallback' | 'missing' | 'skipped' | 'failed';

/** Something in a folder that may be a slide, or hold slides, and that a run does not read. */
export interface NotRead {
  readonly path: string;
  /** Such as `a subfolder, and this run is not recursive` or `this version does not read .isyntax files`. */
  readonly reason: string;
}

/** One slide of the run: its name, the number that was written, and where it came from. */
export interface SummaryRow {
  readonly name: string;
  /** As in the result of the slide; the output has it held to the range of the model. Null for 'skipped' and 'failed'. */
  readonly score: number | null;
  readonly source: RowSource;
  readonly error: ErrorCode | null;
  /** Only on a row that the deadline left a part of its tiles. */
  readonly sampled?: TileSample;
  /** Only on a row with a score of a model with several outputs: the value of each, in its order. */
  readonly outputs?: readonly number[];
  /** Only on a row without a score of a model whose further outputs have a fallback by group: that of each output. */
  readonly fallbacks?: readonly (number | null)[];
  /** Only on a row of which the range made another number, by more than rounding: what the score, or the fallback, was. */
  readonly clippedFrom?: number;
}

/** A slide that the interrupted run had scored and this one has scored again, and what had changed. */
export interface RescoredRow {
  readonly name: string;
  /**
   * The option that its score depended on; `metadata`, of which it is the resolution or the columns that the model reads;
   * `OpenSlide`, of which another build is there; or `file`: the file `is` was not there.
   */
  readonly what: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** What a resumed run did with the scores of the journal that it did not keep. */
export interface ResumeReport {
  readonly again: readonly RescoredRow[];
  /** Names of slides that have a score in the journal and are not in this run any more. */
  readonly gone: readonly string[];
}

/** What became of a run over many slides: counts, and a line for each slide. */
export interface DirectorySummary {
  /** In the order of the output, which has no row for those that were 'skipped'. */
  readonly rows: readonly SummaryRow[];
  /** Number of rows by source. */
  readonly counts: Readonly<Record<RowSource, number>>;
  /** What of the folder may be a slide, or hold slides, and was not read. Empty where `format` says which slides there are. */
  readonly notRead: readonly NotRead[];
  /** The CSV; null where none was asked for. */
  readonly output: string | null;
  /**
   * True: `resume` found the output complete and did nothing. Which model wrote it is then unknown, `rows` is empty and
   * `model` is null.
   */
  readonly alreadyComplete: boolean;
  /** What the deadline took: rows made of a part of their tiles, and rows without a score. Null: there was none. */
  readonly deadline: { readonly sampled: number; readonly unscored: number } | null;
  /** What was not kept of the journal. Null: the run was begun anew. */
  readonly resume: ResumeReport | null;
  /** Number of rows with `clippedFrom`. */
  readonly clipped: number;
  readonly tiles: number;
  readonly elapsedMs: number;
  readonly model: ModelIdentity | null;
  /** The device that the model ran on; null like `model`. */
  readonly device: DeviceUse | null;
  /** What was assumed of the model, since neither it nor the caller says it; null: nothing was. */
  readonly assumed: ModelAssumptions | null;
}

/**
 * A run over many slides. It starts when it is first iterated, or when `done` is read. Iterating yields one outcome for
 * each slide in row order, after its row is on disk; rows taken from the journal of an interrupted run are not yielded
 * again. Leaving the loop early cancels the run. Outcomes that nobody takes are not kept.
 */
export interface DirectoryRun extends AsyncIterable<SlideOutcome> {
  /** Settles when the output is written, or the run has failed or was cancelled. */
  readonly done: Promise<DirectorySummary>;
}
