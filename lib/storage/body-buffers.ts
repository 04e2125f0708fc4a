/**
 * Memory of bodies, used again. A large array makes the garbage collector of Node.js run, again and again while a slide is read.
 * Who gives an array back must be its last reader: the next body is written into it.
 */

/** Kept for later bodies, at most. */
const kKeptBytes = 8 * 1024 * 1024;
/** Arrays are of a multiple of this, so that one fits bodies of several lengths. */
const kStepBytes = 64 * 1024;

export class BodyBuffers {
  readonly #free: ArrayBuffer[] = [];
  #freeBytes = 0;
  /** Those that were taken and not given back. */
  readonly #taken = new WeakSet<ArrayBuffer>();

  /** Not cleared: whoever takes it fills all of it. */
  take(length: number): Uint8Array {
    const buffer = this.#fitting(length) ?? new ArrayBuffer(kStepBytes * Math.ceil(length / kStepBytes));
    this.#taken.add(buffer);
    return new Uint8Array(buffer, 0, length);
  }

  /** What was not taken here, or was given back before, is left alone. */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || !this.#taken.delete(buffer)) return;
    if (buffer.byteLength > kKeptBytes) return;
    this.#free.push(buffer);
    this.#freeBytes += buffer.byteLength;
    // The oldest go first: bodies of their lengths may not come again.
    while (this.#freeBytes > kKeptBytes) this.#freeBytes -= this.#free.shift()?.byteLength ?? 0;
  }

  /** The smallest that is large enough, unless most of it would stay empty. */
  #fitting(length: number): ArrayBuffer | null {
    let best = -1;
    for (const [i, { byteLength }] of this.#free.entries()) {
      const isFit = byteLength >= length && byteLength <= 2 * length + kStepBytes;
      if (isFit && (best < 0 || byteLength < (this.#free[best] as ArrayBuffer).byteLength)) best = i;
    }
    if (best < 0) return null;
    const [buffer] = this.#free.splice(best, 1) as [ArrayBuffer];
    this.#freeBytes -= buffer.byteLength;
    return buffer;
  }
}
