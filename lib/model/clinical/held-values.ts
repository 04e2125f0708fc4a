/** Clinical values that become a tensor of a graph: its type must hold them. */

import { MicrotomeError } from '../../core/errors.js';
import type { TensorInfo } from '../model.js';
import type { ClinicalFeature } from '../spec.js';
import { clinicalWidth } from './feature-vector.js';
import { rowText } from './row-text.js';
import type { ClinicalRow } from './row-text.js';

const largestFloat32 = 3.4028234663852886e38;
/** The smallest number that is rounded to infinity in float16. */
const tooLargeForFloat16 = 65520;

function isWhole(value: number, bits: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1);
}

function isHeldBy(type: string, value: number): boolean {
  switch (type) {
    case 'int32':
      return isWhole(value, 32);
    case 'int64':
      return isWhole(value, 64);
    case 'float16':
      return Math.abs(Math.fround(value)) < tooLargeForFloat16;
    case 'float32':
      return Math.abs(value) <= largestFloat32;
    default:
      return Number.isFinite(value);
  }
}

/** `values`: of the chosen features, one after the other. Throws CLINICAL_INVALID for one that the tensor cannot hold. */
export function requireHeld(
  values: Float64Array,
  features: readonly ClinicalFeature[],
  chosen: readonly number[],
  tensor: TensorInfo,
  row: ClinicalRow | null,
): void {
  const wrong = values.findIndex((value) => !isHeldBy(tensor.type, value));
  if (wrong === -1) return;
  const at = chosen.findIndex((_, i) => wrong < clinicalWidth(features, chosen.slice(0, i + 1)));
  const { name, column } = features[chosen[at] as number] as ClinicalFeature;
  const text = rowText(row, column);
  const found = text === '' ? 'no value' : `the value ${JSON.stringify(text)}`;
  throw new MicrotomeError(
    'CLINICAL_INVALID',
    'options',
    `The column ${JSON.stringify(column)} has ${found}, of which the feature "${name}" makes ${values[wrong]}; the graph takes ${tensor.type}, which cannot hold it`,
  );
}
