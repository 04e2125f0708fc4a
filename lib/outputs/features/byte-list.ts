/** Little-endian bytes, put together one field after the other. */
export class ByteList {
  readonly #parts: Buffer[] = [];
  length = 0;

  bytes(part: Uint8Array): this {
    this.#parts.push(Buffer.from(part));
    this.length += part.length;
    return this;
  }

  /** Numbers of one byte each. */
  u8(...values: readonly number[]): this {
    return this.bytes(Uint8Array.from(values));
  }

  u16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16LE(value);
    return this.bytes(part);
  }

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    return this.bytes(part);
  }

  u64(value: number | bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
    return this.bytes(part);
  }

  f64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeDoubleLE(value);
    return this.bytes(part);
  }

  ascii(text: string): this {
    return this.bytes(Buffer.from(text, 'latin1'));
  }

  zeros(count: number): this {
    return this.bytes(Buffer.alloc(count));
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
