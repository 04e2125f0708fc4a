/** Reads small pieces of a file through one large one: structures that lie near each other cost one read. */
import type { FileHandle } from 'node:fs/promises';
import { MicrotomeError } from '../../core/errors.js';

const kWindowBytes = 1024 * 1024;

export class WindowedFile {
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  constructor(
    readonly handle: Pick<FileHandle, 'read'>,
    readonly path: string,
    readonly size: number,
  ) {}

  /** `count` bytes at `at`, in memory that the next call may change. Throws TRUNCATED. */
  async read(at: number, count: number, what: string): Promise<Buffer> {
    const from = at - this.#windowAt;
    if (from >= 0 && from + count <= this.#window.length) return this.#window.subarray(from, from + count);
    if (at + count > this.size) throw this.cutShort(at + count, what);
    const length = Math.min(Math.max(count, kWindowBytes), this.size - at);
    const window = this.#window.length >= length ? this.#window : Buffer.allocUnsafe(length);
    this.#window = Buffer.alloc(0);
    await this.#fill(window.subarray(0, length), at, what);
    this.#window = window.subarray(0, length);
    this.#windowAt = at;
    return this.#window.subarray(0, count);
  }

  /** As many bytes as there are, up to `most`. */
  async readUpTo(at: number, most: number, what: string): Promise<Buffer> {
    return this.read(at, Math.max(0, Math.min(most, this.size - at)), what);
  }

  async #fill(into: Buffer, at: number, what: string): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await this.handle.read(into, done, into.length - done, at + done);
      if (bytesRead === 0) throw this.cutShort(at + into.length, what);
      done += bytesRead;
    }
  }

  cutShort(needed: number, what: string): MicrotomeError {
    const found = `${this.path} has ${this.size} bytes, and ${what} ends at ${needed}`;
    return new MicrotomeError('TRUNCATED', 'slide', found, { path: this.path });
  }
}
