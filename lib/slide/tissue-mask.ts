/**
 * Where a slide has tissue: one byte for each mask pixel, over the whole slide. `slide.tissue()` fills every field; a mask of
 * your own needs no optional one.
 */

export interface TissueMask {
  /** 255 tissue, 0 not; row by row. */
  readonly data: Uint8Array;
  /** Mask pixels. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per mask pixel. */
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  /** Stored tiles of the overview that could not be decoded, or that no level has; they count as not tissue. */
  readonly badTiles: number;
  /** Those of `badTiles` that the file leaves out (zero length). */
  readonly missingTiles?: number;
  /** Stored tiles that the level of the overview leaves out, and that were made from finer levels. */
  readonly madeTiles?: number;
}
