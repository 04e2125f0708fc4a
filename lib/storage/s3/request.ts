/** One command to a store, under the limits that ranges of objects have: requests at a time, tries, and time without progress. */
import type { S3Client } from '@aws-sdk/client-s3';
import { defaultBodyRules } from '../body.js';
import { defaultRetryRules, realRetryClock, retried, type RetryClock } from '../retry.js';
import { watched } from '../watched.js';
import type { Sdk } from './sdk.js';
import type { S3Store } from './store.js';

/** Milliseconds for an answer of a few pages, whose bytes are not seen as they come. */
export const answerLimitMs = 120_000;

export interface RequestRules {
  readonly signal?: AbortSignal | null;
  readonly retries?: number | null;
  /** Milliseconds without progress after which a try is given up. @defaultValue 120000 */
  readonly stallMs?: number | null;
  readonly clock?: RetryClock;
}

/** `moved` counts bytes of a body that came. */
export type Command<T> = (sdk: Sdk, client: S3Client, stop: AbortSignal, moved: (bytes: number) => void) => Promise<T>;

/** Throws NETWORK, FILE_NOT_FOUND, and what `command` throws of ours. */
export async function requested<T>(
  shown: string,
  store: S3Store,
  { signal = null, retries, stallMs, clock = realRetryClock() }: RequestRules,
  command: Command<T>,
): Promise<T> {
  const rules = { ...defaultBodyRules, stallMs: stallMs ?? answerLimitMs };
  let used = store.credentials;
  const once = (stop: AbortSignal, moved: (bytes: number) => void): Promise<T> =>
    store.send((sdk, client) => command(sdk, client, stop, moved), stop);
  return retried(
    {
      shown,
      signal,
      once: () =>
        store.limiter.run(signal, async () => {
          used = store.credentials;
          return watched(signal, rules, once);
        }),
      refresh: (failed) => watched(signal, rules, () => store.refresh(used, failed)),
    },
    { ...defaultRetryRules, ...(retries == null ? {} : { retries }) },
    clock,
  );
}
