/** Reads pieces of a binary. The file comes from somewhere else: every offset in it is checked before it is used. */
import type { FileHandle } from 'node:fs/promises';

import { MicrotomeError } from '../errors.js';
import { openRegular } from '../regular-file.js';
import { ioFailure } from '../io-failure.js';

/** No piece is larger: tables that we read are far smaller. */
const maxPieceBytes = 16 * 2 ** 20;

/** An open file. `name` is what messages call it. */
export class BinaryFile {
  constructor(
    private readonly handle: FileHandle,
    readonly name: string,
    readonly sizeBytes: number,
  ) {}

  /** Says that the file is damaged: `what` begins with a noun. */
  damaged(what: string): MicrotomeError {
    return new MicrotomeError('RUNTIME_MISSING', 'options', `${this.name} is a damaged binary: ${what}`, {
      advice: 'install or copy the file again',
    });
  }

  /** Says that the file is one of a machine with `what`. */
  foreign(what: string): MicrotomeError {
    const found = `${this.name} is built for another kind of machine than x86-64: one with ${what}`;
    return new MicrotomeError('UNSUPPORTED_PLATFORM', 'options', found, {
      advice: 'take a build for Linux x64, or leave the file out',
    });
  }

  /** `length` bytes from `offset` on. Throws where the file does not have all of them. */
  async bytes(offset: number, length: number, what: string): Promise<Buffer> {
    const isInside = Number.isSafeInteger(offset) && offset >= 0 && offset + length <= this.sizeBytes;
    if (!isInside) throw this.damaged(`${what} lies outside the file`);
    if (length > maxPieceBytes)
      throw this.damaged(`${what} has ${length} bytes, at most ${maxPieceBytes} are expected`);
    const piece = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.handle.read(piece, done, length - done, offset + done);
      if (bytesRead === 0) throw this.damaged(`${what} lies outside the file`);
      done += bytesRead;
    }
    return piece;
  }

  /** At most `length` bytes from `offset` on; fewer at the end of the file. */
  async bytesUpTo(offset: number, length: number, what: string): Promise<Buffer> {
    return this.bytes(offset, Math.max(0, Math.min(length, this.sizeBytes - offset)), what);
  }
}

/** A 64-bit number of the file as a JavaScript number; too large a one is no place in a file, so it becomes Infinity. */
export function number64(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

/** Opens the file, calls `use` and closes it. `name` is what messages call the file. */
export async function withBinary<T>(path: string, name: string, use: (file: BinaryFile) => Promise<T>): Promise<T> {
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('FILE_UNREADABLE', 'options', `${name} is ${found}`, { path });
  let handle: FileHandle;
  try {
    handle = await openRegular(path, { maxBytes: Number.MAX_SAFE_INTEGER, refuse });
  } catch (error) {
    throw ioFailure(error, 'read', path);
  }
  try {
    return await use(new BinaryFile(handle, name, (await handle.stat()).size));
  } catch (error) {
    throw ioFailure(error, 'read', path);
  } finally {
    await handle.close();
  }
}
