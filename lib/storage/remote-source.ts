/** An object as a byte source: its header is read ahead, neighbouring ranges are merged, and blocks may come from a disk cache. */
import { setMaxListeners } from 'node:events';
import type { ByteRange, ByteSource } from '../core/byte-ranges.js';
import { MicrotomeError } from '../core/errors.js';
import { cacheBlockBytes, type DiskCache } from './disk-cache.js';
import { mergeRanges } from './merge.js';
import { isStrong, type OpenedObject, type RangedReader, type Traffic, type Validator } from './ranged-reader.js';

/** Bytes of the first request: the header, and the tables of small slides. */
export const headBytes: number = 64 * 1024;
/**
 * Most bytes that are read while a slide opens, the first request with them. Writers of TIFFs often put the tables of a level
 * behind its pixels, the small levels last: as soon as the rest of the object fits into this, it is read at once.
 */
const kOpeningBytes = 1_000_000;
/**
 * What the engine asks for when it reads a table: kReadAheadBytes of native/slide/paged_source.h, in whole pages. A tile alone is
 * hardly ever as long, and tiles of a claim are several ranges.
 */
const kTableReadBytes = { least: 64 * 1024, most: 80 * 1024 };
const kBeforeTableBytes = 32 * 1024;
/** Where one table follows another, the next ones do too: slides whose tables lie at the front. */
const kNextTablesBytes = 256 * 1024;
/** Beyond what all tries of one read take together. */
const kTimeoutMs = 30 * 60_000;

/** A byte source that says what it did. */
export interface RemoteSource extends ByteSource {
  readonly name: string;
  /** What every later read is checked against; `none` only where that was allowed. */
  readonly validator: Validator;
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

export function remoteSource(parts: SourceParts): RemoteSource {
  const reads = new SourceReads(parts);
  return Object.freeze({
    size: parts.opened.size,
    name: parts.name,
    timeoutMs: kTimeoutMs,
    validator: parts.opened.validator,
    traffic: parts.reader.traffic,
    read: (ranges: readonly ByteRange[], signal?: AbortSignal) => reads.read(ranges, signal ?? null),
  });
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

  constructor(parts: SourceParts) {
    this.#parts = parts;
    const { head, validator, size } = parts.opened;
    this.#windows = [{ offset: 0, bytes: head }];
    this.#openingLeft = kOpeningBytes - head.length;
    // Bytes of an object whose versions cannot be told apart are not kept.
    const isKept = validator.kind === 'etag' && isStrong(validator.value);
    this.#object = isKept ? `${parts.identity}\n${validator.value}\n${size}` : null;
  }

  async read(ranges: readonly ByteRange[], signal: AbortSignal | null): Promise<Uint8Array[]> {
    for (const range of ranges) this.#requireInside(range);
    const held = ranges.map((range) => this.#held(range));
    const missing = ranges.filter((_, i) => held[i] === null);
    if (missing.length === 0) return held as Uint8Array[];
    const fetched = await ownSignal(signal, (stop) => this.#fetch(missing, stop));
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

  async #fetch(ranges: readonly ByteRange[], signal: AbortSignal | null): Promise<Uint8Array[]> {
    const [only] = ranges;
    if (ranges.length === 1 && only !== undefined && this.#isTable(only)) return [await this.#readTable(only, signal)];
    const parts = new Array<Uint8Array>(ranges.length);
    await Promise.all(
      mergeRanges(ranges).map(async (merged) => {
        const bytes = await this.#bytes(merged, signal);
        for (const i of merged.parts) {
          const { offset, length } = ranges[i] as ByteRange;
          parts[i] = bytes.subarray(offset - merged.offset, offset - merged.offset + length);
        }
      }),
    );
    return parts;
  }

  #isTable({ offset, length }: ByteRange): boolean {
    const { size } = this.#parts.opened;
    const { least, most } = kTableReadBytes;
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
    if (size - offset <= this.#openingLeft) return { offset, length: size - offset };
    const follows = this.#windows.some((one) => {
      const gap = offset - (one.offset + one.bytes.length);
      return gap >= -length && gap <= length;
    });
    if (follows) return { offset, length: Math.min(kNextTablesBytes, this.#openingLeft) };
    // Tables of a directory often lie a little before it.
    const before = Math.min(offset, kBeforeTableBytes, this.#openingLeft - length);
    return { offset: offset - before, length: before + length };
  }

  #bytes(range: ByteRange, signal: AbortSignal | null): Promise<Uint8Array> {
    const { cache, reader } = this.#parts;
    if (cache === null || this.#object === null) return reader.read(range.offset, range.length, signal);
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
