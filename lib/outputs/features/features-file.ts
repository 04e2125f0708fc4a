/**
 * Features and coordinates of one slide in an HDF5 file, in the layout that TRIDENT and CLAM read. Rows are written to
 * their places as they come, so memory does not grow with the slide, and the bytes of the file do not depend on the order
 * of the rows. Until `finish` the file has another name.
 *
 *   0      superblock, written last
 *   512    features: rows of the plan, in its order
 *          coords
 *          texts of attributes, headers of the datasets and of the root group
 */
import type { FileHandle } from 'node:fs/promises';

import { MicrotomeError } from '../../core/errors.js';
import { Turns } from '../../core/turns.js';
import { asideOf, removeIfThere, syncFolderOf } from '../../runs/durable.js';
import { ioFailure } from '../../runs/failure.js';
import { realFileSystem, type FileSystem } from '../../runs/file-system.js';
import { float16Bits, float16Limit } from './float16.js';
import { closing, type StoredDataset } from './hdf5-objects.js';
import { elementBytes, type Attributes } from './hdf5-types.js';
import type { RowTaker, TakenRows } from '../../scoring/row-pump.js';

export type FeatureType = 'float32' | 'float16';

/** Where the values begin. */
const dataAddress = 512;
/** Values that are checked and converted between two looks at the clock: well below a millisecond. */
const sliceValues = 16_384;

export interface FeaturesClosing {
  /** x, y of each tile, in pixels of level 0. */
  readonly coords: BigInt64Array;
  readonly features: Attributes;
  readonly coordsAttributes: Attributes;
  /** Of the file. */
  readonly root: Attributes;
}

export class FeaturesFile implements RowTaker {
  /** By tile: 1 where its row has come. */
  #seen = new Uint8Array(0);
  #count = 0;
  #columns: number | null = null;
  #tokens = 1;
  #handle: FileHandle | null;

  private constructor(
    readonly path: string,
    private readonly temporary: string,
    private readonly type: FeatureType,
    handle: FileHandle,
    private readonly fs: FileSystem,
    private readonly signal: AbortSignal | null,
  ) {
    this.#handle = handle;
  }

  /** Throws DISK_FULL, FILE_UNREADABLE. The caller ends it with `finish` or `discard`. */
  static async create(
    path: string,
    type: FeatureType,
    signal: AbortSignal | null = null,
    fs: FileSystem = realFileSystem,
  ): Promise<FeaturesFile> {
    const temporary = asideOf(path);
    try {
      return new FeaturesFile(path, temporary, type, await fs.open(temporary, 'wx', 0o644), fs, signal);
    } catch (error) {
      throw ioFailure(error, 'write', path);
    }
  }

  planned(tiles: number): void {
    this.#seen = new Uint8Array(tiles);
  }

  /** Throws OUTPUT_SHAPE, OUTPUT_NOT_FINITE, OUTPUT_OUT_OF_RANGE, DISK_FULL. One call at a time. */
  async rows({ positions, columns, tokens, values }: TakenRows): Promise<void> {
    this.#columns ??= columns;
    this.#tokens = tokens;
    if (columns !== this.#columns || values.length !== positions.length * columns) {
      const found = `${values.length} values came for ${positions.length} tiles, but a tile has ${this.#columns}`;
      throw new MicrotomeError('OUTPUT_SHAPE', 'infer', found, { path: this.path });
    }
    for (const position of positions) {
      const seen = this.#seen[position];
      if (seen !== 0) {
        const found = seen === undefined ? `there is no tile ${position}` : `the row of tile ${position} came twice`;
        throw new MicrotomeError('OUTPUT_SHAPE', 'infer', found, { path: this.path });
      }
      this.#seen[position] = 1;
    }
    this.#count += positions.length;
    const stored = await this.#stored(values);
    const rowBytes = columns * elementBytes[this.type];
    for (let first = 0; first < positions.length; ) {
      // Rows that follow each other in the plan are written together.
      let end = first + 1;
      while (end < positions.length && positions[end] === (positions[end - 1] as number) + 1) ++end;
      const place = dataAddress + (positions[first] as number) * rowBytes;
      await this.#write(stored.subarray(first * rowBytes, end * rowBytes), place);
      first = end;
    }
  }

  /** The bytes of the values, once each of them was looked at. */
  async #stored(values: Float32Array): Promise<Uint8Array> {
    const isHalf = this.type === 'float16';
    const limit = isHalf ? float16Limit : Number.MAX_VALUE;
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const halves = new Uint16Array(isHalf ? values.length : 0);
    const turns = new Turns(this.signal);
    for (let first = 0; first < values.length; first += sliceValues) {
      const end = Math.min(first + sliceValues, values.length);
      for (let i = first; i < end; ++i) {
        if (!(Math.abs(values[i] as number) < limit)) throw this.#unfit(values[i] as number);
        if (isHalf) halves[i] = float16Bits(bits[i] as number);
      }
      if (turns.isOver) await turns.next();
    }
    return isHalf ? new Uint8Array(halves.buffer) : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }

  #unfit(value: number): MicrotomeError {
    if (!Number.isFinite(value))
      return new MicrotomeError('OUTPUT_NOT_FINITE', 'infer', `a feature is ${value}`, { path: this.path });
    const found = `a feature is ${value}, but the largest number of float16 is 65504`;
    return new MicrotomeError('OUTPUT_OUT_OF_RANGE', 'infer', found, {
      path: this.path,
      advice: 'write float32 features',
    });
  }

  async #write(bytes: Uint8Array, place: number): Promise<void> {
    this.signal?.throwIfAborted();
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#open().write(bytes, done, bytes.length - done, place + done);
        if (bytesWritten <= 0) throw Object.assign(new Error('the system wrote nothing'), { code: 'EIO' });
        done += bytesWritten;
      }
    } catch (error) {
      throw ioFailure(error, 'write', this.path);
    }
  }

  #open(): FileHandle {
    if (this.#handle === null) throw new Error(`${this.path} is closed`);
    return this.#handle;
  }

  /** Gives the file its name, whole and synced. Throws OUTPUT_SHAPE where a row has not come, and what `beforeRename` throws. */
  async finish(
    { coords, features, coordsAttributes, root }: FeaturesClosing,
    beforeRename: () => Promise<void> = async () => {},
  ): Promise<void> {
    const count = coords.length / 2;
    if (this.#count !== count || this.#seen.length !== count) {
      const found = `rows of ${this.#count} tiles came, but ${count} tiles are planned`;
      throw new MicrotomeError('OUTPUT_SHAPE', 'infer', found, { path: this.path });
    }
    const columns = this.#columns ?? 0;
    const bytes = count * columns * elementBytes[this.type];
    const coordsAddress = Math.ceil((dataAddress + bytes) / 8) * 8;
    const datasets: readonly StoredDataset[] = [
      {
        name: 'features',
        type: this.type,
        dimensions: this.#tokens === 1 ? [count, columns] : [count, this.#tokens, columns / this.#tokens],
        address: dataAddress,
        bytes,
        attributes: features,
      },
      {
        name: 'coords',
        type: 'int64',
        dimensions: [count, 2],
        address: coordsAddress,
        bytes: coords.byteLength,
        attributes: coordsAttributes,
      },
    ];
    const { tail, superblock } = closing(coordsAddress + coords.byteLength, datasets, root);
    await this.#write(new Uint8Array(coords.buffer, coords.byteOffset, coords.byteLength), coordsAddress);
    await this.#write(tail, coordsAddress + coords.byteLength);
    await this.#write(superblock, 0);
    try {
      const handle = this.#open();
      await handle.sync();
      await handle.close();
      this.#handle = null;
      await beforeRename();
      await this.fs.rename(this.temporary, this.path);
      await syncFolderOf(this.path, this.fs);
    } catch (error) {
      throw ioFailure(error, 'write', this.path);
    }
  }

  /** Leaves nothing behind. After `finish` it does nothing. */
  async discard(): Promise<void> {
    await this.#handle?.close().catch(() => {});
    this.#handle = null;
    await removeIfThere(this.temporary, this.fs).catch(() => false);
  }
}
