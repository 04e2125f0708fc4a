/** The caller's own tissue: a mask, GeoJSON, or the path of a GeoJSON file. */

import type { TissueMask } from './tissue-mask.js';
import { contradiction, filePath, invalid, numeric } from '../options/check.js';
import type { MaskInput } from '../options/types.js';

/** The same limits as native/tissue/mask_index.cc, here so that nothing is copied that will be refused. */
const maskSidePx = { type: 'integer', min: 1, max: 2 ** 16 } as const;
const maxMaskPx = 2 ** 31;

/** Tells a mask from GeoJSON. */
export function isTissueMask(value: object): value is TissueMask {
  return 'data' in value && 'width' in value && 'height' in value;
}

/** A URL becomes its path. Throws INVALID_OPTION for what cannot be a mask. The GeoJSON itself is checked when it is used. */
export function checkMaskInput(value: unknown): MaskInput {
  if (value instanceof URL || typeof value === 'string') return filePath('mask', value);
  if (typeof value !== 'object' || value === null)
    throw invalid('mask', 'a tissue mask, GeoJSON or the path of a GeoJSON file', value);
  if (!isTissueMask(value)) return value as MaskInput;
  const width = numeric('mask', value.width, maskSidePx, '.width');
  const height = numeric('mask', value.height, maskSidePx, '.height');
  if (width * height > maxMaskPx)
    throw contradiction(`A mask of ${width} x ${height} pixels was given, at most ${maxMaskPx} pixels are taken`);
  if (!(value.data instanceof Uint8Array) || value.data.length !== width * height) {
    throw invalid('mask', `a Uint8Array of width * height (${width * height}) values`, value.data, '.data');
  }
  return value;
}
