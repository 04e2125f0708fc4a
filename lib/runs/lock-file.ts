/**
 * The file of a lock: how it is made, looked at and removed. It is written under a name of its own and then linked to the
 * lock's name, so that nobody ever sees an empty or half-written lock. It is removed by renaming it first: whoever
 * renames a file has that file and no other, even when the name was taken over in between.
 */
import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { MicrotomeError } from '../core/errors.js';
import { openRegular } from '../core/regular-file.js';
import { removeIfThere, writeAll } from './durable.js';
import { errnoOf, type FileSystem } from './file-system.js';
import type { ProcessIdentity } from './process-identity.js';

export interface LockContent extends ProcessIdentity {
  readonly nonce: string;
  /** For people; a lock of an earlier version has none. */
  readonly host: string | null;
  /** ISO 8601, when the lock was asked for. */
  readonly since: string | null;
}

export interface SeenLock {
  /** Null: it cannot be read as a lock. */
  readonly content: LockContent | null;
  readonly raw: string;
  readonly mtimeMs: number;
}

const kMaxLockBytes = 4096;
/** What link(2) says where the file system has no hard links. */
export const noHardLinks: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EMLINK',
]);

/** The open lock. Null: there is one already, or this attempt was swept away with the leftovers of others; try again. */
export async function createLock(path: string, content: LockContent, fs: FileSystem): Promise<FileHandle | null> {
  const aside = `${path}.${content.nonce}`;
  const handle = await fs.open(aside, 'wx', 0o644);
  let kept = false;
  try {
    await writeAll(handle, Buffer.from(`${JSON.stringify(content)}\n`));
    // On a network disk others see the text only once it is there.
    await handle.sync();
    const linked = await linkTo(path, aside, fs);
    // A server may say that the name is taken although it has just linked it: its first answer was lost.
    kept = linked === 'linked' || (linked === 'taken' && (await look(path, fs))?.content?.nonce === content.nonce);
    if (linked === 'no links') return await createInPlace(path, content, fs);
    return kept ? handle : null;
  } finally {
    if (!kept) await handle.close().catch(() => {});
    await removeIfThere(aside, fs).catch(() => false);
  }
}

async function linkTo(path: string, aside: string, fs: FileSystem): Promise<'linked' | 'taken' | 'no links'> {
  try {
    await fs.link(aside, path);
    return 'linked';
  } catch (error) {
    const errno = errnoOf(error);
    // ENOENT: whoever holds the lock has swept `aside` away.
    if (errno === 'EEXIST' || errno === 'ENOENT') return 'taken';
    if (noHardLinks.has(errno)) return 'no links';
    throw error;
  }
}

/** Where there are no hard links: one writer all the same, but a reader may see the lock before it is filled. */
async function createInPlace(path: string, content: LockContent, fs: FileSystem): Promise<FileHandle | null> {
  let handle: FileHandle;
  try {
    handle = await fs.open(path, 'wx', 0o644);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return null;
    throw error;
  }
  try {
    await writeAll(handle, Buffer.from(`${JSON.stringify(content)}\n`));
    await handle.sync();
    return handle;
  } catch (error) {
    await handle.close().catch(() => {});
    await removeIfThere(path, fs).catch(() => false);
    throw error;
  }
}

/** Null: there is no lock. Throws FILE_UNREADABLE where something else is in its place. */
export async function look(path: string, fs: FileSystem): Promise<SeenLock | null> {
  let handle: FileHandle | undefined;
  try {
    handle = await openRegular(path, {
      maxBytes: kMaxLockBytes,
      followLinks: false,
      refuse: (found) => notALock(path, found),
      fs,
    });
    const buffer = Buffer.alloc(kMaxLockBytes);
    const { bytesRead } = await handle.read(buffer, 0, kMaxLockBytes, 0);
    const raw = buffer.toString('utf8', 0, bytesRead);
    return { content: parseLock(raw), raw, mtimeMs: (await handle.stat()).mtimeMs };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  } finally {
    await handle?.close();
  }
}

/**
 * Removes the lock with exactly this text. One that has taken its place meanwhile is given back; its owner may have missed
 * it for a moment.
 */
export async function removeLock(path: string, raw: string, fs: FileSystem): Promise<void> {
  if ((await look(path, fs))?.raw !== raw) return;
  // A name for this one renaming: what is under it never changes.
  const aside = `${path}.${randomUUID()}.old`;
  try {
    await fs.rename(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  const taken = await look(aside, fs);
  if (taken !== null && taken.raw !== raw) await giveBack(path, aside, fs);
  await removeIfThere(aside, fs);
}

async function giveBack(path: string, aside: string, fs: FileSystem): Promise<void> {
  try {
    await fs.link(aside, path);
  } catch (error) {
    // EEXIST: there is yet another lock by now. The owner of this one finds that out before it writes.
    if (noHardLinks.has(errnoOf(error))) await fs.rename(aside, path);
    else if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** Whatever is there was not made by a run: it is neither waited for nor removed. */
function notALock(path: string, found: string): MicrotomeError {
  return new MicrotomeError('FILE_UNREADABLE', 'csv', `the lock ${path} is ${found}`, {
    path,
    advice: 'remove it, or choose another output',
  });
}

function parseLock(raw: string): LockContent | null {
  try {
    const value = JSON.parse(raw) as Record<string, unknown>;
    const { pid, startTicks, bootId, pidNamespace, nonce, host, since } = value;
    if (typeof pid !== 'number' || typeof startTicks !== 'string' || typeof bootId !== 'string') return null;
    if (typeof pidNamespace !== 'string' || typeof nonce !== 'string') return null;
    const textOrNull = (text: unknown): string | null => (typeof text === 'string' ? text : null);
    return { pid, startTicks, bootId, pidNamespace, nonce, host: textOrNull(host), since: textOrNull(since) };
  } catch {
    return null;
  }
}
