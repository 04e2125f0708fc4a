/** scoreDirectory: every slide of a folder, or of a format file, into one table of results. */
import { pathOf } from '../core/file-url.js';
import { machineIdentity, openslideIdentity } from '../native/identity.js';
import { libraryVersions } from '../outputs/run-record.js';
import { modelFault } from '../scoring/model-trial.js';
import { createScorer, type Scorer } from '../scoring/scorer.js';
import { startRun, type RunDependencies } from './directory-run.js';
import type { RunSource } from './prepare.js';
import type { DirectoryOptions, DirectoryRun } from './types.js';

/**
 * Scores the slides of a folder, or of a list of slides and folders, and, where `output` is given, writes the CSV: whole or not at all,
 * with a journal beside it while the run lasts, so that `resume` completes an interrupted run to the same bytes.
 *
 * A slide that cannot be scored does not stop the others, whatever is wrong with it. `onError` says what becomes of its
 * row: the fallback value (`fallback`, else what the model declares), no row (`'skip'`), or no output at all (`'error'`).
 * Where the row is to take a fallback value and there is none, it is as with `'error'`: the other slides are still scored,
 * the journal is kept, no output is written and the run rejects with the error of the first slide that failed. What is
 * wrong with the model or the options ends the run before the first slide. A score outside [0, 1] is a failure of its
 * slide (OUTPUT_OUT_OF_RANGE), unless the model or `clip` declares a range, or none.
 *
 * `resume` keeps each score of the journal that this run would compute alike. Slides may come and go between the two runs,
 * and options that decide what becomes of failed slides may change.
 *
 * A `deadline` is kept by giving up tiles first, then slides; see {@link DirectoryOptions}. What it took is in the
 * results, the summary and the journal.
 *
 * Paths may be given as `file:` URLs. Rows of a list carry the names of the files; slides of one name carry their path from
 * the folder that all slides of the list have in common. What may be a slide in a folder and is not read (a link that leads
 * nowhere, a subfolder, a format of another vendor) is in `notRead` of the summary. A slide whose name no table can carry
 * (a line feed, bytes that are not UTF-8) fails alone, with CSV_INVALID.
 *
 * Nothing starts before the run is iterated or `done` is read. Both reject with a {@link MicrotomeError}, or with
 * `signal.reason`.
 *
 * @throws CSV_INVALID, LIMIT_EXCEEDED (a folder), ROWS_MISMATCH, OUTPUT_EXISTS, OUTPUT_LOCKED, RESUME_REFUSED, DISK_FULL,
 * FILE_NOT_FOUND, FILE_UNREADABLE, INVALID_OPTION, DEADLINE (slides it left no time for, and no fallback value), and what createScorer throws
 * @example
 * ```ts
 * const run = scoreDirectory('data', {
 *   model: 'demo',
 *   format: 'data/submission_format.csv',
 *   metadata: 'data/test_metadata.csv',
 *   output: 'submission.csv',
 * });
 * for await (const outcome of run) console.log(outcome.ok ? outcome.result.score : outcome.error.message);
 * const summary = await run.done;
 * ```
 */
export function scoreDirectory(
  slides: string | URL | readonly (string | URL)[],
  options: DirectoryOptions,
): DirectoryRun {
  return startRun(sourceOf(slides), options, directoryRunDependencies);
}

export const directoryRunDependencies: RunDependencies = {
  createScorer,
  machine: (scorer) => machineIdentity((scorer as Scorer).deviceUse.identity),
  openslide: ({ scorer: { openslidePath: path } }) => openslideIdentity(path === undefined ? null : pathOf(path)),
  versions: libraryVersions,
  modelFault: (scorer, clinical) => modelFault(scorer as Scorer, clinical),
};

/** A folder, or slides and folders one by one. */
export function sourceOf(slides: string | URL | readonly (string | URL)[]): RunSource {
  return Array.isArray(slides)
    ? { kind: 'files', paths: [...(slides as readonly (string | URL)[])] }
    : { kind: 'folder', dir: slides as string | URL };
}
