/**
 * Writes the zip. The same files give the same bytes: names are sorted, times and modes are constant, and nothing of the machine is
 * stored. Only another version of zlib, as another Node.js may have it, compresses to other bytes.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw } from 'node:zlib';

import { MicrotomeError } from '../../core/errors.js';
import { changed, contentOf } from './files.js';
import { ioFailure } from '../../core/io-failure.js';
import type { HashedFile } from './packed-file.js';
import { directoryEntry, endOfZip, memberEnd, memberHead, type Member } from './zip-format.js';

const level = 6;

/** Size and SHA-256 of a zip. */
export interface WrittenZip {
  readonly bytes: number;
  readonly sha256: string;
}

/** Throws OUTPUT_EXISTS where something is at `path` that may not be replaced. */
export async function requireFree(path: string, overwrite: boolean): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw ioFailure(error, 'write', path);
  });
  if (found === null || (overwrite && found.isFile())) return;
  const what = found.isFile() ? 'is there already' : 'is there already, and is no file';
  throw new MicrotomeError('OUTPUT_EXISTS', 'options', `${path} ${what}`, { path });
}

/** `files` are in the order of the zip. Writes aside and renames: after an error there is no new file. */
export async function writeZip(
  path: string,
  files: readonly HashedFile[],
  overwrite: boolean,
  signal: AbortSignal | null,
): Promise<WrittenZip> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const written = await fill(temporary, files, signal);
    await requireFree(path, overwrite);
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw ioFailure(error, 'write', path);
  }
}

async function fill(path: string, files: readonly HashedFile[], signal: AbortSignal | null): Promise<WrittenZip> {
  const handle = await open(path, 'wx', 0o644);
  try {
    const sink = new Sink(handle);
    const members: Member[] = [];
    for (const file of files) members.push(await writeMember(sink, file, signal));
    const directoryAt = sink.position;
    for (const member of members) await sink.write(directoryEntry(member));
    await sink.write(endOfZip(members.length, directoryAt, sink.position - directoryAt));
    await handle.sync();
    return { bytes: sink.position, sha256: sink.sha256() };
  } finally {
    await handle.close();
  }
}

/** Where the bytes of the zip go, one after another. */
class Sink {
  position = 0;
  readonly #hash = createHash('sha256');

  constructor(private readonly handle: FileHandle) {}

  async write(bytes: Uint8Array): Promise<void> {
    await this.handle.writeFile(bytes);
    this.#hash.update(bytes);
    this.position += bytes.length;
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }
}

/** Writes a file: its head, its compressed bytes, its sum and its sizes. */
async function writeMember(sink: Sink, file: HashedFile, signal: AbortSignal | null): Promise<Member> {
  const { name, bytes, executable } = file;
  const sum = { crc32: 0 };
  const begun: Member = { name, bytes, executable, offset: sink.position, compressedBytes: 0, crc32: 0 };
  await sink.write(memberHead(begun));
  const start = sink.position;
  await pipeline(sameContent(file, sum, signal), createDeflateRaw({ level }), async (pieces) => {
    for await (const piece of pieces as AsyncIterable<Uint8Array>) await sink.write(piece);
  });
  const member = { ...begun, compressedBytes: sink.position - start, crc32: sum.crc32 };
  await sink.write(memberEnd(member));
  return member;
}

/** The bytes of a file; counts their CRC-32. Throws where they are not those that the manifest lists. */
async function* sameContent(
  file: HashedFile,
  sum: { crc32: number },
  signal: AbortSignal | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  for await (const piece of contentOf(file, signal)) {
    hash.update(piece);
    sum.crc32 = crc32(piece, sum.crc32);
    yield piece;
  }
  if (hash.digest('hex') !== file.sha256) throw changed(file);
}

/** Some file systems cannot sync a folder; the rename was atomic all the same. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync().catch(() => undefined);
  } finally {
    await handle.close();
  }
}
