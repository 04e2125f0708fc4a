/** An object as a byte source: its header is read ahead, neighbouring ranges are merged, and blocks may come from a disk cache. */
import { setMaxListeners } from 'node:events';
import type { ByteRange, ByteSource } from '../core/byte-ranges.js';
import { MicrotomeError } from '../core/errors.js';
import { BodyBuffers } from './body-buffers.js';
import { newRoom, type BodyRoom } from './body.js';
import { cacheBlockBytes, type DiskCache } from './disk-cache.js';
import { mergeRanges } from './merge.js';
import { isStrong, type OpenedObject, type RangedReader, type Traffic, type Validator } from './ranged-reader.js';

/** Bytes of the first request: the header, and the tables of small slides. */
export const headBytes: number = 64 * 1024;
/**
 * Most bytes that are read while a slide opens, the first request with them. Writers of TIFFs often put the tables of a level
 * behind its pixels, the small levels last: so the rest of the object may be read at once.
 */
const kOpeningBytes = 1_000_000;
/**
 * What the engine asks for when it reads a table. Tables have twelve bytes for a tile, which has some ten thousand: so of a small
 * slide they are small, and what is read beside them would count.
 */
const kReadAhead = { ofSize: 1 / 500, leastBytes: 16 * 1024, mostBytes: 64 * 1024 };
/** Pages of the engine (kPageBytes of native/slide/paged_source.h): it asks for whole ones. */
const kPageBytes = 2 * 1024;
/** The rest of the object is read where opening takes no more requests with it, or where it is a small share of the object. */
const kFewRequests = 3;
const kSmallRest = 0.03;
/** Where one table follows another, the next ones do too: slides whose tables lie at the front. */
const kNextTablesBytes = 256 * 1024;
/** Beyond what all tries of one read take together. */
const kTimeoutMs = 30 * 60_000;

/** A byte source that says what it did. */
export interface RemoteSource extends ByteSource {
  readonly name: string;
  /** What every later read is checked against; `none` only where that was allowed. */
  readonly validator: Validator;
  /** How much the engine asks for when it reads a table. */
  readonly readAheadBytes: number;
  /** Requests and bytes of bodies, with those of tries that failed. */
  readonly traffic: Readonly<Traffic>;
}

export interface SourceParts {
  readonly name: string;
  readonly reader: RangedReader;
  readonly opened: OpenedObject;
  readonly cache: DiskCache | null;
  /** What the cache calls the object, without its version. */
  readonly identity: string;
}

/** Bytes that were read. `giveBack` lets later reads write over them; without it they stay as they are. */
export interface LentBytes {
  readonly parts: Uint8Array[];
  giveBack(): void;
}

export type Lender = (ranges: readonly ByteRange[], signal: AbortSignal) => Promise<LentBytes>;

const lenders = new WeakMap<object, Lender>();

/** Reads a source of this library for a caller that copies the bytes at once; undefined for any other source. */
export function lenderOf(source: ByteSource): Lender | undefined {
  return lenders.get(source);
}

export function remoteSource(parts: SourceParts): RemoteSource {
  const reads = new SourceReads(parts);
  const source: RemoteSource = Object.freeze({
    size: parts.opened.size,
    name: parts.name,
    timeoutMs: kTimeoutMs,
    validator: parts.opened.validator,
    readAheadBytes: reads.readAheadBytes,
    traffic: parts.reader.traffic,
    read: (ranges: readonly ByteRange[], signal?: AbortSignal) => reads.read(ranges, signal ?? null),
  });
  lenders.set(source, (ranges, signal) => reads.lend(ranges, signal));
  return source;
}

interface Window {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Many requests listen to one signal: to one of ours, which may have as many listeners as it takes. */
async function ownSignal<T>(signal: AbortSignal | null, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const forward = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  if (signal?.aborted === true) forward();
  try {
    return await work(controller.signal);
  } catch (error) {
    // What is still under way for the same read is nobody's any more.
    controller.abort(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', forward);
  }
}

class SourceReads {
  readonly #parts: SourceParts;
  /** The first bytes, and what was read while the slide opened: hardly more than 1 MB. */
  readonly #windows: Window[];
  readonly #object: string | null;
  #openingLeft: number;
  readonly #buffers = new BodyBuffers();
  readonly readAheadBytes: number;

  constructor(parts: SourceParts) {
    this.#parts = parts;
    const { head, validator, size } = parts.opened;
    this.#windows = [{ offset: 0, bytes: head }];
    this.#openingLeft = kOpeningBytes - head.length;
    const { ofSize, leastBytes, mostBytes } = kReadAhead;
    this.readAheadBytes = 1024 * Math.round(Math.min(Math.max(size * ofSize, leastBytes), mostBytes) / 1024);
    // Bytes of an object whose versions cannot be told apart are not kept.
    const isKept = validator.kind === 'etag' && isStrong(validator.value);
    this.#object = isKept ? `${parts.identity}\n${validator.value}\n${size}` : null;
  }

  async lend(ranges: readonly ByteRange[], signal: AbortSignal): Promise<LentBytes> {
    const lent: Uint8Array[] = [];
    const parts = await this.read(ranges, signal, (length) => this.#buffers.take(length), lent);
    const giveBack = (): void => {
      for (const bytes of lent.splice(0)) this.#buffers.give(bytes);
    };
    return { parts, giveBack };
  }

  /** What `room` gave, and may be given back when the parts were used, is added to `lent`. */
  async read(
    ranges: readonly ByteRange[],
    signal: AbortSignal | null,
    room: BodyRoom = newRoom,
    lent: Uint8Array[] = [],
  ): Promise<Uint8Array[]> {
    for (const range of ranges) this.#requireInside(range);
    const held = ranges.map((range) => this.#held(range));
    const missing = ranges.filter((_, i) => held[i] === null);
    if (missing.length === 0) return held as Uint8Array[];
    const fetched = await ownSignal(signal, (stop) => this.#fetch(missing, stop, room, lent));
    return held.map((part) => part ?? (fetched.shift() as Uint8Array));
  }

  #requireInside({ offset, length }: ByteRange): void {
    const { opened, name } = this.#parts;
    const end = offset + length;
    if (
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length >= 0 &&
      end <= opened.size
    )
      return;
    const found = `bytes ${offset} to ${end} of ${name} were asked for, which has ${opened.size}`;
    throw new MicrotomeError('TRUNCATED', 'slide', found, { path: name });
  }

  #held({ offset, length }: ByteRange): Uint8Array | null {
    if (length === 0) return new Uint8Array(0);
    const window = this.#windows.find(
      (one) => one.offset <= offset && offset + length <= one.offset + one.bytes.length,
    );
    if (window === undefined) return null;
    return window.bytes.subarray(offset - window.offset, offset - window.offset + length);
  }

  async #fetch(
    ranges: readonly ByteRange[],
    signal: AbortSignal | null,
    room: BodyRoom,
    lent: Uint8Array[],
  ): Promise<Uint8Array[]> {
    const [only] = ranges;
    if (ranges.length === 1 && only !== undefined && this.#isTable(only)) return [await this.#readTable(only, signal)];
    const parts = new Array<Uint8Array>(ranges.length);
    await Promise.all(
      mergeRanges(ranges).map(async (merged) => {
        const bytes = await this.#bytes(merged, signal, room);
        lent.push(bytes);
        for (const i of merged.parts) {
          const { offset, length } = ranges[i] as ByteRange;
          parts[i] = bytes.subarray(offset - merged.offset, offset - merged.offset + length);
        }
      }),
    );
    return parts;
  }

  /** A tile alone is hardly ever as long, and tiles of a claim are several ranges. */
  #isTable({ offset, length }: ByteRange): boolean {
    const { size } = this.#parts.opened;
    const [least, most] = [this.readAheadBytes, this.readAheadBytes + 2 * kPageBytes];
    return length <= this.#openingLeft && length <= most && (length >= least || offset + length === size);
  }

  async #readTable({ offset, length }: ByteRange, signal: AbortSignal | null): Promise<Uint8Array> {
    const whole = this.#aroundTable(offset, length);
    this.#openingLeft -= whole.length;
    const bytes = await this.#bytes(whole, signal);
    this.#windows.push({ offset: whole.offset, bytes });
    return bytes.subarray(offset - whole.offset, offset - whole.offset + length);
  }

  /** What is read with a table: all that follows in the object, where that fits; else what is likely to be asked for next. */
  #aroundTable(offset: number, length: number): ByteRange {
    const { size } = this.#parts.opened;
    // Tables of a directory often lie a little before it.
    const before = Math.min(offset, this.readAheadBytes);
    const rest = size - offset;
    // Where many requests are needed anyway, bytes that nobody may want would be no bargain.
    if (rest <= this.#openingLeft && (this.#windows.length < kFewRequests || rest <= kSmallRest * size)) {
      const more = before + rest <= this.#openingLeft ? before : 0;
      return { offset: offset - more, length: more + rest };
    }
    const follows = this.#windows.some((one) => {
      const gap = offset - (one.offset + one.bytes.length);
      return gap >= -length && gap <= length;
    });
    if (follows) return { offset, length: Math.min(kNextTablesBytes, this.#openingLeft) };
    const room = Math.min(before, this.#openingLeft - length);
    return { offset: offset - room, length: room + length };
  }

  /** What lies at its ends and is held is not read again. */
  async #bytes(
    { offset, length }: ByteRange,
    signal: AbortSignal | null,
    room: BodyRoom = newRoom,
  ): Promise<Uint8Array> {
    const end = offset + length;
    const first = this.#windows.find((one) => one.offset <= offset && one.offset + one.bytes.length > offset);
    const from = first === undefined ? offset : Math.min(end, first.offset + first.bytes.length);
    const last = this.#windows.find((one) => one.offset < end && one.offset + one.bytes.length >= end);
    const to = Math.max(from, last === undefined ? end : last.offset);
    if (from === offset && to === end) return this.#unheld({ offset, length }, signal, room);
    const whole = new Uint8Array(length);
    const put = (at: number, bytes: Uint8Array): void => whole.set(bytes, at - offset);
    if (from > offset) put(offset, this.#held({ offset, length: from - offset }) as Uint8Array);
    if (to < end) put(to, this.#held({ offset: to, length: end - to }) as Uint8Array);
    if (from < to) put(from, await this.#unheld({ offset: from, length: to - from }, signal, newRoom));
    return whole;
  }

  #unheld(range: ByteRange, signal: AbortSignal | null, room: BodyRoom): Promise<Uint8Array> {
    const { cache, reader } = this.#parts;
    if (cache === null || this.#object === null) return reader.read(range.offset, range.length, signal, room);
    return this.#cached(cache, this.#object, range, signal);
  }

  /** Whole blocks; those that are missing are fetched in as few requests as they allow. */
  async #cached(
    cache: DiskCache,
    object: string,
    { offset, length }: ByteRange,
    signal: AbortSignal | null,
  ): Promise<Uint8Array> {
    const { reader, opened } = this.#parts;
    const first = Math.floor(offset / cacheBlockBytes);
    const last = Math.floor((offset + length - 1) / cacheBlockBytes);
    const lengthOf = (block: number): number => Math.min(cacheBlockBytes, opened.size - block * cacheBlockBytes);
    const whole = new Uint8Array(Math.min((last + 1) * cacheBlockBytes, opened.size) - first * cacheBlockBytes);
    const missing: ByteRange[] = [];
    for (let block = first; block <= last; ++block) {
      const found = await cache.read(object, block, lengthOf(block));
      if (found !== null) whole.set(found, (block - first) * cacheBlockBytes);
      else missing.push({ offset: block * cacheBlockBytes, length: lengthOf(block) });
    }
    await Promise.all(
      mergeRanges(missing, { gapBytes: 0, wasteShare: 0, mostBytes: Number.POSITIVE_INFINITY }).map(async (run) => {
        const bytes = await reader.read(run.offset, run.length, signal);
        whole.set(bytes, run.offset - first * cacheBlockBytes);
        for (let at = 0; at < bytes.length; at += cacheBlockBytes)
          await cache.write(object, (run.offset + at) / cacheBlockBytes, bytes.subarray(at, at + cacheBlockBytes));
      }),
    );
    return whole.subarray(offset - first * cacheBlockBytes, offset - first * cacheBlockBytes + length);
  }
}
