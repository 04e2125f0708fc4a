/** Values of JSON to bytes, and values of a model to tensors of an answer. */

import { bytesOfValues, unpackBytes, type TensorValues } from '../client/element-types.js';
import {
  base64ContentType,
  contentTypeParameter,
  type Datatype,
  type Parameters,
  type TensorJson,
} from '../client/protocol.js';
import { float16Bits } from '../outputs/features/float16.js';
import { badRequest } from './http-error.js';
import { countOf, type InputTensor } from './infer-request.js';

/** Element types of a graph by the protocol's names. */
const datatypes: Readonly<Record<string, Datatype>> = {
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  bool: 'BOOL',
};

/** Of an element type that the protocol has no name for: the values are given as FP64. */
export function datatypeOf(type: string): Datatype {
  return datatypes[type] ?? 'FP64';
}

/** An output of an answer. */
export interface OutputTensor {
  readonly name: string;
  readonly datatype: Exclude<Datatype, 'BYTES'>;
  readonly shape: readonly number[];
  /** By row. Every value is finite. */
  readonly values: Float64Array;
}

/** The numbers of nested lists, in order. They must be nested as the shape says, or not at all. */
function flat(data: readonly unknown[], shape: readonly number[], name: string): readonly unknown[] {
  if (!data.some(Array.isArray)) return data;
  const [side = 0, ...rest] = shape;
  if (rest.length === 0 || data.length !== side || !data.every(Array.isArray))
    throw badRequest(`the data of ${JSON.stringify(name)} are not nested as its shape says`);
  return (data as readonly (readonly unknown[])[]).flatMap((row) => {
    if (rest.length === 1 ? row.length !== rest[0] : false)
      throw badRequest(`the data of ${JSON.stringify(name)} are not nested as its shape says`);
    return flat(row, rest, name);
  });
}

function numbers(data: readonly unknown[], { shape, name }: InputTensor): readonly number[] {
  const values = flat(data, shape, name);
  const count = countOf(shape, 2 ** 32, name);
  if (values.length !== count)
    throw badRequest(
      `${JSON.stringify(name)} has ${values.length} values, its shape [${shape.join(', ')}] has ${count}`,
    );
  for (const value of values)
    if (typeof value !== 'number') throw badRequest(`the data of ${JSON.stringify(name)} are not all numbers`);
  return values as readonly number[];
}

/** The bytes of rows of numbers. Throws an HttpError. */
export function numberBytes(input: InputTensor): Uint8Array {
  if ('bytes' in input.values) return input.values.bytes;
  const { datatype, name } = input;
  const values = numbers(input.values.data, input);
  if (datatype === 'FP32') {
    const all = Float32Array.from(values);
    // A number that JSON can say and FP32 cannot.
    if (!all.every(Number.isFinite)) throw badRequest(`${JSON.stringify(name)} has a value that FP32 cannot hold`);
    return bytesOfValues(all);
  }
  if (datatype === 'UINT8') {
    if (!values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255))
      throw badRequest(`${JSON.stringify(name)} has a value that UINT8 cannot hold`);
    return Uint8Array.from(values);
  }
  throw badRequest(`${JSON.stringify(name)} is ${datatype}, which is taken as binary only`);
}

/** The elements of a tensor of BYTES. Throws an HttpError. */
export function byteItems(input: InputTensor, count: number): readonly Uint8Array[] {
  const what = JSON.stringify(input.name);
  if ('bytes' in input.values) {
    const items = unpackBytes(input.values.bytes, count);
    if (items === null)
      throw badRequest(`the bytes of ${what} are not ${count} elements, each after its length in four bytes`);
    return items;
  }
  if (input.parameters[contentTypeParameter] !== base64ContentType)
    throw badRequest(
      `${what} has its elements in JSON: say parameters {"${contentTypeParameter}": "${base64ContentType}"} and encode them so, or send them as binary`,
    );
  const texts = flat(input.values.data, input.shape, input.name);
  if (texts.length !== count) throw badRequest(`${what} has ${texts.length} elements, its shape has ${count}`);
  return texts.map((text) => {
    if (typeof text !== 'string' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
      throw badRequest(`an element of ${what} is not base64`);
    return Buffer.from(text, 'base64');
  });
}

const view = new DataView(new ArrayBuffer(4));

function halfBits(value: number): number {
  view.setFloat32(0, value);
  return float16Bits(view.getUint32(0));
}

function typedValues(datatype: OutputTensor['datatype'], values: Float64Array): TensorValues {
  switch (datatype) {
    case 'FP64':
      return values;
    case 'FP32':
      return Float32Array.from(values);
    case 'FP16':
      return Uint16Array.from(values, halfBits);
    case 'INT64':
      return BigInt64Array.from(values, (value) => BigInt(Math.round(value)));
    case 'UINT64':
      return BigUint64Array.from(values, (value) => BigInt(Math.round(value)));
    case 'INT32':
      return Int32Array.from(values);
    case 'UINT32':
      return Uint32Array.from(values);
    case 'INT16':
      return Int16Array.from(values);
    case 'UINT16':
      return Uint16Array.from(values);
    case 'INT8':
      return Int8Array.from(values);
    default:
      return Uint8Array.from(values);
  }
}

/** The tensor as it stands in the JSON, and its bytes where these follow behind it. */
export function encodeOutput(
  { name, datatype, shape, values }: OutputTensor,
  isBinary: boolean,
): { readonly json: TensorJson; readonly bytes: Uint8Array | null } {
  if (!isBinary) return { json: { name, datatype, shape, data: Array.from(values) }, bytes: null };
  const bytes = bytesOfValues(typedValues(datatype, values));
  const parameters: Parameters = { binary_data_size: bytes.byteLength };
  return { json: { name, datatype, shape, parameters }, bytes };
}
