/**
 * Whether a model fails by itself, whatever the slide. What a graph gives is fully known only when it runs: one that fails
 * on every tile must not be taken for as many broken slides.
 */
import { fromNative, type MicrotomeError } from '../core/errors.js';
import type { ClinicalRow } from '../model/clinical/row-text.js';
import type { Model } from '../model/model.js';
import type { SlideScoreOptions } from '../options/types.js';
import type { Scorer } from './scorer.js';
import { noiseSlide, type NoiseSlide } from './noise-slide.js';

/** The side of the trial's slide; larger tiles reach beyond its edge. */
const kMostSidePx = 1024;
/** Levels that a model names: each doubles the side of the slide. */
const kMostLevels = 4;

interface Trial {
  readonly slide: NoiseSlide;
  readonly options: SlideScoreOptions;
}

/** A slide that the model can read, with one tile of each input at least. Null: it would be too large to be made. */
function trialOf({ inputs, images }: Model): Trial | null {
  const levels = images.map(({ level }) => level ?? 0);
  if (inputs.length !== 1) levels.push(...inputs.map(({ level }) => level ?? 0));
  const deepest = Math.max(0, ...levels);
  if (deepest >= kMostLevels) return null;
  const side = Math.min(Math.max(64, ...inputs.map(({ sizePx }) => sizePx)), kMostSidePx);
  const [only] = inputs;
  const sidePx =
    inputs.length === 1 && images.length === 0 ? Math.min(only?.sizePx ?? 1, kMostSidePx) : side * 2 ** deepest;
  const slide = { widthPx: sidePx, heightPx: sidePx, levels: deepest + 1 };
  if (inputs.length === 0) return { slide, options: {} };
  if (inputs.length === 1) return { slide, options: { level: 0, keep: 'all' } };
  const mpps = inputs.flatMap(({ mpp }) => (mpp === null ? [] : [mpp]));
  return { slide, options: { mask: whole(sidePx), ...(mpps.length === 0 ? {} : { slideMpp: Math.max(...mpps) / 2 }) } };
}

/** All of it is tissue. */
function whole(sidePx: number): NonNullable<SlideScoreOptions['mask']> {
  const ring = [
    [0, 0],
    [sidePx, 0],
    [sidePx, sidePx],
    [0, sidePx],
    [0, 0],
  ];
  return { type: 'Polygon', coordinates: [ring] };
}

/**
 * Scores a little of no slide: even noise. Resolves with what that fails with, or with null. A failure may also come of
 * options that do not suit such a slide, so that only one of the same code says something of another failure. `clinical`:
 * of a slide that failed.
 */
export async function modelFault(
  scorer: Pick<Scorer, 'model' | 'score'>,
  clinical: ClinicalRow | null = null,
): Promise<MicrotomeError | null> {
  const trial = trialOf(scorer.model);
  if (trial === null) return null;
  try {
    await scorer.score(noiseSlide(trial.slide), { ...trial.options, ...(clinical === null ? {} : { clinical }) });
    return null;
  } catch (error) {
    return fromNative(error);
  }
}
