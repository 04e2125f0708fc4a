/**
 * Writes small ONNX graphs for tests, straight to protocol-buffer bytes. Only what the tests' graphs need; field numbers
 * are those of the public onnx.proto.
 */

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

const tagged = (field: number, wire: number, body: Buffer): Buffer =>
  Buffer.concat([varint((field << 3) | wire), body]);
const number = (field: number, value: number | bigint): Buffer => tagged(field, WIRE_VARINT, varint(value));
const bytes = (field: number, value: Uint8Array | string): Buffer => {
  const body = Buffer.from(value as Uint8Array);
  return tagged(field, WIRE_BYTES, Buffer.concat([varint(body.length), body]));
};
const float = (field: number, value: number): Buffer => {
  const body = Buffer.alloc(4);
  body.writeFloatLE(value);
  return tagged(field, WIRE_FIXED32, body);
};

export type ElementType = 'float32' | 'uint8' | 'int8' | 'int32' | 'int64' | 'float16';
const ELEMENT: Record<ElementType, number> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 };

export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A dimension: a number, or a name for a dynamic one. */
export type Dimension = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

function valueInfo(info: ValueInfo): Buffer {
  const dims = info.shape.map((d) => bytes(1, typeof d === 'number' ? number(1, d) : bytes(2, d)));
  const tensor = Buffer.concat([number(1, ELEMENT[info.type]), bytes(2, Buffer.concat(dims))]);
  return Buffer.concat([bytes(1, info.name), bytes(2, bytes(1, tensor))]);
}

function attribute(name: string, value: Attribute): Buffer {
  const parts = [bytes(1, name)];
  if (typeof value === 'number') parts.push(number(3, value), number(20, 2));
  else if (typeof value === 'string') parts.push(bytes(4, value), number(20, 3));
  else if ('float' in value) parts.push(float(2, value.float), number(20, 1));
  else parts.push(...value.map((v) => number(8, v)), number(20, 7));
  return Buffer.concat(parts);
}

/** A seeded stream of numbers in [-1, 1): the same weights on every machine. */
export class Weights {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  next(): number {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 52 - 1;
  }
}

export class OnnxGraph {
  readonly #nodes: Buffer[] = [];
  readonly #initializers: Buffer[] = [];
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #weights: Weights;
  #names = 0;

  constructor(seed = 1) {
    this.#weights = new Weights(seed);
  }

  input(info: ValueInfo): string {
    this.#inputs.push(info);
    return info.name;
  }

  output(info: ValueInfo): void {
    this.#outputs.push(info);
  }

  /** Adds a node with one output and returns the output's name. */
  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, output?: string): string {
    const name = output ?? `v${this.#names++}`;
    const parts = [...inputs.map((i) => bytes(1, i)), bytes(2, name), bytes(3, `n_${name}`), bytes(4, op)];
    for (const [key, value] of Object.entries(attributes)) parts.push(bytes(5, attribute(key, value)));
    this.#nodes.push(Buffer.concat(parts));
    return name;
  }

  /** A constant; `data` holds its elements, little-endian. */
  tensor(type: ElementType, shape: readonly number[], data: ArrayBufferView): string {
    const name = `w${this.#names++}`;
    const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#initializers.push(
      Buffer.concat([...shape.map((d) => number(1, d)), number(2, ELEMENT[type]), bytes(8, name), bytes(9, raw)]),
    );
    return name;
  }

  floats(shape: readonly number[], values: ArrayLike<number>): string {
    return this.tensor('float32', shape, Float32Array.from(values));
  }

  integers(values: readonly number[]): string {
    return this.tensor('int64', [values.length], BigInt64Array.from(values.map(BigInt)));
  }

  /** Floats that are kept in the file `location`, from its start. */
  external(shape: readonly number[], location: string): string {
    const name = `w${this.#names++}`;
    const entry = Buffer.concat([bytes(1, 'location'), bytes(2, location)]);
    const dims = shape.map((d) => number(1, d));
    this.#initializers.push(
      Buffer.concat([...dims, number(2, ELEMENT.float32), bytes(8, name), bytes(13, entry), number(14, 1)]),
    );
    return name;
  }

  /** A tensor of seeded values in [-scale, scale). */
  random(shape: readonly number[], scale: number): string {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < values.length; i++) values[i] = this.#weights.next() * scale;
    return this.floats(shape, values);
  }

  encode(opset = 13): Buffer {
    const graph = Buffer.concat([
      ...this.#nodes.map((n) => bytes(1, n)),
      bytes(2, 'graph'),
      ...this.#initializers.map((t) => bytes(5, t)),
      ...this.#inputs.map((i) => bytes(11, valueInfo(i))),
      ...this.#outputs.map((o) => bytes(12, valueInfo(o))),
    ]);
    return Buffer.concat([number(1, 7), bytes(7, graph), bytes(8, Buffer.concat([bytes(1, ''), number(2, opset)]))]);
  }
}
