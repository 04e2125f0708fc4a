/** Little-endian fields of HDF5's structures. All numbers fit a double exactly, or are refused. */
import { MicrotomeError } from '../../core/errors.js';

/** Byte counts that a file uses for its addresses and its lengths. */
export interface FieldSizes {
  readonly offset: number;
  readonly length: number;
}

export function damaged(path: string, found: string): MicrotomeError {
  return new MicrotomeError('IMAGES_INVALID', 'slide', `${path}: ${found}`, { path });
}

/** Reads one structure from its start. What lies beyond its end is refused. */
export class Fields {
  at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly path: string,
    /** For messages: the name of the structure and where it is. */
    private readonly what: string,
  ) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  skip(count: number): this {
    this.at += count;
    return this;
  }

  /** An unsigned number of 1 to 8 bytes; the value of all ones, which means "none", is null. */
  address(size: number): number | null {
    this.#need(size);
    if (this.bytes.subarray(this.at, this.at + size).every((byte) => byte === 0xff)) {
      this.at += size;
      return null;
    }
    return this.number(size);
  }

  number(size: number): number {
    this.#need(size);
    const value = size <= 6 ? this.bytes.readUIntLE(this.at, size) : Number(this.bytes.readBigUInt64LE(this.at));
    this.at += size;
    if (!Number.isSafeInteger(value)) throw damaged(this.path, `${this.what} holds a number that is too large`);
    return value;
  }

  part(count: number): Buffer {
    this.#need(count);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  signature(expected: string): this {
    const found = this.part(expected.length).toString('latin1');
    if (found !== expected) throw damaged(this.path, `${this.what} does not begin with ${expected}`);
    return this;
  }

  #need(count: number): void {
    if (count > this.left) throw damaged(this.path, `${this.what} ends too early`);
  }
}
