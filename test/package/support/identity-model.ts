// The smallest ONNX model: y = Identity(x) over four floats, written field by field in protobuf's wire format.

const bytes = (field: number, content: Uint8Array | string): Uint8Array => {
  const data = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  if (data.length > 127) throw new RangeError('only short fields are written here');
  return Uint8Array.of((field << 3) | 2, data.length, ...data);
};

const number = (field: number, value: number): Uint8Array => Uint8Array.of(field << 3, value);

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** ValueInfoProto: name and a tensor type of float32 with one dimension of four. */
function fourFloats(name: string): Uint8Array {
  const shape = bytes(1, number(1, 4));
  const tensor = join(number(1, 1), bytes(2, shape));
  return join(bytes(1, name), bytes(2, bytes(1, tensor)));
}

/** ModelProto of IR version 8, operator set 13. */
export function identityModel(): Uint8Array {
  const node = join(bytes(1, 'x'), bytes(2, 'y'), bytes(4, 'Identity'));
  const graph = join(bytes(1, node), bytes(2, 'identity'), bytes(11, fourFloats('x')), bytes(12, fourFloats('y')));
  return join(number(1, 8), bytes(7, graph), bytes(8, join(bytes(1, ''), number(2, 13))));
}
