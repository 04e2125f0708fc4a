/** planSlide: what scoring a slide would read and need. */

import { throwIfAborted, unlessAborted } from '../core/cancel.js';
import { parseScorerOptions } from '../options/score-options.js';
import type { ScoreOptions } from '../options/types.js';
import type { SlidePlan } from './result.js';
import { modelOf, planWith } from './scorer.js';
import type { Input } from '../slide/byte-source.js';

/**
 * Plans a slide as {@link scoreSlide} would: which level, how many tiles, which bytes, how much memory. Opens no runtime
 * and decodes nothing but the overview that the tissue is found in (not even that with `keep: 'all'` or a mask).
 *
 * @throws {@link MicrotomeError} what {@link openSlide} and {@link loadModel} throw, and MPP_UNKNOWN,
 * LEVEL_OUT_OF_RANGE, NO_TISSUE.
 * @example
 * ```ts
 * const { tiles, bytesToRead } = await planSlide('slide.tif', { model: 'demo' });
 * ```
 */
export async function planSlide(input: Input, options: ScoreOptions): Promise<SlidePlan> {
  const parsed = parseScorerOptions(options);
  const { signal } = parsed.slide;
  throwIfAborted(signal);
  const model = await unlessAborted(signal, modelOf(parsed), () => undefined);
  return planWith(model, input, parsed.slide, parsed.runtime);
}
