/** The body of a request of inference: JSON, and the bytes of its binary tensors behind it. */

import { headerLengthName, type Datatype } from '../client/protocol.js';
import { elementBytes, isDatatype } from '../client/element-types.js';
import { badRequest, tooLarge } from './http-error.js';
import { parseJsonObject } from './json-bytes.js';
import type { ServerLimits } from './options.js';

/** A tensor of a request: its bytes, where it came as binary, or the values of the JSON. */
export interface InputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: Datatype;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly values: { readonly bytes: Uint8Array } | { readonly data: readonly unknown[] };
}

export interface InferRequest {
  readonly id: string | null;
  readonly inputs: readonly InputTensor[];
  /** Null: those that the model gives by itself. */
  readonly outputs: readonly { readonly name: string; readonly isBinary: boolean }[] | null;
  /** Of outputs that are not named. */
  readonly isBinary: boolean;
}

/** How many values a tensor of this shape has; names the tensor where that is too many. */
export function countOf(shape: readonly number[], most: number, name: string): number {
  let count = 1;
  for (const side of shape) {
    count *= side;
    if (count > most) throw tooLarge(`the tensor ${JSON.stringify(name)} has more than ${most} values`);
  }
  return count;
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(`${what} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw badRequest(`${what} is not a list`);
  if (value.length > most) throw tooLarge(`${what} has ${value.length} items, the most is ${most}`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '' || value.length > 1024)
    throw badRequest(`${what} is not a text of 1 to 1024 characters`);
  return value;
}

function flag(value: unknown, what: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw badRequest(`${what} is not true or false`);
  return value;
}

function shapeOf(value: unknown, what: string): readonly number[] {
  const sides = list(value, `the shape of ${what}`, 8);
  for (const side of sides)
    if (!Number.isSafeInteger(side) || (side as number) < 0)
      throw badRequest(`the shape of ${what} is not a list of whole numbers from 0`);
  return sides as readonly number[];
}

/** Gives out the bytes behind the JSON, one tensor after another. */
class BinaryPart {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(size: unknown, what: string): Uint8Array {
    if (!Number.isSafeInteger(size) || (size as number) < 0)
      throw badRequest(`binary_data_size of ${what} is not a whole number from 0`);
    const end = this.#at + (size as number);
    if (end > this.bytes.byteLength)
      throw badRequest(`binary_data_size of ${what} is ${String(size)}, but the body ends before`);
    const taken = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  requireEnd(): void {
    const left = this.bytes.byteLength - this.#at;
    if (left > 0) throw badRequest(`the body has ${left} bytes that belong to no tensor`);
  }
}

function inputOf(value: unknown, index: number, binary: BinaryPart): InputTensor {
  const what = `input ${index}`;
  const given = object(value ?? null, what);
  const name = text(given['name'], `the name of ${what}`);
  const { datatype } = given;
  if (!isDatatype(datatype)) throw badRequest(`the datatype of ${what} is none of the protocol`);
  const shape = shapeOf(given['shape'], what);
  const parameters = object(given['parameters'], `parameters of ${what}`);
  const size = parameters['binary_data_size'];
  if (size === undefined) {
    if (!Array.isArray(given['data'])) throw badRequest(`${what} has neither a list as data nor binary_data_size`);
    return { name, shape, datatype, parameters, values: { data: given['data'] as readonly unknown[] } };
  }
  if (given['data'] !== undefined) throw badRequest(`${what} has both data and binary_data_size`);
  const bytes = binary.take(size, what);
  const each = elementBytes(datatype);
  if (each > 0 && bytes.byteLength !== each * countOf(shape, Number.MAX_SAFE_INTEGER / 8, name))
    throw badRequest(
      `${what} has ${bytes.byteLength} bytes, its shape [${shape.join(', ')}] of ${datatype} has others`,
    );
  return { name, shape, datatype, parameters, values: { bytes } };
}

function outputsOf(value: unknown, isBinary: boolean, most: number): InferRequest['outputs'] {
  if (value === undefined) return null;
  const outputs = list(value, 'outputs', most).map((one, index) => {
    const what = `output ${index}`;
    const given = object(one ?? null, what);
    const parameters = object(given['parameters'], `parameters of ${what}`);
    for (const name of ['classification', 'shared_memory_region'])
      if (parameters[name] !== undefined)
        throw badRequest(`${what} asks for ${name}, which this server does not offer`);
    return {
      name: text(given['name'], `the name of ${what}`),
      isBinary: flag(parameters['binary_data'], `binary_data of ${what}`, isBinary),
    };
  });
  if (new Set(outputs.map(({ name }) => name)).size < outputs.length) throw badRequest('an output is asked for twice');
  return outputs.length === 0 ? null : outputs;
}

/** Where the JSON ends. */
function headerLength(header: string | readonly string[] | undefined, bytes: number): number {
  if (header === undefined) return bytes;
  const length = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (!(length <= bytes))
    throw badRequest(`${headerLengthName} is not a number of bytes up to the length of the body, which is ${bytes}`);
  return length;
}

/** Throws an HttpError: 400 for what is malformed, 413 for what is too much. */
export function parseInferRequest(
  body: Uint8Array,
  header: string | readonly string[] | undefined,
  limits: ServerLimits,
): InferRequest {
  const length = headerLength(header, body.byteLength);
  const json = parseJsonObject(body.subarray(0, length), limits);
  const binary = new BinaryPart(body.subarray(length));
  const parameters = object(json['parameters'], 'parameters');
  const isBinary = flag(parameters['binary_data_output'], 'binary_data_output', false);
  const inputs = list(json['inputs'], 'inputs', limits.tensors).map((one, i) => inputOf(one, i, binary));
  if (inputs.length === 0) throw badRequest('the request has no inputs');
  binary.requireEnd();
  return {
    id: json['id'] === undefined ? null : text(json['id'], 'id'),
    inputs,
    outputs: outputsOf(json['outputs'], isBinary, limits.tensors),
    isBinary,
  };
}
