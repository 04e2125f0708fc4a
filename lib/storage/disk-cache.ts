/**
 * Blocks of objects on disk, so that what was read once is not fetched again. Several processes may share a folder: a block
 * is written under a name of its own and renamed, carries a checksum, and may go away at any time. What a block is of is in
 * its name (a hash of the address, the ETag and the size) so that nothing of an address is readable in the folder.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import * as fsp from 'node:fs/promises';
import { join } from 'node:path';
import { MicrotomeError } from '../core/errors.js';

export const cacheBlockBytes: number = 64 * 1024;

const kMagic = Buffer.from('mtblock1');
const kHeaderBytes = kMagic.length + 32;
const kBlockName = /^[0-9a-f]{64}\.block$/;
const kTemporary = /^[0-9a-f]{64}\.block\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;
/** A temporary file this old is of a process that was killed. */
const kLeftOverMs = 3_600_000;
/** After an eviction, this share of the limit is free. */
const kFreedShare = 1 / 8;
/** Looked at again after so much of the limit was written: other processes write too. */
const kScanShare = 1 / 16;

export interface CacheSettings {
  readonly folder: string;
  readonly maxBytes: number;
}

/** What was found in the cache and what was not, in this process. */
export interface CacheCounts {
  hits: number;
  misses: number;
  /** Blocks whose checksum was wrong: removed, and fetched again. */
  damaged: number;
  /** Blocks that could not be written; the run goes on without them. */
  unwritten: number;
}

export class DiskCache {
  readonly counts: CacheCounts = { hits: 0, misses: 0, damaged: 0, unwritten: 0 };
  #writtenBytes = Number.POSITIVE_INFINITY;
  #writes: Promise<void> = Promise.resolve();

  constructor(private readonly settings: CacheSettings) {}

  /** Makes the folder. Throws INVALID_OPTION where it cannot be written to. */
  async open(): Promise<void> {
    const { folder } = this.settings;
    try {
      await fsp.mkdir(folder, { recursive: true, mode: 0o700 });
      await fsp.access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new MicrotomeError('INVALID_OPTION', 'options', `the cache folder ${folder} cannot be used (${reason})`, {
        path: folder,
        advice: 'name a folder that can be written to',
      });
    }
  }

  /** Null: it is not there, or damaged. */
  async read(object: string, block: number, length: number): Promise<Uint8Array | null> {
    const path = this.#pathOf(object, block);
    const bytes = await wholeFile(path, kHeaderBytes + length);
    if (bytes === null) {
      this.counts.misses += 1;
      return null;
    }
    const body = bytes.subarray(kHeaderBytes);
    const isWhole = bytes.subarray(0, kMagic.length).equals(kMagic) && body.length === length;
    if (!isWhole || !bytes.subarray(kMagic.length, kHeaderBytes).equals(digestOf(object, block, body))) {
      this.counts.damaged += 1;
      await fsp.unlink(path).catch(ignore);
      return null;
    }
    this.counts.hits += 1;
    const now = new Date();
    // The block that was not used for longest goes first.
    await fsp.utimes(path, now, now).catch(ignore);
    return body;
  }

  /** One block at a time, so that the limit holds. A block that cannot be written is none; the bytes are there all the same. */
  write(object: string, block: number, body: Uint8Array): Promise<void> {
    this.#writes = this.#writes.then(() => this.#write(object, block, body));
    return this.#writes;
  }

  async #write(object: string, block: number, body: Uint8Array): Promise<void> {
    const { maxBytes } = this.settings;
    const path = this.#pathOf(object, block);
    const temporary = `${path}.${randomUUID()}.tmp`;
    if (this.#writtenBytes + kHeaderBytes + body.length > maxBytes * kScanShare) await this.#evict();
    try {
      await fsp.mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      const whole = Buffer.concat([kMagic, digestOf(object, block, body), body]);
      await fsp.writeFile(temporary, whole, { flag: 'wx', mode: 0o600 });
      await fsp.rename(temporary, path);
      this.#writtenBytes += whole.length;
    } catch {
      this.counts.unwritten += 1;
      await fsp.unlink(temporary).catch(ignore);
    }
  }

  #pathOf(object: string, block: number): string {
    const name = createHash('sha256').update(`${object}\n${block}`).digest('hex');
    return join(this.settings.folder, name.slice(0, 2), `${name}.block`);
  }

  /** Brings the folder well below its limit. */
  async #evict(): Promise<void> {
    const { folder, maxBytes } = this.settings;
    this.#writtenBytes = 0;
    const blocks = await blocksOf(folder);
    const room = maxBytes * (1 - kFreedShare);
    let total = blocks.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= room) return;
    for (const { path, bytes } of blocks.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= room) return;
      await fsp.unlink(path).catch(ignore);
      total -= bytes;
    }
  }
}

const ignore = (): void => undefined;

/** With what the block is of: a file that somebody renamed is damaged too. */
function digestOf(object: string, block: number, body: Uint8Array): Buffer {
  return createHash('sha256').update(`${object}\n${block}\n`).update(body).digest();
}

/** Null: not there, no regular file, or longer than a block of this length can be. */
async function wholeFile(path: string, mostBytes: number): Promise<Buffer | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await fsp.open(path, flags).catch(() => null);
  if (handle === null) return null;
  try {
    if (!(await handle.stat()).isFile()) return null;
    const into = Buffer.alloc(mostBytes + 1);
    let done = 0;
    for (;;) {
      const { bytesRead } = await handle.read(into, done, into.length - done, done);
      done += bytesRead;
      if (bytesRead === 0 || done === into.length) return into.subarray(0, done);
    }
  } catch {
    return null;
  } finally {
    await handle.close().catch(ignore);
  }
}

interface BlockFile {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Files of ours only: whatever else lies in the folder is left alone. Removes what killed processes left. */
async function blocksOf(folder: string): Promise<BlockFile[]> {
  const found: BlockFile[] = [];
  const inner = await fsp.readdir(folder).catch((): string[] => []);
  for (const name of inner.filter((one) => /^[0-9a-f]{2}$/.test(one))) {
    for (const file of await fsp.readdir(join(folder, name)).catch((): string[] => [])) {
      const path = join(folder, name, file);
      const isBlock = kBlockName.test(file);
      if (!isBlock && !kTemporary.test(file)) continue;
      const stat = await fsp.lstat(path).catch(() => null);
      if (stat === null || !stat.isFile()) continue;
      if (isBlock) found.push({ path, bytes: stat.size, usedMs: stat.mtimeMs });
      else if (Date.now() - stat.mtimeMs > kLeftOverMs) await fsp.unlink(path).catch(ignore);
    }
  }
  return found;
}
