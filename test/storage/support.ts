/** What the tests of remote sources share: an object of known bytes, a time that does not pass, errors as values. */
import type { MicrotomeError } from '../../lib/index.js';
import { Limiter } from '../../lib/storage/limiter.js';
import { openHttp, parseHttpAddress } from '../../lib/storage/http/http-source.js';
import type { HttpSourceOptions } from '../../lib/storage/options.js';
import type { RemoteSource } from '../../lib/storage/remote-source.js';
import type { RetryClock } from '../../lib/storage/retry.js';

/** Bytes that say where they are. */
export function numbered(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; ++i) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Sleeps take no time, and are noted. */
export function stillClock(): RetryClock & { readonly sleeps: number[] } {
  const sleeps: number[] = [];
  return {
    sleeps,
    sleep: async (ms) => {
      sleeps.push(ms);
    },
    random: () => 0.5,
    nowMs: () => Date.UTC(2026, 0, 1),
  };
}

export function open(
  url: string,
  options: HttpSourceOptions & { readonly etag?: string | null } = {},
  clock: RetryClock = stillClock(),
): Promise<RemoteSource> {
  return openHttp(parseHttpAddress(url), { ...options, clock }, new Limiter(options.requests ?? 16));
}

export async function failureOf(work: Promise<unknown>): Promise<MicrotomeError> {
  try {
    await work;
  } catch (error) {
    return error as MicrotomeError;
  }
  throw new Error('nothing failed');
}

/** All that an error says, wherever it says it. */
export function allOf(error: unknown): string {
  const { stack = '' } = error as Error;
  return `${stack}\n${JSON.stringify(error)}\n${String((error as Error).cause ?? '')}`;
}
