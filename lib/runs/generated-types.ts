/** The options of a run over many slides. Made from lib/options/table by scripts/generate-options.mjs; do not edit. */

import type { Model } from '../model/model.js';
import type { ScorerOptions } from '../options/types.js';
import type { DirectoryProgress } from './types.js';

/** Names of the columns of `format`, `metadata` and `output`. */
export type Preset = 'visiomel' | 'isic2024';

/** What to do when a row of `format` has no slide or no metadata: stop, or write the model's fallback value. */
export type OnMissing = 'error' | 'fallback';

/** What to do when a slide cannot be scored: write no output, or write the model's fallback value. */
export type OnError = 'error' | 'fallback';

/** How {@link scoreDirectory} runs: everything a scorer takes, but for what differs by slide, and the files. */
export interface DirectoryOptions extends Omit<ScorerOptions, 'tileBudget' | 'clinical' | 'onProgress'> {
  /**
   * CSV whose rows say which slides are scored, and in which order.
   * @defaultValue every slide of the folder, in name order
   */
  readonly format?: string;
  /** CSV with the clinical values and the resolution of each slide. */
  readonly metadata?: string;
  /** CSV to write; a journal and a lock file are beside it while the run lasts. @defaultValue nothing is written */
  readonly output?: string;
  /**
   * Names of the columns of `format`, `metadata` and `output`.
   * @defaultValue 'visiomel', but no column of `metadata` is required
   */
  readonly preset?: Preset;
  /**
   * Continue an interrupted run from its journal; where there is no journal, start from the beginning.
   * @defaultValue false
   */
  readonly resume?: boolean;
  /** Replace the output, and the journal of an unfinished run. @defaultValue false */
  readonly overwrite?: boolean;
  /**
   * What to do when a row of `format` has no slide or no metadata: stop, or write the model's fallback value.
   * @defaultValue 'error'
   */
  readonly onMissing?: OnMissing;
  /**
   * What to do when a slide cannot be scored: write no output, or write the model's fallback value. With `error` the
   * journal stays, so that the run can be resumed when the slide is repaired. So it is too where the model declares no
   * fallback. The other slides are scored either way.
   * @defaultValue 'fallback'
   */
  readonly onError?: OnError;
  /**
   * How many slides are in work at the same time: one is opened while the tiles of another are scored.
   * @defaultValue 2
   */
  readonly slidesInFlight?: number;
  /**
   * When the output must be there: a duration from now such as 90s, 30m, 8h or 1h30m, or a moment such as
   * 2031-05-01T18:00. In the API: milliseconds from the start of the run (a resumed run counts from its own start), or
   * a Date. The remaining time is shared among the remaining slides. A slide that needs more than its share is scored
   * from fewer tiles, chosen as by `tilesPerSlide`, but not from fewer than `deadlineMinTiles`. A slide that has no
   * time even for these is not scored: its row gets the model's fallback, with the error DEADLINE. Where the model
   * declares no fallback, the run then writes no output, keeps its journal and rejects with DEADLINE. Each result
   * (`read.sampled`, `warnings`, `reproducible`), the summary and the journal say what was left out.
   */
  readonly deadline?: number | Date;
  /** A slide that `deadline` cuts short keeps at least this many tiles, if it has that many. @defaultValue 64 */
  readonly deadlineMinTiles?: number;
  /**
   * Called on the JavaScript thread with the model, once it is loaded and before the first slide; what it throws is
   * ignored.
   */
  readonly onModel?: (report: Model) => void;
  /** Called on the JavaScript thread, at most every 100 ms; what it throws is ignored. */
  readonly onProgress?: (report: DirectoryProgress) => void;
}
