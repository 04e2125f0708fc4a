/** Tries again what may work another time: with growing pauses, each drawn at random, and never without end. */
import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../core/random.js';
import { TryFailed, remoteFailure } from './failures.js';

/** What time is, and chance; tests bring their own. */
export interface RetryClock {
  readonly sleep: (ms: number, signal: AbortSignal | null) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly nowMs: () => number;
}

export function realRetryClock(seed: number = Date.now() ^ process.pid): RetryClock {
  const random = new SeededRandom(seed);
  return {
    sleep: async (ms, signal) => {
      await pause(ms, undefined, signal === null ? {} : { signal }).catch(() => signal?.throwIfAborted());
    },
    random: () => random.next() / 2 ** 32,
    nowMs: () => Date.now(),
  };
}

export interface RetryRules {
  /** Tries after the first one. */
  readonly retries: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** A server that asks to wait longer is not waited for. */
  readonly longestRetryAfterMs: number;
}

export const defaultRetryRules: RetryRules = {
  retries: 5,
  firstPauseMs: 200,
  longestPauseMs: 20_000,
  longestRetryAfterMs: 120_000,
};

export interface RetriedWork<T> {
  readonly shown: string;
  readonly signal: AbortSignal | null;
  /** Rejects with TryFailed where another try may work; with any other error the work ends. */
  once(): Promise<T>;
  /** Other credentials. Asked once for each piece of work, and ends with `signal`; false: there are none. */
  refresh(failed: TryFailed): Promise<boolean>;
}

/** Throws what `once` throws; NETWORK or FILE_NOT_FOUND for its last TryFailed. */
export async function retried<T>(work: RetriedWork<T>, rules: RetryRules, clock: RetryClock): Promise<T> {
  let refreshed = false;
  for (let tries = 1; ; ++tries) {
    try {
      return await work.once();
    } catch (error) {
      work.signal?.throwIfAborted();
      if (!(error instanceof TryFailed)) throw error;
      const { again, denied = false, retryAfterMs = null } = error.facts;
      if (denied && !refreshed) {
        refreshed = true;
        if (await refreshedBy(work, error, tries)) continue;
      }
      const waitMs = retryAfterMs ?? 0;
      if (!again || tries > rules.retries || waitMs > rules.longestRetryAfterMs)
        throw remoteFailure(error, work.shown, tries);
      await clock.sleep(Math.max(waitMs, pauseMs(tries, rules, clock)), work.signal);
    }
  }
}

async function refreshedBy<T>(work: RetriedWork<T>, failed: TryFailed, tries: number): Promise<boolean> {
  try {
    return await work.refresh(failed);
  } catch (error) {
    work.signal?.throwIfAborted();
    throw error instanceof TryFailed ? remoteFailure(error, work.shown, tries) : error;
  }
}

/** Twice as long each time; half of it by chance, so that those who failed together do not come again together. */
function pauseMs(tries: number, { firstPauseMs, longestPauseMs }: RetryRules, { random }: RetryClock): number {
  const whole = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
  return Math.round(whole / 2 + (whole / 2) * random());
}

/** Seconds or a date, as HTTP has it; null: neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
