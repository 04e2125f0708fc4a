/** Reads a few small pieces of a file that may be large. A window of it is kept, and the number of bytes read is bounded. */
import type { FileHandle } from 'node:fs/promises';

import { throwIfAborted } from '../../core/cancel.js';

const kWindowBytes = 64 * 1024;

/** The file ends before, or more was asked for than the bound allows. */
export class BeyondPart extends Error {}

export class WindowedPart {
  private window: Buffer = Buffer.alloc(0);
  private windowAt = 0;
  private bytesRead = 0;

  /** `size` is that of the file. `maxBytes` is the most that is read of it. */
  constructor(
    private readonly handle: FileHandle,
    readonly size: number,
    private readonly maxBytes: number,
    private readonly signal: AbortSignal | null,
  ) {}

  /** Valid until the next call. Throws {@link BeyondPart}; rejects with the system's own errors. */
  async bytes(at: number, length: number): Promise<Buffer> {
    if (at < 0 || length < 0 || at + length > this.size) throw new BeyondPart('the file ends before');
    if (at < this.windowAt || at + length > this.windowAt + this.window.length) await this.move(at, length);
    return this.window.subarray(at - this.windowAt, at - this.windowAt + length);
  }

  private async move(at: number, length: number): Promise<void> {
    throwIfAborted(this.signal);
    const wanted = Math.min(Math.max(length, kWindowBytes), this.size - at);
    this.bytesRead += wanted;
    if (this.bytesRead > this.maxBytes) throw new BeyondPart(`more than ${this.maxBytes} bytes would be read`);
    const buffer = Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.handle.read(buffer, filled, wanted - filled, at + filled);
      // It has become shorter since its size was asked for.
      if (bytesRead === 0) throw new BeyondPart('the file ends before');
      filled += bytesRead;
    }
    this.window = buffer.subarray(0, filled);
    this.windowAt = at;
  }
}
