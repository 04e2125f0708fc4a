/** The index of a file of lesion images, as the training reads it: where the bytes of each image are. */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { piecesOf } from '../core/regular-file.js';
import { openImages } from './image-index.js';

/** What {@link writeImageIndex} wrote. */
export interface WrittenIndex {
  readonly path: string;
  readonly images: number;
  /** Entries of the file that are no images. */
  readonly notImages: number;
  /** Of the file of images. */
  readonly sha256: string;
}

/**
 * Writes where each image of an HDF5 file is, and the file's size and SHA-256, as JSON. The training of `train/lesions`
 * reads the images at these places, so it sees the bytes that are scored. The file is whole or not there; one of its name
 * is replaced. Throws what `openImages` throws, and FILE_UNREADABLE, DISK_FULL.
 *
 * @example
 * ```ts
 * await writeImageIndex('train-image.hdf5', 'index.json');
 * ```
 */
export async function writeImageIndex(images: string | URL, out: string | URL): Promise<WrittenIndex> {
  const [file, path] = [pathOf(images), pathOf(out)];
  const hash = createHash('sha256');
  let fileBytes = 0;
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('IMAGES_INVALID', 'slide', `${file} is ${found}`, { path: file });
  await using opened = await openImages(file);
  for await (const piece of piecesOf(file, { maxBytes: Number.MAX_SAFE_INTEGER, refuse })) {
    hash.update(piece);
    fileBytes += piece.length;
  }
  const { names, notImages } = opened;
  const places = names.map((name) => opened.place(name) ?? { offset: 0, bytes: 0 });
  const sha256 = hash.digest('hex');
  const index = {
    formatVersion: 1,
    file: basename(file),
    fileBytes,
    sha256,
    names,
    offsets: places.map(({ offset }) => offset),
    bytes: places.map(({ bytes }) => bytes),
    notImages,
  };
  await writeWhole(path, `${JSON.stringify(index)}\n`);
  return { path, images: names.length, notImages: notImages.length, sha256 };
}

async function writeWhole(path: string, content: string): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    const handle = await open(part, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    const errno = (error as NodeJS.ErrnoException).code ?? String(error);
    const code = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'DISK_FULL' : 'FILE_UNREADABLE';
    throw new MicrotomeError(code, 'slide', `cannot write ${path}: ${errno}`, { path, cause: error });
  }
}
