/** The types of scoring a folder: what goes in, what comes out. */
import type { ErrorCode } from '../core/errors.js';
import type { ScorerOptions } from '../options/types.js';
import type { ModelIdentity, ScoreProgress, SlideOutcome, TileSample } from '../scoring/result.js';
import type { Preset } from './presets.js';

/** What a row without a slide, or one that the files disagree on, does: refuse the run, or take the declared prior. */
export type OnMissing = 'error' | 'fallback';

/** How {@link scoreDirectory} runs: everything a scorer takes, but for what differs by slide, and the files. */
export interface DirectoryOptions extends Omit<ScorerOptions, 'clinical' | 'onProgress' | 'output' | 'tileBudget'> {
  /** The submission format: which rows, in which order. @defaultValue every slide of the folder, in name order */
  readonly format?: string;
  /** Clinical values and resolution by slide. */
  readonly metadata?: string;
  /** The CSV to write. Beside it lie a journal and a lock while the run lasts. @defaultValue nothing is written */
  readonly output?: string;
  /** Name of the graph output that is scored, for a bare .onnx (the scorer's `output`). @defaultValue the only one */
  readonly graphOutput?: string;
  /** The columns of `format`, `metadata` and `output`. @defaultValue 'visiomel', with no column of `metadata` demanded */
  readonly preset?: Preset;
  /** @defaultValue 'error' */
  readonly onMissing?: OnMissing;
  /**
   * What a slide that cannot be scored does to the output: take the prior that the model declares, or leave the output
   * unwritten and the journal in place, so that the run can be resumed when the slide is repaired. Without a declared
   * prior it is always the latter. The other slides are scored either way. @defaultValue 'fallback'
   */
  readonly onError?: 'fallback' | 'error';
  /** Goes on from the journal of an interrupted run; starts anew where there is none. @defaultValue false */
  readonly resume?: boolean;
  /** Replaces an output, and the journal of an unfinished run. @defaultValue false */
  readonly overwrite?: boolean;
  /** Slides worked on at the same time, so that the opening of one overlaps the tiles of another. @defaultValue 2 */
  readonly slidesInFlight?: number;
  /**
   * When the output must be there: milliseconds from the start of the run (of a resumed run, from its own start), or a
   * moment. The time that is left is spread over the slides that are left, and what does not fit is given up in this
   * order: first tiles of a slide (the seeded, even sample of `tilesPerSlide`, as large as its share of the time allows and
   * not below `deadlineMinTiles`), then slides, whose rows take the model's fallback with the error DEADLINE. Where the
   * model declares none, such a run writes no output, keeps its journal and rejects with DEADLINE. What was given up is in
   * each result (`read.sampled`, `warnings`, `reproducible`), in the summary and in the journal. @defaultValue none
   */
  readonly deadline?: number | Date;
  /** Tiles that the deadline leaves to a slide at the least, where it has so many. @defaultValue 64 */
  readonly deadlineMinTiles?: number;
  /** Called on the JavaScript thread, at most every 100 ms. What it throws is ignored. */
  readonly onProgress?: (progress: DirectoryProgress) => void;
}

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
 * How a row of the output got its value: scored now, scored by the interrupted run, the prior because the slide failed,
 * the prior because there was no slide to score, or none at all.
 */
export type RowSource = 'scored' | 'resumed' | 'fallback' | 'missing' | 'failed';

/** One row of the output: the slide's name, the number that was written, and where it came from. */
export interface SummaryRow {
  readonly name: string;
  /** As scored, before the clipping of the output; null for 'failed'. */
  readonly score: number | null;
  readonly source: RowSource;
  readonly error: ErrorCode | null;
  /** Only on a row that the deadline left a part of its tiles. */
  readonly sampled?: TileSample;
}

/** What became of a run over many slides: counts, and a line for each row of the output. */
export interface DirectorySummary {
  readonly rows: readonly SummaryRow[];
  /** Number of rows by source. */
  readonly counts: Readonly<Record<RowSource, number>>;
  /** The CSV; null where none was asked for. */
  readonly output: string | null;
  /**
   * True: `resume` found the output complete and did nothing. Which model wrote it is then unknown, `rows` is empty and
   * `model` is null.
   */
  readonly alreadyComplete: boolean;
  /** What the deadline took: rows made of a part of their tiles, and rows without a score. Null: there was none. */
  readonly deadline: { readonly sampled: number; readonly unscored: number } | null;
  readonly tiles: number;
  readonly elapsedMs: number;
  readonly model: ModelIdentity | null;
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
