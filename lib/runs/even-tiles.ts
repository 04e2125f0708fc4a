/**
 * How many tiles each slide may have when not all of them fit: one number for all slides. Those that have fewer keep
 * every tile, and only the largest are cut, since a score gets better with the number of its tiles, not with their share.
 */

/** A slide, or several alike, that may turn out to have any of these numbers of tiles. */
export interface ExpectedSlide {
  readonly tiles: readonly number[];
  /** Slides that this one stands for. */
  readonly weight: number;
}

/** Tiles that the slides are expected to have together, none more than `most`. */
export function expectedTiles(slides: readonly ExpectedSlide[], most: number = Number.POSITIVE_INFINITY): number {
  let sum = 0;
  for (const { tiles, weight } of slides) {
    let own = 0;
    for (const count of tiles) own += Math.min(count, most);
    sum += (weight * own) / Math.max(tiles.length, 1);
  }
  return sum;
}

/** The largest number that no slide may exceed so that all together are expected within `total`; infinite if all fit. */
export function evenTiles(slides: readonly ExpectedSlide[], total: number): number {
  if (expectedTiles(slides) <= total) return Number.POSITIVE_INFINITY;
  let low = 0;
  let high = Math.ceil(Math.max(...slides.flatMap((slide) => slide.tiles)));
  // Invariant: `low` fits, `high` does not.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (expectedTiles(slides, middle) <= total) low = middle;
    else high = middle;
  }
  return low;
}
