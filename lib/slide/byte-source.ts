/** What can be opened as a slide: a file, or a source of bytes that the caller wrote. */

import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { throwIfAborted } from '../core/cancel.js';
import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { isRemote, remoteRefused } from '../core/remote-address.js';
import { func, invalid, numeric, text } from '../options/check.js';
import { naturalNumber, positiveInteger } from '../options/table/kinds.js';

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
   * One array for each range, in order, of exactly the length that was asked for. Rejects when that is impossible; the
   * job then ends with FILE_UNREADABLE and the reason. `signal` is aborted when nobody wants the bytes any more. Arrays are
   * copied before the next turn of the event loop, and may be used again then.
   */
  read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Uint8Array[]>;
}

/** A path, a `file:` URL, or a source of bytes. Other URLs need a source of the caller's. */
export type Input = string | URL | ByteSource;

/** Where a slide is, and what to call it. */
export interface Place {
  readonly name: string;
  readonly at: string | ByteSource;
}

const filePaths = new WeakMap<object, string>();

async function readRanges(
  path: string,
  ranges: readonly ByteRange[],
  signal: AbortSignal | null,
): Promise<Uint8Array[]> {
  throwIfAborted(signal);
  const handle = await open(path).catch((error: unknown) => {
    throw fromFileSystem(error, 'slide', path, 'the slide');
  });
  try {
    const parts: Uint8Array[] = [];
    for (const { offset, length } of ranges) {
      throwIfAborted(signal);
      const part = new Uint8Array(length);
      const { bytesRead } = await handle.read(part, 0, length, offset);
      if (bytesRead !== length) {
        throw new MicrotomeError(
          'TRUNCATED',
          'slide',
          `bytes ${offset} to ${offset + length} were wanted, but the file ends before`,
          { path },
        );
      }
      parts.push(part);
    }
    return parts;
  } finally {
    await handle.close();
  }
}

/**
 * A file as a {@link ByteSource}.
 *
 * @param path - A path or a `file:` URL.
 * @throws {@link MicrotomeError} FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE (a folder or a device), INVALID_OPTION.
 */
export async function fileSource(path: string | URL): Promise<ByteSource> {
  const absolute = resolve(pathOf(path instanceof URL ? path : text('path', path)));
  const found = await stat(absolute).catch((error: unknown) => {
    throw fromFileSystem(error, 'slide', absolute, 'the slide');
  });
  if (!found.isFile())
    throw new MicrotomeError('NOT_A_SLIDE', 'slide', `${absolute} is not a regular file`, { path: absolute });
  const source: ByteSource = Object.freeze({
    size: found.size,
    read: (ranges: readonly ByteRange[], signal?: AbortSignal) => readRanges(absolute, ranges, signal ?? null),
  });
  filePaths.set(source, absolute);
  return source;
}

const howToReadBytes =
  'pass bytes in memory as a byte source: { size: bytes.length, read: async (ranges) => ' +
  'ranges.map(({ offset, length }) => bytes.slice(offset, offset + length)) }';

function isBytes(input: object): boolean {
  return ArrayBuffer.isView(input) || input instanceof ArrayBuffer || input instanceof Blob;
}

/** Where an input is. Throws INVALID_OPTION, NETWORK. */
export function placeOf(input: Input): Place {
  if (typeof input === 'string') {
    const given = text('slide', input);
    if (isRemote(given)) throw remoteRefused(given);
    const path = pathOf(given);
    return { name: path, at: path };
  }
  if (input instanceof URL) {
    if (input.protocol !== 'file:') throw remoteRefused(input.href);
    const path = pathOf(input);
    return { name: path, at: path };
  }
  const expected = 'a path, a file: URL or a byte source';
  if (typeof input !== 'object' || input === null) throw invalid('slide', expected, input);
  if (isBytes(input)) throw invalid('slide', expected, input, '', howToReadBytes);
  // A file is read by the addon itself, without a detour.
  const path = filePaths.get(input);
  if (path !== undefined) return { name: path, at: path };
  numeric('slide', input.size, naturalNumber, '.size');
  func('slide.read', input.read);
  if (input.timeoutMs !== undefined) numeric('slide', input.timeoutMs, positiveInteger, '.timeoutMs');
  return { name: input.name === undefined ? 'byte source' : text('slide.name', input.name), at: input };
}
