/**
 * Element types and attributes, as HDF5 writes them: messages of "HDF5 File Format Specification, version 3.0", sections
 * IV.A.2.b (dataspace), d (datatype) and m (attribute).
 */
import { ByteList } from './byte-list.js';

export type ElementName = 'float16' | 'float32' | 'float64' | 'int64';

export const elementBytes: Readonly<Record<ElementName, number>> = { float16: 2, float32: 4, float64: 8, int64: 8 };

/** `int` and `float`: one number. `ints`, `floats`: a list of them. */
export type AttributeValue =
  | string
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Sizes of sign place, exponent and mantissa in bits, and the bias. */
const floats = {
  float16: { bits: 16, mantissa: 10, exponent: 5, bias: 15 },
  float32: { bits: 32, mantissa: 23, exponent: 8, bias: 127 },
  float64: { bits: 64, mantissa: 52, exponent: 11, bias: 1023 },
} as const;

export function elementType(name: ElementName): Buffer {
  const size = elementBytes[name];
  const list = new ByteList();
  // Class 0: fixed point; 8: signed.
  if (name === 'int64') return list.u8(0x10, 0x08, 0, 0).u32(size).u16(0).u16(64).whole();
  const { bits, mantissa, exponent, bias } = floats[name];
  // Class 1: floating point; 0x20: the mantissa's first bit is implied.
  list
    .u8(0x11, 0x20, bits - 1, 0)
    .u32(size)
    .u16(0)
    .u16(bits);
  return list.u8(mantissa, exponent, 0, mantissa).u32(bias).whole();
}

/** A text of any length in UTF-8; the value is its place in a heap. h5py reads only these as str. */
function textType(): Buffer {
  const list = new ByteList().u8(0x19, 0x01, 0x01, 0).u32(16);
  return list.u8(0x10, 0, 0, 0).u32(1).u16(0).u16(8).whole();
}

/** `dimensions` empty: one value. */
export function dataspace(dimensions: readonly number[]): Buffer {
  const list = new ByteList().u8(2, dimensions.length, 0, dimensions.length === 0 ? 0 : 1);
  for (const each of dimensions) list.u64(each);
  return list.whole();
}

/** Where a text is: bytes, address of the heap, index in it. */
export interface HeapPlace {
  readonly bytes: number;
  readonly address: number;
  readonly index: number;
}

/** The body of an attribute message. `place` keeps a text. */
export function attributeBody(name: string, value: AttributeValue, place: (text: string) => HeapPlace): Buffer {
  const { type, space, data } = attributeParts(value, place);
  const list = new ByteList()
    .u8(3, 0)
    .u16(name.length + 1)
    .u16(type.length)
    .u16(space.length)
    .u8(0);
  return list.ascii(`${name}\0`).bytes(type).bytes(space).bytes(data).whole();
}

function attributeParts(
  value: AttributeValue,
  place: (text: string) => HeapPlace,
): { readonly type: Buffer; readonly space: Buffer; readonly data: Buffer } {
  const data = new ByteList();
  if (typeof value === 'string') {
    const { bytes, address, index } = place(value);
    return { type: textType(), space: dataspace([]), data: data.u32(bytes).u64(address).u32(index).whole() };
  }
  const isInteger = 'int' in value || 'ints' in value;
  const list =
    'int' in value ? [value.int] : 'float' in value ? [value.float] : 'ints' in value ? value.ints : value.floats;
  for (const each of list) {
    if (isInteger) data.u64(each);
    else data.f64(each);
  }
  const space = dataspace('int' in value || 'float' in value ? [] : [list.length]);
  return { type: elementType(isInteger ? 'int64' : 'float64'), space, data: data.whole() };
}
