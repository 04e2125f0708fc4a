/** All of an object as a file of this machine, fetched in ranges of one version. */
import { createHash, randomUUID } from 'node:crypto';
import { link, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { changedObject } from './failures.js';
import type { StorageSettings } from './options.js';
import { objectIdentity, type ObjectFacts, type ObjectIdentity, type RemoteSlide } from './remote-slide.js';
import type { RemoteSource } from './remote-source.js';

const kPieceBytes = 4 * 1024 * 1024;
const kAtOnce = 4;
const kMostTries = 8;
const kUnfinished = /^[0-9a-f]{32}\.copy\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;
/** An unfinished copy that nobody has written to for so long is of a process that was killed. */
const kLeftOverMs = 3_600_000;

export interface FetchedFile {
  /** A name of its own: whoever else fetched the same object does not remove it. */
  readonly path: string;
  readonly identity: ObjectIdentity;
  /** Gives the name up. `isDone`: the copy is not kept for the next one either. Throws nothing. */
  release(isDone: boolean): Promise<void>;
}

/**
 * The copy is in `folder` under a name of its address and its version: one that is there is taken as it is. Throws what opening
 * and reading a source throws, DISK_FULL, FILE_UNREADABLE.
 */
export async function fetchFile(
  object: RemoteSlide,
  settings: StorageSettings | null,
  folder: string,
  signal: AbortSignal | null,
): Promise<FetchedFile> {
  const facts = await object.look(settings, signal);
  const version = `${await object.identity(settings)}\n${facts.etag ?? facts.modifiedMs}\n${facts.size}`;
  const shared = join(folder, `${createHash('sha256').update(version).digest('hex').slice(0, 32)}.copy`);
  const path = `${shared}.${randomUUID()}.run`;
  try {
    for (let tries = 1; ; ++tries) {
      const there = await stat(shared).catch(() => null);
      if (there?.isFile() !== true || there.size !== facts.size) {
        const source = await object.versioned(facts.etag).open(settings, signal);
        requireSame(source, facts);
        await mkdir(folder, { recursive: true });
        await removeUnfinished(folder);
        await copied(source, shared, signal);
      }
      if (await taken(shared, path)) break;
      if (tries === kMostTries) throw Object.assign(new Error('others remove it'), { code: 'ENOENT' });
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MicrotomeError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const code = reason === 'ENOSPC' || reason === 'EDQUOT' ? 'DISK_FULL' : 'FILE_UNREADABLE';
    throw new MicrotomeError(code, 'slide', `a copy of ${object.name} cannot be written to ${folder} (${reason})`, {
      path: folder,
      advice: 'name another [[storage.workFolder]]',
    });
  }
  const release = async (isDone: boolean): Promise<void> => {
    // Where both are names of one file, this leaves both; else it puts the file back.
    if (!isDone) await rename(path, shared).catch(ignore);
    for (const one of isDone ? [path, shared] : [path]) await rm(one, { force: true }).catch(ignore);
  };
  return { path, identity: objectIdentity(facts), release };
}

const ignore = (): void => undefined;

/** False: another run, which is done with the copy, has removed it in between. */
async function taken(shared: string, path: string): Promise<boolean> {
  const isGone = (error: NodeJS.ErrnoException): false => {
    if (error.code === 'ENOENT') return false;
    throw error;
  };
  try {
    await link(shared, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    // A file system without links: the next run fetches a copy of its own.
    return rename(shared, path).then(() => true, isGone);
  }
}

/** An object without an ETag cannot be asked for by its version: what was opened may be newer than what was looked at. */
function requireSame({ size, validator, name }: RemoteSource, facts: ObjectFacts): void {
  const isSame =
    size === facts.size &&
    (validator.kind === 'etag' ? validator.value : null) === facts.etag &&
    (validator.kind !== 'last-modified' || Date.parse(validator.value) === facts.modifiedMs);
  if (!isSame) throw changedObject(name, 'another version was there a moment ago');
}

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((one) => kUnfinished.test(one))) {
    const path = join(folder, name);
    const there = await lstat(path).catch(() => null);
    if (there?.isFile() === true && Date.now() - there.mtimeMs > kLeftOverMs) await rm(path, { force: true });
  }
}

async function copied(source: RemoteSource, path: string, signal: AbortSignal | null): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  const stop = new AbortController();
  const forward = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  if (signal?.aborted === true) forward();
  try {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let offset = next; offset < source.size; offset = next) {
        stop.signal.throwIfAborted();
        const length = Math.min(kPieceBytes, source.size - offset);
        next = offset + length;
        const [bytes] = await source.read([{ offset, length }], stop.signal);
        await written(handle, bytes as Uint8Array, offset);
      }
    };
    // What one range fails with ends the others: nobody takes a copy that lacks it.
    const ending = (error: unknown): never => {
      stop.abort(error);
      throw error;
    };
    await Promise.allSettled(Array.from({ length: kAtOnce }, () => worker().catch(ending)));
    stop.signal.throwIfAborted();
    await handle.sync();
    await rename(temporary, path);
  } finally {
    signal?.removeEventListener('abort', forward);
    await handle.close();
    await rm(temporary, { force: true });
  }
}

async function written(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    if (bytesWritten <= 0) throw Object.assign(new Error('the system wrote nothing'), { code: 'EIO' });
    done += bytesWritten;
  }
}
