/** Clients and limits of requests that objects of one store, or of one host, share. */
import { Limiter } from './limiter.js';
import { defaultRequests, type S3StoreOptions, type StorageSettings } from './options.js';
import { S3Store } from './s3/store.js';

/** Of the stores and hosts that were used last. */
const kMostKept = 32;
const stores = new Map<string, S3Store>();
const limiters = new Map<string, Limiter>();

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key) ?? make();
  map.delete(key);
  map.set(key, known);
  const [oldest] = map.keys();
  if (map.size > kMostKept && oldest !== undefined) map.delete(oldest);
  return known;
}

/** The same for the same host and limit. */
export function limiterOf(settings: StorageSettings | null, origin: string): Limiter {
  const most = settings?.requests ?? defaultRequests;
  return kept(limiters, `${most} ${origin}`, () => new Limiter(most));
}

/** The same for the same settings. */
export function storeOf(settings: StorageSettings | null): S3Store {
  const { region = null, endpoint = null, pathStyle = null, anonymous = null, requests = null } = settings ?? {};
  const given = Object.entries({ region, endpoint, pathStyle, anonymous }).filter(([, value]) => value !== null);
  const options = Object.fromEntries(given) as S3StoreOptions;
  return kept(stores, JSON.stringify([given, requests]), () => new S3Store(options, requests ?? defaultRequests));
}
