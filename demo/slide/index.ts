/** The slide generator: synthetic stained slides for the demonstration and the tests. */
export { PEN_COLOURS, type Edge, type PenColour } from './fields.js';
export { decodeRgb, splitJpeg, TileEncoder } from './jpeg.js';
export { pageTags, type CountType, type PageTiles } from './pages.js';
export { Painter } from './painter.js';
export { levelSizes, reduceInto, type LevelSize } from './pyramid.js';
export type { Scene } from './scene.js';
export { makeSharedTileSlide, type SharedTileOptions, type SharedTileTruth } from './shared-tile-slide.js';
export { asciiTag, TagId, TiffWriter, type Tag, type TagType, type TiffWriterOptions } from './tiff-writer.js';
export { Label, LABEL_CELL_PX, sceneTruth, type SlideTruth } from './truth.js';
export { sceneOf, writeSlide, type SlideOptions } from './write-slide.js';
