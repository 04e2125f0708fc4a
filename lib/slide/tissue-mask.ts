/** Where a slide has tissue: one byte for each mask pixel, over the whole slide. */

export interface TissueMask {
  /** 255 tissue, 0 not; row by row. */
  readonly data: Uint8Array;
  /** Mask pixels. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per mask pixel. */
  readonly level0PerPxX: number;
  readonly level0PerPxY: number;
  /** Stored tiles of the overview that could not be decoded; they count as not tissue. */
  readonly badTiles: number;
}
