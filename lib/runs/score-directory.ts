/** scoreDirectory: every slide of a folder, or of a format file, into one table of results. */
import { createScorer } from '../scoring/scorer.js';
import { startRun } from './directory-run.js';
import type { RunSource } from './prepare.js';
import type { DirectoryOptions, DirectoryRun } from './types.js';

/**
 * Scores the slides of a folder, or of a list of slides and folders, and, where `output` is given, writes the CSV: whole or not at all,
 * with a journal beside it while the run lasts, so that `resume` completes an interrupted run to the same bytes.
 *
 * A slide that cannot be scored does not stop the others. Its row takes the fallback that the model declares. Where it
 * declares none and an output was asked for, the other slides are still scored, the journal is kept, no output is
 * written and the run rejects with the error of the first slide that failed.
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
 * @throws CSV_INVALID, LIMIT_EXCEEDED (a folder), ROWS_MISMATCH, OUTPUT_EXISTS, OUTPUT_LOCKED, RESUME_REFUSED, DISK_FULL, FILE_NOT_FOUND,
 * FILE_UNREADABLE, INVALID_OPTION, DEADLINE (slides it left no time for, and the model declares no fallback), and what createScorer throws
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
  return startRun(sourceOf(slides), options, { createScorer });
}

/** A folder, or slides and folders one by one. */
export function sourceOf(slides: string | URL | readonly (string | URL)[]): RunSource {
  return Array.isArray(slides)
    ? { kind: 'files', paths: [...(slides as readonly (string | URL)[])] }
    : { kind: 'folder', dir: slides as string | URL };
}
