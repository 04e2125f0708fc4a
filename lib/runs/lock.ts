/**
 * One writer per output: `<output>.lock`, a file that names its owner. A lock whose owner is dead is taken over, so that
 * a killed run never blocks its own resumption. The owner touches the file every few seconds: a lock from another
 * machine or container, whose process cannot be looked up, is watched for a while and taken over when it shows no sign
 * of life.
 */
import type { FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MicrotomeError } from '../core/errors.js';
import { openRegular } from '../core/regular-file.js';
import { removeIfThere, writeAll } from './durable.js';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import { stateOf, thisProcess, type ProcessIdentity } from './process-identity.js';

export interface OutputLock {
  readonly path: string;
  /** Throws OUTPUT_LOCKED when someone else has taken the lock over (this process was suspended for long). */
  assertHeld(): Promise<void>;
  /** Idempotent. */
  release(): Promise<void>;
}

export interface LockTimes {
  readonly heartbeatMs: number;
  /** How long a lock of an unknown process is watched. */
  readonly watchMs: number;
  /** Between a take-over and the check that nobody did the same at the same moment; also the watching interval. */
  readonly settleMs: number;
}

export const defaultLockTimes: LockTimes = { heartbeatMs: 4_000, watchMs: 20_000, settleMs: 100 };

interface LockContent extends ProcessIdentity {
  readonly nonce: string;
}

interface SeenLock {
  readonly content: LockContent | null;
  readonly raw: string;
  readonly mtimeMs: number;
}

const kMaxLockBytes = 4096;

/** Throws OUTPUT_LOCKED while another run writes `output`. */
export async function lockOutput(
  output: string,
  fs: FileSystem = realFileSystem,
  times: LockTimes = defaultLockTimes,
  signal?: AbortSignal,
): Promise<OutputLock> {
  const path = `${output}.lock`;
  const mine: LockContent = { ...(await thisProcess()), nonce: randomUUID() };
  try {
    let tookOver = false;
    while (!(await createLock(path, mine, fs))) {
      await clearStale(path, output, mine, fs, times, signal);
      tookOver = true;
    }
    if (tookOver) {
      await sleep(times.settleMs);
      await assertOwner(path, output, mine, fs);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw ioFailure(error, 'write', path);
  }
  return heldLock(path, output, mine, fs, times);
}

function heldLock(path: string, output: string, mine: LockContent, fs: FileSystem, times: LockTimes): OutputLock {
  const beat = setInterval(() => {
    const now = new Date();
    // A missed beat is harmless, and the owner finds out about a lost lock where it matters, in assertHeld.
    fs.utimes(path, now, now).catch(() => {});
  }, times.heartbeatMs);
  beat.unref();
  let released = false;
  return {
    path,
    assertHeld: () => assertOwner(path, output, mine, fs),
    async release() {
      if (released) return;
      released = true;
      clearInterval(beat);
      const seen = await look(path, fs).catch(() => null);
      if (seen?.content?.nonce === mine.nonce) await removeIfThere(path, fs).catch(() => false);
    },
  };
}

/** False when there is a lock already. */
async function createLock(path: string, content: LockContent, fs: FileSystem): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await fs.open(path, 'wx', 0o644);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await writeAll(handle, Buffer.from(`${JSON.stringify(content)}\n`));
  } catch (error) {
    await removeIfThere(path, fs).catch(() => false);
    throw error;
  } finally {
    await handle.close();
  }
  return true;
}

/** Returns when the lock that was there is gone or was removed as stale; throws OUTPUT_LOCKED when its owner lives. */
async function clearStale(
  path: string,
  output: string,
  mine: LockContent,
  fs: FileSystem,
  times: LockTimes,
  signal: AbortSignal | undefined,
): Promise<void> {
  const seen = await look(path, fs);
  if (seen === null) return;
  const state = seen.content === null ? 'unknown' : await stateOf(seen.content, mine);
  if (state === 'alive') throw locked(output, seen);
  if (state === 'unknown' && (await showsLife(path, seen, fs, times, signal))) throw locked(output, seen);
  // Remove exactly the lock that was judged; another resumer may have replaced it since.
  const now = await look(path, fs);
  if (now !== null && now.raw === seen.raw) await removeIfThere(path, fs);
}

/** An unreadable lock (its writer died between creating and filling it) gets a short watch, a foreign one a long one. */
async function showsLife(
  path: string,
  seen: SeenLock,
  fs: FileSystem,
  times: LockTimes,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const watchMs = seen.content === null ? Math.min(10 * times.settleMs, times.watchMs) : times.watchMs;
  for (let waitedMs = 0; waitedMs < watchMs; waitedMs += times.settleMs) {
    await sleep(times.settleMs, undefined, signal === undefined ? {} : { signal });
    const now = await look(path, fs);
    if (now === null) return false;
    if (now.raw !== seen.raw || now.mtimeMs !== seen.mtimeMs) return true;
  }
  return false;
}

async function look(path: string, fs: FileSystem): Promise<SeenLock | null> {
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
    const { pid, startTicks, bootId, pidNamespace, nonce } = value;
    if (typeof pid !== 'number' || typeof startTicks !== 'string' || typeof bootId !== 'string') return null;
    if (typeof pidNamespace !== 'string' || typeof nonce !== 'string') return null;
    return { pid, startTicks, bootId, pidNamespace, nonce };
  } catch {
    return null;
  }
}

async function assertOwner(path: string, output: string, mine: LockContent, fs: FileSystem): Promise<void> {
  const seen = await look(path, fs);
  if (seen?.content?.nonce !== mine.nonce) throw locked(output, seen);
}

function locked(output: string, seen: SeenLock | null): MicrotomeError {
  const owner =
    seen?.content === null || seen === null ? 'another run' : `the run with process number ${seen.content.pid}`;
  return new MicrotomeError('OUTPUT_LOCKED', 'csv', `${output} is being written by ${owner}`, { path: output });
}
