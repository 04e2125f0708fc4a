/** The caller's own tissue: a mask, GeoJSON, or the path of a GeoJSON file. */

import type { TissueMask } from './tissue-mask.js';
import { invalid, numeric, text } from '../options/check.js';
import { positiveInteger } from '../options/table/kinds.js';
import type { MaskInput } from '../options/types.js';

/** Tells a mask from GeoJSON. */
export function isTissueMask(value: object): value is TissueMask {
  return 'data' in value && 'width' in value && 'height' in value;
}

/** Throws INVALID_OPTION for what cannot be a mask. The GeoJSON itself is checked when it is used. */
export function checkMaskInput(value: unknown): MaskInput {
  if (typeof value === 'string') return text('mask', value);
  if (typeof value !== 'object' || value === null)
    throw invalid('mask', 'a tissue mask, GeoJSON or the path of a GeoJSON file', value);
  if (!isTissueMask(value)) return value as MaskInput;
  const width = numeric('mask', value.width, positiveInteger, '.width');
  const height = numeric('mask', value.height, positiveInteger, '.height');
  if (!(value.data instanceof Uint8Array) || value.data.length !== width * height) {
    throw invalid('mask', `a Uint8Array of width * height (${width * height}) values`, value.data, '.data');
  }
  return value;
}
