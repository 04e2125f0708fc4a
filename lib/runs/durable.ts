/**
 * Writing that survives a power cut. A file is complete and named, or not there at all. A crash can leave a temporary file
 * beside it, which the next holder of the output's lock removes. No two runs share the name of such a file: one that lost
 * its lock without knowing it cannot rename what another is writing.
 */
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
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

const kUuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** What follows the name of the output; `.tmp` alone is from earlier versions. */
const kLeftover = new RegExp(`^\\.(?:tmp|(?:journal\\.)?${kUuid}\\.tmp|lock\\.${kUuid}(?:\\.old)?)$`);

/** A new name for a file that is going to be `path`. */
export function asideOf(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

/**
 * Removes what writers of `output` left beside it when they were killed, but for what `isKept`. The caller holds the lock:
 * whoever still writes such a file has lost it, and cannot name it any more. A folder that may not be listed is left as it is.
 */
export async function removeLeftovers(
  output: string,
  isKept: (path: string) => Promise<boolean>,
  fs: FileSystem = realFileSystem,
): Promise<void> {
  const [folder, name] = [dirname(output), basename(output)];
  const names = await fs.readdir(folder).catch((): string[] => []);
  for (const other of names) {
    if (!other.startsWith(name) || !kLeftover.test(other.slice(name.length))) continue;
    const path = join(folder, other);
    if (!(await isKept(path))) await removeIfThere(path, fs);
  }
}

/**
 * Writes `content` to `path` whole or not at all: a new file beside it, synced, renamed, the folder synced.
 * `beforeRename` may still refuse; an error leaves nothing but what was there before. Writers that may meet at `path` pass
 * a `temporary` of their own (see asideOf). Pieces are written as they come.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<string>,
  fs: FileSystem = realFileSystem,
  beforeRename: () => Promise<void> = async () => {},
  temporary = `${path}.tmp`,
): Promise<void> {
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

async function writeNew(
  path: string,
  content: string | Uint8Array | AsyncIterable<string>,
  fs: FileSystem,
): Promise<void> {
  const handle = await fs.open(path, 'wx', 0o644);
  try {
    if (typeof content === 'string') await writeAll(handle, Buffer.from(content, 'utf8'));
    else if (content instanceof Uint8Array) await writeAll(handle, content);
    else for await (const piece of content) await writeAll(handle, Buffer.from(piece, 'utf8'));
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
