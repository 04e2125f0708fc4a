/** scoreShard and scoreImageShard: one part of a run that many processes share. */
import { runDirectory } from '../runs/directory-run.js';
import { runImages } from '../runs/images/image-run.js';
import { imageRunDependencies } from '../runs/images/score-images.js';
import type { ImageRun } from '../runs/images/types.js';
import { startLoop } from '../runs/run-loop.js';
import { directoryRunDependencies, sourceOf } from '../runs/score-directory.js';
import type { DirectoryRun } from '../runs/types.js';
import { ShardPart } from './shard-part.js';
import type { ImageShardOptions, ShardOptions } from './types.js';

/**
 * Scores one part of the slides of a folder, or of a list, into a folder that all parts share: `part-00003-of-00008.csv`, with
 * a record and, while the run lasts, a journal and a lock beside it. {@link mergeShards} makes the one table of the parts, with
 * the bytes that {@link scoreDirectory} would write.
 *
 * Every shard lists all slides and finds for itself which are its own: by the size of the files, so that shards take about the
 * same time. What the whole run is (rows, sizes and times of files, model, options, number of shards) stands in `shards.json`;
 * a shard that finds something else is refused (SHARD_CONFLICT). A slide that failed may be repaired: its shard, started again,
 * scores it and keeps its other scores; a finished part is scored again with `overwrite` (else OUTPUT_EXISTS).
 *
 * A part that was interrupted goes on where it was left; a part that is finished is left as it is
 * (`alreadyComplete` of the summary). A part that another process works on is refused (OUTPUT_LOCKED). With `overwrite` the part
 * is scored again. `output` of the summary is the table of the part. A number of milliseconds as `deadline` counts
 * from the start of this shard; a moment that passed before it began is refused (DEADLINE).
 *
 * Rows that failed for a reason that may pass (no time, no network, no memory, a device lost) get no fallback value: the run rejects with the
 * first of them and keeps its journal. Started again, the shard scores these rows alone.
 *
 * @throws SHARD_CONFLICT, and what {@link scoreDirectory} throws
 * @example
 * ```ts
 * const run = scoreShard('slides', { model: 'demo', shard: { index: 3, count: 8 }, output: 'parts' });
 * const { counts } = await run.done;
 * ```
 */
export function scoreShard(slides: string | URL | readonly (string | URL)[], options: ShardOptions): DirectoryRun {
  const source = sourceOf(slides);
  return startLoop(async (queue, stop) => {
    const part = ShardPart.of(options);
    const { createScorer, ...others } = directoryRunDependencies;
    const dependencies = {
      ...others,
      part,
      createScorer: (given: Parameters<typeof createScorer>[0]) => createScorer(part.withModel(given)),
    };
    return runDirectory(source, part.options, dependencies, queue, stop);
  });
}

/**
 * Scores one part of lesion images, as {@link scoreShard} does of slides. {@link mergeShards} makes the table that
 * {@link scoreImages} would write.
 *
 * @throws SHARD_CONFLICT, and what {@link scoreImages} throws
 * @example
 * ```ts
 * const run = scoreImageShard('test-image.hdf5', { model: 'demo-lesion', shard: { index: 0, count: 4 }, output: 'parts' });
 * const { counts } = await run.done;
 * ```
 */
export function scoreImageShard(
  images: string | URL | readonly (string | URL)[],
  options: ImageShardOptions,
): ImageRun {
  return startLoop(async (queue, stop) => {
    const part = ShardPart.of(options);
    const { createScorer, ...others } = imageRunDependencies;
    const dependencies = {
      ...others,
      part,
      createScorer: (given: Parameters<typeof createScorer>[0]) => createScorer(part.withModel(given)),
    };
    return runImages(images, part.options, dependencies, queue, stop);
  });
}
