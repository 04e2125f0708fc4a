/** A caller's byte source as the addon asks it: what it answers is checked here, and a read that stalls is given up. */

import { MicrotomeError, foundBy, type ErrorCode } from '../core/errors.js';
import type { NativeAnswers, NativeByteSource } from '../native/contract.js';
import { lenderOf, type RemoteSource } from '../storage/remote-source.js';
import type { ByteRange, ByteSource } from './byte-source.js';

const defaultTimeoutMs = 60_000;
/** Timers of Node.js fire at once when they are asked for more: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** Without an advice of its own it has that of the code. */
type Fault = readonly [code: FaultCode, found: string, advice?: string];

type FaultCode = 'FILE_UNREADABLE' | 'TRUNCATED' | 'NETWORK';

/** The codes that the addon knows of a source. */
function isPassedOn(code: ErrorCode): code is FaultCode {
  return code === 'FILE_UNREADABLE' || code === 'TRUNCATED' || code === 'NETWORK';
}

const whatReadGives = 'read(ranges) gives one Uint8Array for each range, of the length that was asked for';

/** What is wrong with an answer, or null. */
function faultOf(parts: unknown, ranges: readonly ByteRange[]): Fault | null {
  if (!Array.isArray(parts) || parts.length !== ranges.length) {
    const found = Array.isArray(parts) ? `${parts.length} arrays` : 'no array';
    return ['FILE_UNREADABLE', `the byte source gave ${found} for ${ranges.length} ranges`, whatReadGives];
  }
  for (const [i, { offset, length }] of ranges.entries()) {
    const part: unknown = parts[i];
    if (!(part instanceof Uint8Array)) {
      return ['FILE_UNREADABLE', `the byte source gave no Uint8Array for ${length} bytes at ${offset}`, whatReadGives];
    }
    if (part.length < length) {
      return [
        'TRUNCATED',
        `the byte source gave ${part.length} of ${length} bytes at ${offset}: it is shorter than its size says`,
      ];
    }
    if (part.length > length) {
      return [
        'FILE_UNREADABLE',
        `the byte source gave ${part.length} bytes where ${length} at ${offset} were asked for`,
        whatReadGives,
      ];
    }
  }
  return null;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Reads that are under way for one slide. */
class Reads {
  readonly #source: ByteSource;
  readonly #running = new Map<number, AbortController>();

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async read(question: number, ranges: readonly ByteRange[], answers: NativeAnswers): Promise<void> {
    const controller = new AbortController();
    this.#running.set(question, controller);
    const timeoutMs = this.#source.timeoutMs ?? defaultTimeoutMs;
    const stalled = new Promise<Fault>((resolve) => {
      const timer = setTimeout(
        () =>
          resolve([
            'NETWORK',
            `the byte source has not answered after ${timeoutMs} ms`,
            'check the connection, or raise timeoutMs of the byte source',
          ]),
        Math.min(timeoutMs, longestTimerMs),
      );
      controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    });
    const fault = await Promise.race([this.#answer(question, ranges, answers, controller.signal), stalled]);
    if (!this.#running.delete(question)) return;
    controller.abort();
    if (fault !== null) answers.fail(question, ...fault);
  }

  async #answer(
    question: number,
    ranges: readonly ByteRange[],
    answers: NativeAnswers,
    signal: AbortSignal,
  ): Promise<Fault | null> {
    try {
      const lend = lenderOf(this.#source);
      if (lend === undefined) return this.#pass(question, ranges, await this.#source.read(ranges, signal), answers);
      const { parts, giveBack } = await lend(ranges, signal);
      const fault = this.#pass(question, ranges, parts, answers);
      giveBack();
      return fault;
    } catch (error) {
      if (error instanceof MicrotomeError && isPassedOn(error.code)) return [error.code, foundBy(error), error.advice];
      return [
        'FILE_UNREADABLE',
        `the byte source failed: ${reasonOf(error)}`,
        'its read() gave this reason: see there',
      ];
    }
  }

  /** The addon copies what it is given. */
  #pass(question: number, ranges: readonly ByteRange[], parts: Uint8Array[], answers: NativeAnswers): Fault | null {
    const fault = faultOf(parts, ranges);
    if (fault === null && this.#running.has(question)) {
      for (const [i, part] of parts.entries()) answers.answer(question, i, part);
    }
    return fault;
  }

  forget(question: number): void {
    const controller = this.#running.get(question);
    this.#running.delete(question);
    controller?.abort();
  }
}

/** Only our own sources say it. */
function readAheadOf(source: ByteSource): Pick<NativeByteSource, 'readAheadBytes'> {
  const { readAheadBytes } = source as Partial<RemoteSource>;
  return readAheadBytes === undefined ? {} : { readAheadBytes };
}

export function bridgeTo(source: ByteSource, name: string): NativeByteSource {
  const reads = new Reads(source);
  return {
    size: source.size,
    name,
    ...readAheadOf(source),
    read(question, offsets, lengths, answers) {
      const ranges = Array.from(offsets, (offset, i) => Object.freeze({ offset, length: lengths[i] ?? 0 }));
      void reads.read(question, Object.freeze(ranges), answers);
    },
    forget: (question) => reads.forget(question),
  };
}
