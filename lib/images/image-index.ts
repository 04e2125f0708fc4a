/** openImages: where each image of an HDF5 file of lesion images is, found once; then bytes are read without HDF5. */
import type { FileHandle } from 'node:fs/promises';
import { MicrotomeError } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { openRegular } from '../core/regular-file.js';
import { sortedInTurns } from '../core/sort-in-turns.js';
import { Turns } from '../core/turns.js';
import { NoImage, readDataset } from './hdf5/dataset.js';
import { damaged } from './hdf5/fields.js';
import { readGroup } from './hdf5/group.js';
import { readSuperblock } from './hdf5/superblock.js';
import { WindowedFile } from './hdf5/windowed-file.js';

/** An entry of the file that is no image, and why. */
export interface NoImageEntry {
  readonly name: string;
  readonly reason: string;
}

/** Lesion images in one file. Nothing of them is in memory but where they are. */
export interface ImageFile extends AsyncDisposable {
  readonly path: string;
  /** In the order of the file: that of their bytes as text. */
  readonly names: readonly string[];
  /** Entries that are no images, in the same order. */
  readonly notImages: readonly NoImageEntry[];
  /** Where an image is in the file, in bytes; null: there is none of that name. */
  place(name: string): { readonly offset: number; readonly bytes: number } | null;
  /**
   * The bytes of an image as they are stored, such as a JPEG file.
   *
   * @throws {@link MicrotomeError} FILE_NOT_FOUND for a name that is not there, TRUNCATED, FILE_UNREADABLE, CANCELLED after
   * `close()`
   */
  read(name: string): Promise<Uint8Array>;
  /** Closes the file when the reads under way are done. */
  close(): Promise<void>;
}

const kMostFileBytes = 2 ** 46;

class IndexedFile implements ImageFile {
  readonly names: readonly string[];
  readonly #rowOf: ReadonlyMap<string, number>;
  #reading = 0;
  #closing: Promise<void> | null = null;
  #idle: (() => void) | null = null;

  constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    rows: ReadonlyMap<string, number>,
    private readonly offsets: Float64Array,
    private readonly bytes: Float64Array,
    readonly notImages: readonly NoImageEntry[],
  ) {
    this.names = Object.freeze([...rows.keys()]);
    this.#rowOf = rows;
  }

  place(name: string): { readonly offset: number; readonly bytes: number } | null {
    const row = this.#rowOf.get(name);
    return row === undefined ? null : { offset: this.offsets[row] ?? 0, bytes: this.bytes[row] ?? 0 };
  }

  async read(name: string): Promise<Uint8Array> {
    if (this.#closing !== null) throw new MicrotomeError('CANCELLED', 'slide', `${this.path} is closed`);
    const place = this.place(name);
    if (place === null) {
      const entry = this.notImages.find((one) => one.name === name);
      const why = entry === undefined ? 'no image' : `no image but ${entry.reason}`;
      throw new MicrotomeError(
        'FILE_NOT_FOUND',
        'slide',
        `${this.path} has ${why} under the name ${JSON.stringify(name)}`,
        {
          path: this.path,
        },
      );
    }
    const into = new Uint8Array(place.bytes);
    this.#reading += 1;
    try {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await this.handle.read(into, done, into.length - done, place.offset + done);
        if (bytesRead === 0) throw cut(this.path, name);
        done += bytesRead;
      }
    } finally {
      this.#reading -= 1;
      if (this.#reading === 0) this.#idle?.();
    }
    return into;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    if (this.#reading > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await this.handle.close();
  }
}

function cut(path: string, name: string): MicrotomeError {
  return new MicrotomeError('TRUNCATED', 'slide', `${path} ends within the image ${JSON.stringify(name)}`, { path });
}

/**
 * Opens an HDF5 file that has one dataset for each image: a scalar string of the bytes of a JPEG file, uncompressed and in one
 * piece, as the image files of ISIC 2024 are. Opaque values and lists of bytes are read alike. Names that are links, groups,
 * compressed or stored in chunks are listed in `notImages`, with the reason.
 *
 * @throws {@link MicrotomeError} IMAGES_INVALID for a file that is no such file, TRUNCATED for one that is cut short,
 * FILE_NOT_FOUND, FILE_UNREADABLE
 *
 * @example
 * ```ts
 * const images = await openImages('test-image.hdf5');
 * for (const name of images.names) console.log(name, (await images.read(name)).length);
 * await images.close();
 * ```
 */
export async function openImages(file: string | URL): Promise<ImageFile> {
  const path = pathOf(file);
  const refuse = (found: string): MicrotomeError => damaged(path, found);
  const handle = await openRegular(path, { maxBytes: kMostFileBytes, refuse }).catch((error: unknown) => {
    throw openFailure(error, path);
  });
  try {
    return await index(handle, path);
  } catch (error) {
    await handle.close();
    throw error instanceof MicrotomeError ? error : openFailure(error, path);
  }
}

function openFailure(error: unknown, path: string): MicrotomeError {
  if (error instanceof MicrotomeError) return error;
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  const code = reason === 'ENOENT' || reason === 'ENOTDIR' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
  return new MicrotomeError(code, 'slide', `cannot read ${path}: ${reason}`, { path, cause: error });
}

async function index(handle: FileHandle, path: string): Promise<ImageFile> {
  const { size } = await handle.stat();
  const file = new WindowedFile(handle, path, size);
  const superblock = await readSuperblock(file);
  const entries = await readGroup(file, superblock);
  const rows = new Map<string, number>();
  const [offsets, bytes] = [new Float64Array(entries.length), new Float64Array(entries.length)];
  const notImages: NoImageEntry[] = [];
  const turns = new Turns();
  // In the order of the file's bytes, so that it is read from its start to its end, once.
  const order = await sortedInTurns(
    [...entries.keys()],
    (a, b) => (entries[a]?.header ?? 0) - (entries[b]?.header ?? 0),
  );
  const reasons = new Map<number, string>();
  for (const i of order) {
    if (turns.isOver) await turns.next();
    const header = entries[i]?.header ?? null;
    const stored = header === null ? 'a link' : await readDataset(file, superblock, header).catch(reasonOf);
    if (typeof stored === 'string') {
      reasons.set(i, stored);
      continue;
    }
    if (stored.offset + stored.bytes > size)
      throw file.cutShort(stored.offset + stored.bytes, `the image ${JSON.stringify(entries[i]?.name)}`);
    offsets[i] = stored.offset;
    bytes[i] = stored.bytes;
  }
  for (const [i, { name }] of entries.entries()) {
    if (turns.isOver) await turns.next();
    const reason = reasons.get(i);
    if (reason !== undefined) notImages.push(Object.freeze({ name, reason }));
    else if (rows.has(name)) throw damaged(path, `the name ${JSON.stringify(name)} twice`);
    else rows.set(name, i);
  }
  return new IndexedFile(path, handle, rows, offsets, bytes, Object.freeze(notImages));
}

function reasonOf(error: unknown): string {
  if (error instanceof NoImage) return error.message;
  throw error;
}
