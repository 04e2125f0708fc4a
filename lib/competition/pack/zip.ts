/**
 * Writes the zip. The same files give the same bytes: names are sorted, times and modes are constant, and nothing of the machine is
 * stored. Only another version of zlib, as another Node.js may have it, compresses to other bytes.
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';

import { MicrotomeError } from '../../core/errors.js';
import { changed, contentOf } from './files.js';
import { ioFailure } from './failures.js';
import type { HashedFile } from './packed-file.js';

/** A zip stores local time without a zone, so a moment is made of local parts: they are the same everywhere. */
const storedTime = (): Date => new Date(2000, 0, 1, 12, 0, 0);
const programMode = 0o100755;
const fileMode = 0o100644;

/** Size and SHA-256 of a zip. */
export interface WrittenZip {
  readonly bytes: number;
  readonly sha256: string;
}

type ZipFile = import('yazl').ZipFile;

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
    const written = await fill(temporary, await zipOf(files, signal));
    await requireFree(path, overwrite);
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw ioFailure(error, 'write', path);
  }
}

async function zipOf(files: readonly HashedFile[], signal: AbortSignal | null): Promise<Readable> {
  const { ZipFile } = await import('yazl');
  const zip: ZipFile = new ZipFile();
  const output = zip.outputStream as Readable;
  const fail = (error: Error): unknown => output.destroy(error);
  zip.on('error', fail);
  // Whoever gives up the zip gives up the file that is being read.
  let source: Readable | undefined;
  output.on('close', () => source?.destroy());
  for (const file of files) {
    const options = {
      mtime: storedTime(),
      forceDosTimestamp: true,
      mode: file.executable ? programMode : fileMode,
      size: file.bytes,
    };
    zip.addReadStreamLazy(file.name, options, (give) => {
      source = Readable.from(sameContent(file, signal), { objectMode: false }).on('error', fail);
      give(null, source);
    });
  }
  zip.end();
  return output;
}

/** The bytes of a file. Throws where they are not those that the manifest lists. */
async function* sameContent(file: HashedFile, signal: AbortSignal | null): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  for await (const piece of contentOf(file, signal)) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== file.sha256) throw changed(file);
}

async function fill(path: string, zip: Readable): Promise<WrittenZip> {
  const hash = createHash('sha256');
  let bytes = 0;
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'wx', 0o644);
    for await (const piece of zip as AsyncIterable<Buffer>) {
      await handle.writeFile(piece);
      hash.update(piece);
      bytes += piece.length;
    }
    await handle.sync();
  } finally {
    zip.destroy();
    await handle?.close();
  }
  return { bytes, sha256: hash.digest('hex') };
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
