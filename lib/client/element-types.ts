/** Values of tensors as bytes: little-endian, row by row, as the protocol has them. */

import { MicrotomeError } from '../core/errors.js';
import type { Datatype } from './protocol.js';

/** The values of a tensor. FP16 is given as bits. */
export type TensorValues =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array;

type Maker = new (buffer: ArrayBuffer) => TensorValues;

const makers: Readonly<Record<Exclude<Datatype, 'BYTES'>, Maker>> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

const bytesOf: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
};

export function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(bytesOf, value);
}

/** Bytes of one value; 0 for BYTES, whose values have lengths of their own. */
export function elementBytes(datatype: Datatype): number {
  return bytesOf[datatype];
}

/** Of all platforms that Node.js and browsers run on, none is big-endian; this says so rather than to swap in silence. */
function requireLittleEndian(): void {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return;
  throw new MicrotomeError('UNSUPPORTED_PLATFORM', 'options', 'binary tensors are little-endian, this machine is not');
}

/** The values of a tensor that came as bytes, in memory of their own. Throws NETWORK where the length is no whole number of values. */
export function valuesOf(datatype: Exclude<Datatype, 'BYTES'>, bytes: Uint8Array): TensorValues {
  requireLittleEndian();
  if (bytes.byteLength % bytesOf[datatype] !== 0)
    throw new MicrotomeError(
      'NETWORK',
      'options',
      `${bytes.byteLength} bytes are no whole number of ${datatype} values`,
    );
  return new makers[datatype](bytes.slice().buffer);
}

/** The bytes of values, where they lie. */
export function bytesOfValues(values: TensorValues): Uint8Array {
  requireLittleEndian();
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Values of their own length, each after its length in four bytes. */
export function packBytes(items: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(items.reduce((sum, item) => sum + 4 + item.byteLength, 0));
  const view = new DataView(all.buffer);
  let at = 0;
  for (const item of items) {
    view.setUint32(at, item.byteLength, true);
    all.set(item, at + 4);
    at += 4 + item.byteLength;
  }
  return all;
}

/** The opposite: where the values lie in `bytes`. Null where they do not fill it exactly, or are not `count`. */
export function unpackBytes(bytes: Uint8Array, count: number): readonly Uint8Array[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    if (items.length === count || bytes.byteLength - at < 4) return null;
    const length = view.getUint32(at, true);
    at += 4;
    if (length > bytes.byteLength - at) return null;
    items.push(bytes.subarray(at, at + length));
    at += length;
  }
  return items.length === count ? items : null;
}
