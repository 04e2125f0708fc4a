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

/** The side of a slide for one tile; larger tiles reach beyond its edge. */
const kMostSidePx = 1024;
/** The side of any other slide for a trial: its pixels are made in memory. */
const kMostLevel0Px = 4096;

interface Trial {
  readonly slide: NoiseSlide;
  readonly options: SlideScoreOptions;
}

/** A slide that the model can read, with one tile of each input at least. Null: it would be too large to be made. */
function trialOf({ inputs, images }: Model): Trial | null {
  const levels = images.map(({ level }) => level ?? 0);
  if (inputs.length !== 1) levels.push(...inputs.map(({ level }) => level ?? 0));
  const deepest = Math.max(0, ...levels);
  const pictures = images.flatMap(({ widthPx, heightPx }) => [widthPx ?? 0, heightPx ?? 0]);
  const side = Math.max(64, ...pictures, ...inputs.map(({ sizePx }) => sizePx));
  const [only] = inputs;
  const isOneTile = only !== undefined && inputs.length === 1 && images.length === 0;
  const mpps = inputs.flatMap(({ mpp }) => (mpp === null ? [] : [mpp]));
  // Level 0 is as fine as the finest input; a tile of the coarsest one covers so much more of it.
  const finest = Math.min(...mpps);
  const reduction = mpps.length < 2 ? 1 : Math.ceil(Math.max(...mpps) / finest);
  const sidePx = isOneTile ? Math.min(only.sizePx, kMostSidePx) : side * Math.max(2 ** deepest, reduction);
  if (sidePx > kMostLevel0Px) return null;
  const slide = { widthPx: sidePx, heightPx: sidePx, levels: deepest + 1 };
  if (inputs.length === 0) return { slide, options: {} };
  if (inputs.length === 1) return { slide, options: { level: 0, keep: 'all' } };
  return { slide, options: { mask: whole(sidePx), ...(mpps.length === 0 ? {} : { slideMpp: finest }) } };
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

/** Whether a slide for a trial of the whole model can be made; where not, {@link modelFault} runs nothing. */
export function canBeTried(model: Model): boolean {
  return trialOf(model) !== null;
}

/**
 * Scores a little of no slide: even noise. Resolves with what that fails with, or with null, also where
 * no such slide can be made. A failure may also come of
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
