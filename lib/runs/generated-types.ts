/** The options of a run over many slides. Made from lib/options/table by scripts/generate-options.mjs; do not edit. */

import type { Model } from '../model/model.js';
import type { DeviceUse } from '../native/devices.js';
import type { ScorerOptions, SlideFileOptions } from '../options/types.js';
import type { DirectoryProgress, NotRead } from './types.js';

/** Names of the columns of `format`, `metadata` and `output`. */
export type Preset = 'visiomel' | 'isic2024';

/** What to do when a row of `format` has no slide, no image or no metadata: stop, or write the fallback value. */
export type OnMissing = 'error' | 'fallback';

/**
 * What to do when a slide or an image cannot be scored: write no output, write the fallback value, or leave its row
 * out.
 */
export type OnError = 'error' | 'fallback' | 'skip';

/** How {@link scoreDirectory} runs: everything a scorer takes, but for what differs by slide, and the files. */
export interface DirectoryOptions
  extends Omit<ScorerOptions, 'tileBudget' | 'clinical' | 'onProgress'>,
    Omit<SlideFileOptions, 'overwrite'> {
  /**
   * CSV whose rows say which slides or images are scored, and in which order; a path, or an https:// or s3:// address.
   * @defaultValue every slide of the folder, in name order; every image, in name order
   */
  readonly format?: string | URL;
  /**
   * CSV with the clinical values and the resolution of each slide, or with the license of each image; a path, or an
   * https:// or s3:// address.
   */
  readonly metadata?: string | URL;
  /** CSV to write; a journal and a lock file are beside it while the run lasts. @defaultValue nothing is written */
  readonly output?: string | URL;
  /**
   * Names of the columns of `format`, `metadata` and `output`. Images take `isic2024` only.
   * @defaultValue 'visiomel', but no column of `metadata` is required; of images 'isic2024'
   */
  readonly preset?: Preset;
  /**
   * Column of `format`, `metadata` and `output` that names the slide or the image. Where this or `valueColumn` is
   * given, `format` needs this column only; its other columns are not read.
   * @defaultValue filename; of images isic_id
   */
  readonly idColumn?: string;
  /** Column of `output` that holds the score. @defaultValue relapse; of images target */
  readonly valueColumn?: string;
  /**
   * Write the other outputs of the model to `output` too, each in a column of its name. The first output is the score,
   * which has a column already. The others are held to the ranges that the model declares, if any. Where a slide
   * failed, their cells hold the fallback values that the model declares for them, or nothing.
   * @defaultValue false
   */
  readonly allOutputs?: boolean;
  /**
   * Add a last column to `output` that says what the value is: scored, fallback (the slide failed), missing (there is
   * no slide), or failed and the code of the error. This is the name of the column. The flag alone names it `status`.
   * With `onError` skip a slide that failed keeps its row, without a value.
   * @defaultValue there is none
   */
  readonly statusColumn?: string;
  /**
   * Read subfolders too; what is in them is then named by its path in the folder, such as a/b.tif. A name in `format`
   * and `metadata` may then be such a path.
   * @defaultValue false
   */
  readonly recursive?: boolean;
  /**
   * Follow the links in a folder. With `false` a link to a slide or an image is refused (CSV_INVALID), and a link to a
   * folder is not read. What you pass by its own path may be a link in both cases.
   * @defaultValue true
   */
  readonly followLinks?: boolean;
  /**
   * Continue an interrupted run from its journal; where there is no journal, start from the beginning. A score of the
   * journal is kept if this run would compute the same. You may add or remove slides, and change options that decide
   * what happens to slides that fail. A slide is scored again if it failed, as an image is, or if something changed
   * that its score depends on: its row of `metadata`, or `onBadTile` where tiles could not be decoded. The run is
   * refused if the model, ONNX Runtime, an option that changes every score, or the file of a slide or of the images
   * has changed.
   * @defaultValue false
   */
  readonly resume?: boolean;
  /** Replace the output, and the journal of an unfinished run. @defaultValue false */
  readonly overwrite?: boolean;
  /**
   * Keep a complete `output` in place while the run lasts: a slide without a score yet has the fallback value. The
   * table is written before the first slide is opened. It is replaced, whole or not at all, as scores come: at most
   * once a second, and writing takes at most a twentieth of the time. With `statusColumn`, a row without a score yet
   * says pending. A run that fails, is interrupted or is killed leaves the last such table and the journal; `resume`
   * then gives the bytes of a run that was not interrupted. Every row needs a fallback value, and `onError` must be
   * fallback.
   * @defaultValue false
   */
  readonly provisional?: boolean;
  /**
   * What to do when a row of `format` has no slide, no image or no metadata: stop, or write the fallback value.
   * @defaultValue 'error'
   */
  readonly onMissing?: OnMissing;
  /**
   * What to do when a slide or an image cannot be scored: write no output, write the fallback value, or leave its row
   * out. With `error`, and with `fallback` where there is no fallback value, no output is written and the journal
   * stays: repair the slide and resume. `skip` cannot be used with `format`, whose rows must all be there. The other
   * slides are scored in every case.
   * @defaultValue 'fallback'
   */
  readonly onError?: OnError;
  /**
   * Value of a row whose slide or image is missing or cannot be scored, instead of the value that the model declares.
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
   * has fewer than `deadlineMinTiles` tiles. Lesion images are scored until the time is up; the others then get the
   * fallback value, with the error DEADLINE.
   */
  readonly deadline?: number | Date;
  /** Fewest tiles that a slide cut short by `deadline` keeps, if it has that many. @defaultValue 64 */
  readonly deadlineMinTiles?: number;
  /**
   * Most entries of a folder and its subfolders; a folder with more is refused (LIMIT_EXCEEDED).
   * @defaultValue 1000000
   */
  readonly maxFolderEntries?: number;
  /**
   * Most levels of subfolders that `recursive` reads; a folder with more is refused (LIMIT_EXCEEDED).
   * @defaultValue 64
   */
  readonly maxFolderDepth?: number;
  /**
   * Called once, before the model is loaded, with what the folder has and the run does not read; what it throws is
   * ignored.
   */
  readonly onNotRead?: (report: readonly NotRead[]) => void;
  /**
   * Called on the JavaScript thread with the model, once it is loaded and before the first slide or image; what it
   * throws is ignored.
   */
  readonly onModel?: (report: Model) => void;
  /**
   * Called on the JavaScript thread with the device that the model runs on, before the first slide or image; what it
   * throws is ignored.
   */
  readonly onDevice?: (report: DeviceUse) => void;
  /** Called on the JavaScript thread, at most every 100 ms; what it throws is ignored. */
  readonly onProgress?: (report: DirectoryProgress) => void;
}
