/** Random access to bytes, wherever they are: what slides are read from. */

/** Bytes from `offset`, `length` of them. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Random access to the bytes of a slide, wherever they are. No thread waits for a read: while it is under way, other
 * slides and other tiles go on. Neighbouring bytes are asked for in one range, several ranges in one call, and nothing is
 * asked for twice at a time.
 *
 * @example
 * ```ts
 * const source: ByteSource = {
 *   size: blob.size,
 *   name: 'slide in memory',
 *   read: (ranges) =>
 *     Promise.all(ranges.map(async ({ offset, length }) =>
 *       new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()))),
 * };
 * const result = await scoreSlide(source, { model: 'demo' });
 * ```
 */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** What to call it in results and messages. @defaultValue 'byte source' */
  readonly name?: string;
  /** A read that has not settled after so long ends the job with NETWORK. @defaultValue 60000 */
  readonly timeoutMs?: number;
  /**
   * One array for each range, in order, of exactly the length that was asked for. Rejects when that is impossible: the job
   * then ends with the code, the message and the advice of a {@link MicrotomeError} of NETWORK, TRUNCATED or FILE_UNREADABLE,
   * and for any other reason with FILE_UNREADABLE. `signal` is aborted when nobody wants the bytes any more. Arrays are
   * copied before the next turn of the event loop, and may be used again then.
   */
  read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Uint8Array[]>;
}
