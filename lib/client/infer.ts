/** Requests of inference and their answers: JSON with binary tensors behind it. */

import {
  bytesOfValues,
  elementBytes,
  isDatatype,
  packBytes,
  unpackBytes,
  valuesOf,
  type TensorValues,
} from './element-types.js';
import { headerLengthName, type Datatype, type InferRequestJson } from './protocol.js';
import { jsonOf, strange, type Answer, type Asked } from './transport.js';

/** A tensor of a request. `values` of BYTES are its elements; of FP16 the bits. */
export type TensorInput = {
  readonly name: string;
  readonly shape: readonly number[];
} & (
  | { readonly datatype: 'BYTES'; readonly values: readonly Uint8Array[] }
  | { readonly datatype: Exclude<Datatype, 'BYTES'>; readonly values: TensorValues }
);

/** A tensor of an answer. */
export interface TensorOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: Datatype;
  /** Numbers by row; of FP16 the bits. Of BYTES its elements. */
  readonly values: TensorValues | readonly Uint8Array[];
}

/** The answer to a request of inference. */
export interface Inference {
  readonly model: string;
  readonly version: string | null;
  readonly id: string | null;
  readonly outputs: readonly TensorOutput[];
  /** What the server says beside the values: sentences. */
  readonly notes: readonly string[];
}

export interface InferOptions {
  /** The outputs that are wanted. Default: those that the model gives by itself. */
  readonly outputs?: readonly string[];
  /** Comes back with the answer. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

/** The body and the headers. All tensors are binary. */
export function inferBody(
  inputs: readonly TensorInput[],
  { outputs, id }: InferOptions,
): Pick<Asked, 'body' | 'headers'> {
  const tensors = inputs.map((input) =>
    input.datatype === 'BYTES' ? packBytes(input.values) : bytesOfValues(input.values),
  );
  const json: InferRequestJson = {
    ...(id === undefined ? {} : { id }),
    parameters: { binary_data_output: true },
    inputs: inputs.map(({ name, shape, datatype }, i) => ({
      name,
      shape,
      datatype,
      parameters: { binary_data_size: tensors[i]?.byteLength ?? 0 },
    })),
    ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) }),
  };
  const head = new TextEncoder().encode(JSON.stringify(json));
  const body = new Uint8Array(tensors.reduce((sum, { byteLength }) => sum + byteLength, head.byteLength));
  body.set(head);
  let at = head.byteLength;
  for (const tensor of tensors) {
    body.set(tensor, at);
    at += tensor.byteLength;
  }
  const headers = { 'content-type': 'application/octet-stream', [headerLengthName]: String(head.byteLength) };
  return { body, headers };
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw strange(`${what} is no object`);
}

function outputOf(value: unknown, take: (size: unknown) => Uint8Array): TensorOutput {
  const { name, shape, datatype, data, parameters } = fields(value, 'an output');
  if (typeof name !== 'string' || !isDatatype(datatype)) throw strange('an output has no name or no known datatype');
  if (!Array.isArray(shape) || !shape.every((side) => Number.isSafeInteger(side) && side >= 0))
    throw strange(`the shape of ${name} is no list of lengths`);
  const count = (shape as readonly number[]).reduce((product, side) => product * side, 1);
  const size = parameters === undefined ? undefined : fields(parameters, 'parameters')['binary_data_size'];
  const found = { name, shape: shape as readonly number[], datatype };
  if (size !== undefined) {
    const bytes = take(size);
    if (datatype === 'BYTES') {
      const items = unpackBytes(bytes, count);
      if (items === null) throw strange(`the elements of ${name} are not ${count}`);
      return { ...found, values: items };
    }
    if (bytes.byteLength !== count * elementBytes(datatype)) throw strange(`${name} has bytes of another shape`);
    return { ...found, values: valuesOf(datatype, bytes) };
  }
  if (!Array.isArray(data)) throw strange(`${name} has no data`);
  const flat = data.flat(8) as readonly unknown[];
  if (flat.length !== count) throw strange(`${name} has ${flat.length} values, its shape has ${count}`);
  if (datatype === 'BYTES') return { ...found, values: flat.map((item) => new TextEncoder().encode(String(item))) };
  return { ...found, values: numbersOf(datatype, flat, name) };
}

function numbersOf(datatype: Exclude<Datatype, 'BYTES'>, flat: readonly unknown[], name: string): TensorValues {
  const values = flat.map((value) => (typeof value === 'boolean' ? Number(value) : value));
  if (datatype === 'FP16' || !values.every((value) => typeof value === 'number'))
    throw strange(`the data of ${name} are no numbers`);
  const typed = valuesOf(datatype, new Uint8Array(values.length * elementBytes(datatype)));
  if (typed instanceof BigInt64Array || typed instanceof BigUint64Array) typed.set(values.map(BigInt));
  else typed.set(values);
  return typed;
}

function notesOf(parameters: unknown): readonly string[] {
  if (parameters === undefined) return [];
  const { notes } = fields(parameters, 'parameters');
  if (typeof notes !== 'string') return [];
  const list = jsonOf(new TextEncoder().encode(notes));
  return Array.isArray(list) && list.every((note) => typeof note === 'string') ? list : [notes];
}

/** Throws NETWORK for an answer that is none of the protocol. */
export function inferenceOf({ headers, body }: Answer): Inference {
  const header = headers.get(headerLengthName);
  const length = header === null ? body.byteLength : Number(header);
  if (!Number.isSafeInteger(length) || length < 0 || length > body.byteLength)
    throw strange('its header tells an impossible length');
  let at = length;
  const take = (size: unknown): Uint8Array => {
    if (!Number.isSafeInteger(size) || (size as number) < 0 || at + (size as number) > body.byteLength)
      throw strange('a binary tensor goes beyond its end');
    at += size as number;
    return body.subarray(at - (size as number), at);
  };
  const json = fields(jsonOf(body.subarray(0, length)), 'it');
  if (!Array.isArray(json['outputs'])) throw strange('it has no outputs');
  const text = (name: string): string | null => (typeof json[name] === 'string' ? json[name] : null);
  return {
    model: text('model_name') ?? '',
    version: text('model_version'),
    id: text('id'),
    outputs: json['outputs'].map((output) => outputOf(output, take)),
    notes: notesOf(json['parameters']),
  };
}
