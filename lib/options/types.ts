/** The option types of the public API: those that are made from the table, and the inputs that are more than one value. */

import type { TissueMask } from '../slide/tissue-mask.js';
import type { BadTilePolicy, ScorerOptions, SlideFileOptions, TissueOptions } from './generated-types.js';

export type * from './generated-types.js';

/** What {@link Slide.tissue} takes. */
export interface TissueCallOptions extends TissueOptions {
  /** What a stored tile does that cannot be decoded. @defaultValue 'error' */
  readonly onBadTile?: BadTilePolicy;
}

/**
 * Where tissue is, instead of finding it: a mask over the whole slide, GeoJSON polygons in level-0 pixels (an object), or
 * the path, or the `file:` URL, of a GeoJSON file.
 */
export type MaskInput = TissueMask | GeoJsonObject | string | URL;

/** A GeoJSON FeatureCollection, Feature, GeometryCollection, Polygon or MultiPolygon, in level-0 pixels. */
export interface GeoJsonObject {
  readonly type: 'FeatureCollection' | 'Feature' | 'GeometryCollection' | 'Polygon' | 'MultiPolygon';
  readonly [member: string]: unknown;
}

/** How {@link scoreSlide} scores. */
export interface ScoreOptions extends ScorerOptions, SlideFileOptions {}
