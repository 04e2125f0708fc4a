/**
 * Writing that survives a power cut. A file is complete and named, or not there at all; a crash can leave one file
 * `<path>.tmp` behind, which the next writer of the same path removes. Callers hold the output's lock, so that no two
 * writers share that name.
 */
import { dirname } from 'node:path';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';

/** Makes renames and removals in the folder of `path` durable. */
export async function syncFolderOf(path: string, fs: FileSystem = realFileSystem): Promise<void> {
  const handle = await fs.open(dirname(path), 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network and overlay file systems cannot sync a folder; the rename itself was atomic all the same.
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(errnoOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

export async function removeIfThere(path: string, fs: FileSystem = realFileSystem): Promise<boolean> {
  try {
    await fs.unlink(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Writes `content` to `path` whole or not at all: a new file beside it, synced, renamed, the folder synced.
 * `beforeRename` may still refuse; an error leaves nothing but what was there before.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  fs: FileSystem = realFileSystem,
  beforeRename: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = `${path}.tmp`;
  let renamed = false;
  try {
    await removeIfThere(temporary, fs);
    await writeNew(temporary, content, fs);
    await beforeRename();
    await fs.rename(temporary, path);
    renamed = true;
    await syncFolderOf(path, fs);
  } catch (error) {
    if (!renamed) await removeIfThere(temporary, fs).catch(() => false);
    throw ioFailure(error, 'write', path);
  }
}

async function writeNew(path: string, content: string | Uint8Array, fs: FileSystem): Promise<void> {
  const handle = await fs.open(path, 'wx', 0o644);
  try {
    await writeAll(handle, typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A plain write may be short (a nearly full disk); this one is not. Appends at the handle's position. */
export async function writeAll(
  handle: { write(data: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }> },
  data: Uint8Array,
): Promise<void> {
  let done = 0;
  while (done < data.length) {
    const { bytesWritten } = await handle.write(data, done, data.length - done);
    if (bytesWritten <= 0) throw Object.assign(new Error('the system wrote nothing'), { code: 'EIO' });
    done += bytesWritten;
  }
}
