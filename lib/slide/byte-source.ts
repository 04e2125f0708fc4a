/** What can be opened as a slide: a file, or a source of bytes that the caller wrote. */

import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { ByteRange, ByteSource } from '../core/byte-ranges.js';
import { throwIfAborted } from '../core/cancel.js';
import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { isReadable, isRemote, remoteRefused } from '../core/remote-address.js';
import { func, invalid, numeric, text } from '../options/check.js';
import { naturalNumber, positiveInteger } from '../options/table/kinds.js';
import { RemoteSlide } from '../storage/remote-slide.js';

export type { ByteRange, ByteSource };

/**
 * A path, a `file:` URL, an address (`https://`, `http://` or `s3://`), or a source of bytes. An address that needs headers
 * is given as {@link httpSource}.
 */
export type Input = string | URL | ByteSource;

/** What a run scores: a slide of its list may be at an address that is known by more than its text. */
export type SlideInput = Input | RemoteSlide;

/** Where a slide is, and what to call it. The name of an address is without what may be secret in it. */
export interface Place {
  readonly name: string;
  readonly at: string | ByteSource | RemoteSlide;
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

function remotePlace(slide: RemoteSlide): Place {
  return { name: slide.name, at: slide };
}

/** Where an input is. Throws INVALID_OPTION, NETWORK. */
export function placeOf(input: SlideInput): Place {
  if (input instanceof RemoteSlide) return remotePlace(input);
  if (typeof input === 'string') {
    const given = text('slide', input);
    if (isReadable(given)) return remotePlace(RemoteSlide.of(given));
    if (isRemote(given)) throw remoteRefused(given);
    const path = pathOf(given);
    return { name: path, at: path };
  }
  if (input instanceof URL) {
    if (isReadable(input.href)) return remotePlace(RemoteSlide.of(input));
    if (input.protocol !== 'file:') throw remoteRefused(input.href);
    const path = pathOf(input);
    return { name: path, at: path };
  }
  const expected = 'a path, an address, a file: URL or a byte source';
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
