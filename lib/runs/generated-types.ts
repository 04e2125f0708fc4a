/** The options of a run over many slides. Made from lib/options/table by scripts/generate-options.mjs; do not edit. */

import type { Model } from '../model/model.js';
import type { ScorerOptions } from '../options/types.js';
import type { DirectoryProgress } from './types.js';

/** Names of the columns of `format`, `metadata` and `output`. */
export type Preset = 'visiomel' | 'isic2024';

/** What to do when a row of `format` has no slide or no metadata: stop, or write the fallback value. */
export type OnMissing = 'error' | 'fallback';

/** What to do when a slide cannot be scored: write no output, write the fallback value, or leave its row out. */
export type OnError = 'error' | 'fallback' | 'skip';

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
   * Continue an interrupted run from its journal; where there is no journal, start from the beginning. A score of the
   * journal is kept if this run would compute the same. You may add or remove slides, and change options that decide
   * what happens to slides that fail. A slide is scored again if it failed, or if something changed that its score
   * depends on: its row of `metadata`, or `onBadTile` where tiles could not be decoded. The run is refused if the
   * model, ONNX Runtime, an option that changes every score, or the file of a slide has changed.
   * @defaultValue false
   */
  readonly resume?: boolean;
  /** Replace the output, and the journal of an unfinished run. @defaultValue false */
  readonly overwrite?: boolean;
  /**
   * What to do when a row of `format` has no slide or no metadata: stop, or write the fallback value.
   * @defaultValue 'error'
   */
  readonly onMissing?: OnMissing;
  /**
   * What to do when a slide cannot be scored: write no output, write the fallback value, or leave its row out. With
   * `error`, and with `fallback` where there is no fallback value, no output is written and the journal stays: repair
   * the slide and resume. `skip` cannot be used with `format`, whose rows must all be there. The other slides are
   * scored in every case.
   * @defaultValue 'fallback'
   */
  readonly onError?: OnError;
  /**
   * Value of a row whose slide is missing or cannot be scored, instead of the value that the model declares.
   * @defaultValue the model's, where it declares one
   */
  readonly fallback?: number;
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
   * time even for these is not scored: its row gets the fallback value, with the error DEADLINE. Where there is no
   * fallback value, the run then writes no output, keeps its journal and rejects with DEADLINE. Each result
   * (`read.sampled`, `warnings`, `reproducible`), the summary and the journal say what was left out. A resumed run may
   * have another deadline. A slide that was cut short is scored again only if there is no deadline any more, or if it
   * has fewer than `deadlineMinTiles` tiles.
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
