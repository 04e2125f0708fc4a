/** Fields of protocol-buffer messages, for models that are put together by hand. */

export function varint(value: number): Buffer {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Buffer.from([...out, value]);
}

/** A field of text, bytes or a message. */
export const field = (number: number, body: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(body as Uint8Array);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
};

export const numberField = (number: number, value: number): Buffer =>
  Buffer.concat([varint(number * 8), varint(value)]);
