/** What can be opened as a slide. Files in this version; the types leave room for other places. */

import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { throwIfAborted } from '../core/cancel.js';
import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import { contradiction, invalid, text } from '../options/check.js';

/** Bytes from `offset`, `length` of them. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Random access to the bytes of a slide. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** One array for each range, in order; rejects when a range reaches beyond the end. */
  read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Uint8Array[]>;
}

/** A path, a `file:` URL, or a source made by {@link fileSource}. Other URLs and sources need a later version. */
export type Input = string | URL | ByteSource;

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
 * @throws {@link MicrotomeError} FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE (a folder or a device), INVALID_OPTION.
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const absolute = resolve(text('path', path));
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

function refuseRemote(address: string): MicrotomeError {
  return new MicrotomeError(
    'NETWORK',
    'slide',
    `${address.slice(0, 200)} is not a file; this version reads slides from files only`,
    {
      advice: 'download the slide and pass its path',
    },
  );
}

/** The path that an input means. Throws INVALID_OPTION, NETWORK. */
export function inputPath(input: Input): string {
  if (typeof input === 'string') {
    const path = text('input', input);
    if (/^(https?|s3|gs|az|ftp):\/\//i.test(path)) throw refuseRemote(path);
    if (/^file:\/\//i.test(path)) return inputPath(new URL(path));
    return path;
  }
  if (input instanceof URL) {
    if (input.protocol !== 'file:') throw refuseRemote(input.href);
    try {
      return fileURLToPath(input);
    } catch (error) {
      throw contradiction(
        `The URL ${input.href} is not the address of a local file (${error instanceof Error ? error.message : String(error)})`,
      );
    }
  }
  if (typeof input !== 'object' || input === null)
    throw invalid('input', 'a path, a file: URL or a byte source', input);
  const path = filePaths.get(input);
  if (path === undefined)
    throw contradiction('The input is a byte source that fileSource() did not make; this version reads files only');
  return path;
}
