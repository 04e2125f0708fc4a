/** Byte sources as a caller writes them, which say how they were used. */
import { readFileSync } from 'node:fs';
import type { ByteRange, ByteSource } from '../../lib/index.js';

/** How a read is answered; `whole` holds the bytes of the slide. */
export type Answer = (ranges: readonly ByteRange[], whole: Buffer, signal: AbortSignal) => unknown;

export const rightAnswer: Answer = (ranges, whole) =>
  ranges.map(({ offset, length }) => Uint8Array.from(whole.subarray(offset, offset + length)));

export interface WatchedSource {
  readonly source: ByteSource;
  /** Each call of read. */
  readonly calls: readonly (readonly ByteRange[])[];
  readonly signals: readonly AbortSignal[];
  /** Ranges that were asked for while a range with some of their bytes was under way. */
  readonly overlaps: readonly ByteRange[];
  bytesRead(): number;
}

export interface WatchedOptions extends Partial<Pick<ByteSource, 'size' | 'name' | 'timeoutMs'>> {
  readonly answer?: Answer;
}

const common = (a: ByteRange, b: ByteRange): boolean =>
  a.offset < b.offset + b.length && b.offset < a.offset + a.length;

/** The bytes of a file, read in a later turn of the event loop. */
export function fromFile(path: string, { answer = rightAnswer, ...more }: WatchedOptions = {}): WatchedSource {
  const whole = readFileSync(path);
  const calls: (readonly ByteRange[])[] = [];
  const signals: AbortSignal[] = [];
  const overlaps: ByteRange[] = [];
  const underWay = new Set<ByteRange>();
  const begin = (range: ByteRange): void => {
    if ([...underWay].some((other) => common(range, other))) overlaps.push(range);
    underWay.add(range);
  };
  const read: ByteSource['read'] = async (ranges, signal) => {
    if (signal === undefined) throw new Error('no signal was passed');
    calls.push(ranges);
    signals.push(signal);
    for (const range of ranges) begin(range);
    try {
      await new Promise((resolve) => setImmediate(resolve));
      return (await answer(ranges, whole, signal)) as Uint8Array[];
    } finally {
      for (const range of ranges) underWay.delete(range);
    }
  };
  return {
    source: { size: whole.length, ...more, read },
    calls,
    signals,
    overlaps,
    bytesRead: () => calls.flat().reduce((sum, { length }) => sum + length, 0),
  };
}
