/**
 * Sizes, tissue shares and resolutions of slides as the VisioMel training set has them: quantiles of 1,340 level-0 sizes,
 * of the tissue share of 1,342 slides, and how often each resolution occurs.
 */
import { SeededRandom } from './random.js';

export interface SlideShape {
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  /** Share of the area. */
  readonly tissue: number;
  /** Microns per level-0 pixel. */
  readonly mpp: number;
}

/** Values at the smallest, 5 %, 50 %, 95 % and the largest. */
type Quantiles = readonly [number, number, number, number, number];

const ranks = [0, 0.05, 0.5, 0.95, 1] as const;
const widths: Quantiles = [16_384, 43_008, 94_208, 198_464, 220_236];
const heights: Quantiles = [15_872, 43_008, 98_048, 380_250, 407_808];
const tissueShares: Quantiles = [0.0007, 0.012, 0.128, 0.37, 0.56];

/** Microns per pixel and how many of the slides have it; near ones are taken together. */
const resolutions = [
  [0.121399, 90],
  [0.194475, 13],
  [0.225, 355],
  [0.25, 757],
  [0.264, 127],
] as const;

/** The value at rank `u`, 0 to 1: straight lines between the logarithms of the known quantiles. */
export function atRank(quantiles: Quantiles, u: number): number {
  const upper = Math.max(
    1,
    ranks.findIndex((rank) => rank >= u),
  );
  const [r0, r1] = [ranks[upper - 1] ?? 0, ranks[upper] ?? 1];
  const [q0, q1] = [Math.log(quantiles[upper - 1] ?? 1), Math.log(quantiles[upper] ?? 1)];
  return Math.exp(q0 + ((q1 - q0) * (u - r0)) / (r1 - r0));
}

function resolutionAt(u: number): number {
  const total = resolutions.reduce((sum, [, count]) => sum + count, 0);
  let left = u * total;
  for (const [mpp, count] of resolutions) {
    left -= count;
    if (left < 0) return mpp;
  }
  return 0.25;
}

/**
 * `count` shapes, one from each of as many equal parts of the distribution, so that a few slides have its mean and spread.
 * Wide slides are high slides; tissue and resolution are drawn apart. `shrink` divides both sides.
 */
export function drawShapes(count: number, seed: number, shrink: number): readonly SlideShape[] {
  const random = new SeededRandom(seed);
  const strata = (): readonly number[] => {
    const ranksOf = Array.from({ length: count }, (_, i) => (i + random.next()) / count);
    // Fisher and Yates.
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(random.next() * (i + 1));
      [ranksOf[i], ranksOf[j]] = [ranksOf[j] as number, ranksOf[i] as number];
    }
    return ranksOf;
  };
  const [sizes, tissues, mpps] = [strata(), strata(), strata()];
  return sizes.map((u, i) => ({
    width: Math.round(atRank(widths, u) / shrink),
    height: Math.round(atRank(heights, u) / shrink),
    tissue: atRank(tissueShares, tissues[i] ?? 0.5),
    mpp: resolutionAt(mpps[i] ?? 0.5),
  }));
}
