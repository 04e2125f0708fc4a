/** scoreSlide: one slide, one score. */

import { parseScorerOptions } from '../options/score-options.js';
import type { ScoreOptions } from '../options/types.js';
import type { SlideResult } from './result.js';
import { createParsedScorer } from './scorer.js';
import { placeOf } from '../slide/byte-source.js';
import type { Input } from '../slide/byte-source.js';

/**
 * Scores one slide: finds its tissue, runs the model over the tiles, and aggregates. For more than one slide use
 * {@link createScorer}, which loads the model once. The score is given as the model makes it: one that is no probability, of a
 * model that declares no range, comes with a warning here, and is an error in {@link scoreDirectory}.
 *
 * @param input - A path, a `file:` URL, or a {@link ByteSource}.
 * @throws {@link MicrotomeError} what {@link openSlide} and {@link createScorer} throw, and MPP_UNKNOWN,
 * LEVEL_OUT_OF_RANGE, NO_TISSUE, CORRUPT_TILE, OUTPUT_NOT_FINITE, OUTPUT_SHAPE. Rejects with `signal.reason` after an
 * abort.
 * @example
 * ```ts
 * const { score, outputs, read } = await scoreSlide('slide.tif', { model: 'demo' });
 * ```
 */
export async function scoreSlide(input: Input, options: ScoreOptions): Promise<SlideResult> {
  const parsed = parseScorerOptions(options);
  placeOf(input);
  const scorer = await createParsedScorer(parsed);
  try {
    return await scorer.score(input);
  } finally {
    await scorer.close();
  }
}
