/** scoreImages: every lesion image of a file, a folder or a list, into one table of results. */
import { machineIdentity } from '../../native/identity.js';
import { warmImageScorer } from '../../scoring/image-scorer.js';
import { startImageRun, type ImageRunDependencies } from './image-run.js';
import type { ImageOptions, ImageRun } from './types.js';

export const imageRunDependencies: ImageRunDependencies = {
  createScorer: warmImageScorer,
  machine: (scorer) => machineIdentity(scorer.deviceUse?.identity ?? ''),
};

/**
 * Scores lesion images, and writes the CSV where `output` is given: whole or not at all, with a journal beside it while the run
 * lasts, so that `resume` completes an interrupted run to the same bytes. `images` is an HDF5 file as those of ISIC 2024 (see
 * {@link openImages}), a folder of JPEG and PNG files, or a list of such files and folders.
 *
 * The columns of the tables are `isic_id` and `target`. The row of an image of an HDF5 file has the name of its entry; that of a
 * file has its name without the ending, with `recursive` its path in the folder. Images come in the order of `format`, else
 * in that of their names, or of the list.
 *
 * An image that cannot be scored does not stop the others: `onError` says what becomes of its row, as in
 * {@link scoreDirectory}. A row of `format` without an image is refused (ROWS_MISMATCH), or gets the fallback value with
 * `onMissing: 'fallback'`; images that no row names are counted in the summary. Two files of one name without the ending are
 * refused (CSV_INVALID) where both would be scored. An image whose name no table can carry fails alone, with CSV_INVALID.
 *
 * Results come many at a time, and memory grows with the names alone: 400,000 images are one run.
 *
 * Nothing starts before the run is iterated or `done` is read. Both reject with a {@link MicrotomeError}, or with
 * `signal.reason`.
 *
 * @throws IMAGES_INVALID, TRUNCATED, CSV_INVALID, LIMIT_EXCEEDED (a folder), ROWS_MISMATCH, OUTPUT_EXISTS, OUTPUT_LOCKED,
 * RESUME_REFUSED, DISK_FULL, FILE_NOT_FOUND, FILE_UNREADABLE, INVALID_OPTION, DEADLINE (images it left no time for, and no
 * fallback value), MODEL_MISMATCH (a model that needs a slide), and what createScorer throws
 * @example
 * ```ts
 * const run = scoreImages('test-image.hdf5', {
 *   model: 'model/',
 *   format: 'sample_submission.csv',
 *   output: 'submission.csv',
 * });
 * for await (const { names, scores } of run) console.log(names[0], scores[0]);
 * console.log((await run.done).counts);
 * ```
 */
export function scoreImages(images: string | URL | readonly (string | URL)[], options: ImageOptions): ImageRun {
  return startImageRun(images, options, imageRunDependencies);
}
