/** The body of an answer, of a length that is known: no more of it is taken. */
import { ofConnection, TryFailed } from './failures.js';
import type { RangeAnswer } from './transport.js';

export interface BodyRules {
  /** A try is given up when in this time ... */
  readonly stallMs: number;
  /** ... fewer bytes came. */
  readonly leastBytes: number;
}

export const defaultBodyRules: BodyRules = { stallMs: 20_000, leastBytes: 16 * 1024 };

/** Memory for a body of a length. */
export type BodyRoom = (length: number) => Uint8Array;

export const newRoom: BodyRoom = (length) => new Uint8Array(length);

/** Throws TryFailed for a body that is short or breaks off. */
export async function readBody(
  answer: RangeAnswer,
  length: number,
  moved: (bytes: number) => void,
  room: BodyRoom = newRoom,
): Promise<Uint8Array> {
  const bytes = room(length);
  let done = 0;
  try {
    for await (const chunk of answer.body) {
      moved(chunk.length);
      const part = chunk.subarray(0, length - done);
      bytes.set(part, done);
      done += part.length;
      // The end of a body that is as long as its header says is waited for: its connection is used again.
      if (done === length && (part.length < chunk.length || answer.contentLength !== length)) break;
    }
  } catch (error) {
    // What breaks after the last byte that was asked for is no loss.
    if (done < length) throw ofConnection(error);
  }
  if (done < length) throw new TryFailed(`the body ended after ${done} of ${length} bytes`, { again: true });
  return bytes;
}
