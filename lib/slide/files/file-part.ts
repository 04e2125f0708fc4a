/** One file of a slide: what the file system says of it, and its bytes, which are read with a bound. */
import type * as fsp from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { fromFileSystem, MicrotomeError } from '../../core/errors.js';
import { openRegular, piecesOf, type FileRules } from '../../core/regular-file.js';

export type SlideFileSystem = Pick<typeof fsp, 'open' | 'stat' | 'lstat' | 'opendir'>;

/** A file of a slide. */
export interface FilePart {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** When it was last modified, in nanoseconds. */
  readonly mtimeNs: bigint;
  readonly inode: bigint;
}

/** SLIDE_INCOMPLETE: a file that belongs to `slide` is not there, or is of another slide. */
export function incomplete(slide: string, found: string): MicrotomeError {
  return new MicrotomeError('SLIDE_INCOMPLETE', 'slide', `the slide ${slide} is incomplete: ${found}`, { path: slide });
}

/** Throws SLIDE_INCOMPLETE where the file is not there or is no regular file, FILE_UNREADABLE. */
export async function partAt(path: string, slide: string, fs: SlideFileSystem): Promise<FilePart> {
  const stat = await fs.stat(path, { bigint: true }).catch((error: unknown) => {
    throw ofPart(error, path, slide);
  });
  if (!stat.isFile()) throw incomplete(slide, `${path} is not a regular file`);
  return { path, size: Number(stat.size), mtimeNs: stat.mtimeNs, inode: stat.ino };
}

/** The file that the caller named. Throws FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE. */
export async function mainAt(path: string, fs: SlideFileSystem): Promise<FilePart> {
  const stat = await fs.stat(path, { bigint: true }).catch((error: unknown) => {
    throw fromFileSystem(error, 'slide', path, 'the slide');
  });
  if (!stat.isFile()) throw new MicrotomeError('NOT_A_SLIDE', 'slide', `${path} is not a regular file`, { path });
  return { path, size: Number(stat.size), mtimeNs: stat.mtimeNs, inode: stat.ino };
}

/** An error of the system at a file that belongs to the slide. */
function ofPart(error: unknown, path: string, slide: string): MicrotomeError {
  const failure = fromFileSystem(error, 'slide', path, 'the file');
  return failure.code === 'FILE_NOT_FOUND' ? incomplete(slide, `${path} is not there`) : failure;
}

interface Bound {
  readonly maxBytes: number;
  readonly fs: SlideFileSystem;
  readonly signal: AbortSignal | null;
}

/** All bytes of a small file that belongs to the slide. Throws NOT_A_SLIDE for a larger one, SLIDE_INCOMPLETE. */
export async function wholeFile(path: string, slide: string, { maxBytes, fs, signal }: Bound): Promise<Buffer> {
  const refuse: FileRules['refuse'] = (found) =>
    new MicrotomeError('NOT_A_SLIDE', 'slide', `${path}, which belongs to the slide ${slide}, is ${found}`, { path });
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of piecesOf(path, { maxBytes, refuse, fs, signal })) pieces.push(piece);
  } catch (error) {
    signal?.throwIfAborted();
    throw ofPart(error, path, slide);
  }
  return Buffer.concat(pieces);
}

/** The open file; the caller closes it. Throws NOT_A_SLIDE for what is no regular file, and the system's own errors. */
export function openPart(path: string, fs: SlideFileSystem): Promise<FileHandle> {
  const refuse: FileRules['refuse'] = (found) =>
    new MicrotomeError('NOT_A_SLIDE', 'slide', `${path} is ${found}`, { path });
  return openRegular(path, { maxBytes: Number.MAX_SAFE_INTEGER, refuse, fs });
}

/** The same for a file that belongs to `slide`. Throws SLIDE_INCOMPLETE, FILE_UNREADABLE, NOT_A_SLIDE. */
export async function openOfSlide(path: string, slide: string, fs: SlideFileSystem): Promise<FileHandle> {
  return openPart(path, fs).catch((error: unknown) => {
    throw ofPart(error, path, slide);
  });
}
