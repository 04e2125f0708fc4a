/** Opens one object: the first request, and the source that reads the rest. */
import type { RemoteAddress } from './address.js';
import { identityOfAddress } from './address.js';
import { defaultBodyRules } from './body.js';
import { DiskCache } from './disk-cache.js';
import type { Limiter } from './limiter.js';
import type { CacheOptions } from './options.js';
import { defaultCacheBytes } from './options.js';
import { RangedReader, type OpenedObject } from './ranged-reader.js';
import { headBytes, remoteSource, type RemoteSource } from './remote-source.js';
import { defaultRetryRules, realRetryClock, type RetryClock } from './retry.js';
import type { Transport } from './transport.js';

export interface OpenRules {
  readonly retries?: number | undefined;
  readonly stallMs?: number | undefined;
  readonly seed?: number | undefined;
  readonly cache?: CacheOptions | undefined;
  readonly unversioned?: boolean | undefined;
  /** The ETag that the object was listed with. */
  readonly etag?: string | null | undefined;
  /** Of the first request. Left out: what a slide needs. */
  readonly headBytes?: number | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** Tests bring a time of their own. */
  readonly clock?: RetryClock | undefined;
}

function readerOf(transport: Transport, limiter: Limiter, o: OpenRules): RangedReader {
  const rules = {
    ...defaultRetryRules,
    ...defaultBodyRules,
    ...(o.retries === undefined ? {} : { retries: o.retries }),
    ...(o.stallMs === undefined ? {} : { stallMs: o.stallMs }),
    unversioned: o.unversioned ?? false,
  };
  return new RangedReader(transport, limiter, rules, o.clock ?? realRetryClock(o.seed));
}

/** Throws NETWORK, FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE, INVALID_OPTION for the folder of the cache. */
export async function openSource(
  address: RemoteAddress,
  transport: Transport,
  limiter: Limiter,
  o: OpenRules,
): Promise<RemoteSource> {
  const cache = o.cache === undefined ? null : await cacheOf(o.cache);
  const reader = readerOf(transport, limiter, o);
  const opened = await reader.open(o.headBytes ?? headBytes, o.etag ?? null, o.signal ?? null);
  const identity = cache === null ? '' : await identityOf(address, transport);
  return remoteSource({ name: address.shown, reader, opened, cache, identity });
}

/** What tells one object from another, whichever store it is in. A secret all the same. */
export async function identityOf(address: RemoteAddress, transport: Transport): Promise<string> {
  return `${await transport.store()}\n${identityOfAddress(address)}`;
}

/** What an object is, for a few bytes. */
export async function lookAtObject(
  transport: Transport,
  limiter: Limiter,
  o: OpenRules,
): Promise<Omit<OpenedObject, 'head'>> {
  return readerOf(transport, limiter, o).open(1, null, o.signal ?? null);
}

/** One for each folder and limit in a process: it knows what it has written. */
const caches = new Map<string, Promise<DiskCache>>();

async function cacheOf({ folder, maxBytes = defaultCacheBytes }: CacheOptions): Promise<DiskCache> {
  const key = `${maxBytes} ${folder}`;
  const known = caches.get(key);
  if (known !== undefined) return known;
  const cache = new DiskCache({ folder, maxBytes });
  const opened = cache.open().then(() => cache);
  caches.set(key, opened);
  // A folder that could not be used may be repaired.
  opened.catch(() => caches.delete(key));
  return opened;
}
