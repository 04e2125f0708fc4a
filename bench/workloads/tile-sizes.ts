/** Sides of tiles, pixels. */
export const MODEL_TILE_PX = 224;
export const STORED_TILE_PX = 256;
