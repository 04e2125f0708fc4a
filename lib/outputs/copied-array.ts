/** Copies of large arrays, made in turns of the event loop. */
import { throwIfAborted } from '../core/cancel.js';
import { Turns } from '../core/turns.js';

/** Copied without asking for the time: a fraction of a millisecond. */
const sliceBytes = 256 * 1024;

export async function copiedArray<T extends Float64Array | Uint8Array>(
  from: T,
  signal: AbortSignal | null,
): Promise<T> {
  throwIfAborted(signal);
  const turns = new Turns(signal);
  const copy = (from instanceof Float64Array ? new Float64Array(from.length) : new Uint8Array(from.length)) as T;
  const slice = sliceBytes / from.BYTES_PER_ELEMENT;
  for (let i = 0; i < from.length; i += slice) {
    copy.set(from.subarray(i, i + slice), i);
    if (turns.isOver) await turns.next();
  }
  return copy;
}
