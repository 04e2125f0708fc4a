/** All of an object as a file of this machine, fetched in ranges of one version. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import type { StorageSettings } from './options.js';
import { objectIdentity, type ObjectIdentity, type RemoteSlide } from './remote-slide.js';
import type { RemoteSource } from './remote-source.js';

const kPieceBytes = 4 * 1024 * 1024;
const kAtOnce = 4;

export interface FetchedFile {
  readonly path: string;
  readonly identity: ObjectIdentity;
}

/**
 * The file is in `folder` under a name of its address and its version: one that is there is taken as it is. Throws what opening
 * and reading a source throws, DISK_FULL, FILE_UNREADABLE.
 */
export async function fetchFile(
  object: RemoteSlide,
  settings: StorageSettings | null,
  folder: string,
  signal: AbortSignal | null,
): Promise<FetchedFile> {
  const facts = await object.look(settings, signal);
  const identity = objectIdentity(facts);
  const version = `${await object.identity(settings)}\n${facts.etag ?? facts.modifiedMs}\n${facts.size}`;
  const path = join(folder, `${createHash('sha256').update(version).digest('hex').slice(0, 32)}.copy`);
  const there = await stat(path).catch(() => null);
  if (there?.isFile() === true && there.size === facts.size) return { path, identity };
  const source = await object.versioned(facts.etag).open(settings, signal);
  try {
    await mkdir(folder, { recursive: true });
    await copied(source, path, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MicrotomeError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const code = reason === 'ENOSPC' || reason === 'EDQUOT' ? 'DISK_FULL' : 'FILE_UNREADABLE';
    throw new MicrotomeError(code, 'slide', `a copy of ${source.name} cannot be written to ${folder} (${reason})`, {
      path: folder,
      advice: 'name another [[storage.workFolder]]',
    });
  }
  return { path, identity };
}

async function copied(source: RemoteSource, path: string, signal: AbortSignal | null): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let offset = next; offset < source.size; offset = next) {
        const length = Math.min(kPieceBytes, source.size - offset);
        next = offset + length;
        const [bytes] = await source.read([{ offset, length }], signal ?? undefined);
        await written(handle, bytes as Uint8Array, offset);
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: kAtOnce }, worker));
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await handle.sync();
    await rename(temporary, path);
  } finally {
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
