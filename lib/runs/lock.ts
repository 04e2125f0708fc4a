/**
 * One writer per output: `<output>.lock`, a file that names its owner. A lock whose owner is dead is taken over, so that
 * a killed run never blocks its own resumption. The owner touches the file every few seconds: a lock from another
 * machine or container, whose process cannot be looked up, is watched for a while and taken over when it shows no sign
 * of life.
 *
 * An owner that was suspended, or whose disk stalled, may be taken for dead. So it looks whether the lock is still its own
 * before each line that it adds to the journal and before it renames the output, and what it writes after that look
 * harms nobody: whoever takes over goes on in a new file (journal.ts) and sweeps away what was written aside.
 */
import type { FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { removeLeftovers } from './durable.js';
import { ioFailure } from './failure.js';
import { realFileSystem, type FileSystem } from './file-system.js';
import { createLock, look, removeLock, type LockContent, type SeenLock } from './lock-file.js';
import { shown } from './names.js';
import { stateOf, thisProcess } from './process-identity.js';

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

/** How often a lock that is missing is looked for again; see removeLock. */
const kLooks = 4;

export function lockPathOf(output: string): string {
  return `${output}.lock`;
}

/** Throws OUTPUT_LOCKED while another run writes `output`, which messages call `shownAs`. */
export async function lockOutput(
  output: string,
  fs: FileSystem = realFileSystem,
  times: LockTimes = defaultLockTimes,
  signal?: AbortSignal,
  shownAs: string = output,
): Promise<OutputLock> {
  const path = lockPathOf(output);
  let lock: OutputLock | null = null;
  try {
    const since = new Date().toISOString();
    const mine: LockContent = { ...(await thisProcess()), nonce: randomUUID(), host: hostname(), since };
    const place: LockPlace = { path, output: shownAs, mine, fs, times, signal };
    lock = await acquire(place);
    await lock.assertHeld();
    // Whoever took this lock for the stale one is about to give it back.
    const isOwn = async (other: string): Promise<boolean> =>
      other.endsWith('.old') && (await look(other, fs))?.content?.nonce === mine.nonce;
    await removeLeftovers(output, isOwn, fs);
    return lock;
  } catch (error) {
    await lock?.release();
    signal?.throwIfAborted();
    throw ioFailure(error, 'write', path);
  }
}

interface LockPlace {
  readonly path: string;
  /** For messages. */
  readonly output: string;
  readonly mine: LockContent;
  readonly fs: FileSystem;
  readonly times: LockTimes;
  readonly signal: AbortSignal | undefined;
}

async function acquire(place: LockPlace): Promise<OutputLock> {
  const { path, mine, fs, times } = place;
  for (let tookOver = false; ; tookOver = true) {
    const handle = await createLock(path, mine, fs);
    if (handle !== null) {
      const lock = heldLock(place, handle);
      if (tookOver) await sleep(times.settleMs);
      return lock;
    }
    await clearStale(place);
  }
}

function heldLock(place: LockPlace, handle: FileHandle): OutputLock {
  const { path, mine, fs, times } = place;
  const beat = setInterval(() => {
    const now = new Date();
    // Of the file, not of the name, which may belong to somebody else by now. A missed beat is harmless: the owner finds
    // out about a lost lock where it matters, in assertHeld.
    handle.utimes(now, now).catch(() => {});
  }, times.heartbeatMs);
  beat.unref();
  let released = false;
  return {
    path,
    assertHeld: () => assertOwner(place),
    async release() {
      if (released) return;
      released = true;
      clearInterval(beat);
      await handle.close().catch(() => {});
      const seen = await look(path, fs).catch(() => null);
      if (seen?.content?.nonce === mine.nonce) await removeLock(path, seen.raw, fs).catch(() => {});
    },
  };
}

/** Returns when the lock that was there is gone or was removed as stale; throws OUTPUT_LOCKED when its owner lives. */
async function clearStale(place: LockPlace): Promise<void> {
  const { path, output, mine, fs } = place;
  const seen = await look(path, fs);
  if (seen === null) return;
  const state = seen.content === null ? 'unknown' : await stateOf(seen.content, mine);
  if (state === 'alive') throw locked(output, seen, 'which is alive');
  if (state === 'unknown' && (await showsLife(place, seen)))
    throw locked(output, seen, 'which has just given a sign of life');
  await removeLock(path, seen.raw, fs);
}

/** An unreadable lock (its writer died between creating and filling it) gets a short watch, a foreign one a long one. */
async function showsLife({ path, fs, times, signal }: LockPlace, seen: SeenLock): Promise<boolean> {
  const watchMs = seen.content === null ? Math.min(10 * times.settleMs, times.watchMs) : times.watchMs;
  for (let waitedMs = 0; waitedMs < watchMs; waitedMs += times.settleMs) {
    await sleep(times.settleMs, undefined, signal === undefined ? {} : { signal });
    const now = await look(path, fs);
    if (now === null) return false;
    if (now.raw !== seen.raw || now.mtimeMs !== seen.mtimeMs) return true;
  }
  return false;
}

async function assertOwner({ path, output, mine, fs, times }: LockPlace): Promise<void> {
  for (let looks = 1; ; ++looks) {
    const seen = await look(path, fs);
    if (seen?.content?.nonce === mine.nonce) return;
    if (seen !== null || looks === kLooks) throw lost(output, seen);
    await sleep(times.settleMs);
  }
}

/** "process number 12 on the machine "a", since 2031-05-01T08:00:00.000Z"; what an unreadable lock does not say is left out. */
function ownerText(seen: SeenLock | null): string {
  const content = seen?.content ?? null;
  if (content === null) return 'whose lock cannot be read';
  const { pid, host, since } = content;
  return `process number ${pid}${host === null ? '' : ` on the machine ${shown(host)}`}${since === null ? '' : `, since ${since}`}`;
}

function locked(output: string, seen: SeenLock, life: string): MicrotomeError {
  const found = `${output} is being written by another run (${ownerText(seen)}), ${life}`;
  const advice = `wait for that run to end, stop it, or choose another ${optionMark('output')}`;
  return new MicrotomeError('OUTPUT_LOCKED', 'csv', found, { path: output, advice });
}

function lost(output: string, seen: SeenLock | null): MicrotomeError {
  const how = seen === null ? 'it was removed' : `it was taken over by another run (${ownerText(seen)})`;
  const found = `this run has lost the lock of ${output} while it was suspended or its disk stalled: ${how}`;
  const advice = `wait for the other run to end, then pass ${optionMark('resume', 'true')}`;
  return new MicrotomeError('OUTPUT_LOCKED', 'csv', found, { path: output, advice });
}
