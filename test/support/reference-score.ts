/** What train/reference/score.py makes of a slide: a second reading of the format of bundles. */
import { runPython } from './python.js';
import type { ReferenceSlide } from './reference-slides.js';

/** Folders that train/reference/build.py writes. */
export const bundleNames = ['first', 'second', 'third'] as const;

export interface ReferenceScore {
  /** By output of the bundle; null where no tile is left of an input that a head reads. */
  readonly outputs: Readonly<Record<string, number>> | null;
  /** Tiles by tile input. */
  readonly counts: Readonly<
    Record<
      string,
      {
        readonly grid: number;
        readonly tissue: number;
        readonly rules: readonly { readonly rule: string; readonly left: number }[];
      }
    >
  >;
  readonly fallback: number;
}

export async function referenceScore(bundle: string, slide: ReferenceSlide): Promise<ReferenceScore> {
  const { path, maskFile, rowFile } = slide;
  const [score] = await runPython<ReferenceScore>('../../train/reference/score.py', [bundle, path, maskFile, rowFile]);
  if (score === undefined) throw new Error(`score.py printed nothing for ${path}`);
  return score;
}
