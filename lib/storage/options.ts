/** How objects are read, as a caller gives it to httpSource and s3Source, and as a run gives it for its addresses. */
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { HttpAccessProvider } from './http/http-transport.js';

/** A cache on disk, which several processes may share. */
export interface CacheOptions {
  /** Made where it is not there. */
  readonly folder: string;
  /** Blocks that were not used for longest go when there are more bytes. @defaultValue 10737418240 (10 GiB) */
  readonly maxBytes?: number;
}

/** How one object is read, wherever it is. */
export interface RemoteSourceOptions {
  /** Most requests at a time. @defaultValue 16 */
  readonly requests?: number;
  /** How often a request that failed is sent again: 5xx, 429, broken connections, bodies that are cut short or stall. @defaultValue 5 */
  readonly retries?: number;
  /**
   * Milliseconds. A request is given up, and sent again, when no answer came or fewer than 16 KiB of it in this time.
   * @defaultValue 20000
   */
  readonly stallMs?: number;
  /** Seed of the pauses between tries. @defaultValue another one each time */
  readonly seed?: number;
  /** Keeps blocks of the object on disk. @defaultValue none */
  readonly cache?: CacheOptions;
  /** Gives the opening up. */
  readonly signal?: AbortSignal;
}

/** How an object behind HTTP is read. */
export interface HttpSourceOptions extends RemoteSourceOptions {
  /** Sent to the host of the address only, never to one that it redirects to. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Gives headers, or a signed address of the object. Called once with false; after an answer of 401 or 403 with true, once
   * for each request.
   */
  readonly access?: HttpAccessProvider;
  /** Reads an object that has neither ETag nor Last-Modified: then nobody sees that it was replaced. @defaultValue false */
  readonly unversioned?: boolean;
}

/** Keys of a store. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Which store, and as whom. Everything else is found as the AWS SDK finds it: environment, profiles, roles of the machine. */
export interface S3StoreOptions {
  /** @defaultValue what the AWS SDK finds; with `endpoint` us-east-1 */
  readonly region?: string;
  /** The address of a store that is not Amazon's. @defaultValue what the AWS SDK finds */
  readonly endpoint?: string;
  /** The bucket is in the path, not in the name of the host. @defaultValue true with `endpoint` */
  readonly pathStyle?: boolean;
  /** Requests are not signed, as for public data. @defaultValue false */
  readonly anonymous?: boolean;
  /** Keys, or a function that gives them, which is called again when they were refused. @defaultValue what the AWS SDK finds */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>);
}

/** How an object of a store is read. */
export interface S3SourceOptions extends RemoteSourceOptions, S3StoreOptions {}

/** What a call says of its addresses: the group `storage` of the options, parsed. */
export interface StorageSettings {
  readonly region?: string | null;
  readonly endpoint?: string | null;
  readonly pathStyle?: boolean | null;
  readonly anonymous?: boolean | null;
  readonly requests?: number | null;
  readonly retries?: number | null;
  readonly cacheFolder?: string | null;
  readonly cacheBytes?: number | null;
  readonly workFolder?: string | null;
}

export const defaultRequests = 16;
export const defaultCacheBytes: number = 10 * 2 ** 30;

function invalid(name: string, expected: string): MicrotomeError {
  // What was given may be a secret in the wrong place: it is not repeated.
  return new MicrotomeError('INVALID_OPTION', 'options', `Expected ${expected} for ${optionMark(name)}`);
}

const known = {
  common: ['requests', 'retries', 'stallMs', 'seed', 'cache', 'signal'],
  http: ['headers', 'access', 'unversioned'],
  s3: ['region', 'endpoint', 'pathStyle', 'anonymous', 'credentials'],
} as const;

function whole(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw invalid(name, `a whole number from ${min} to ${max}`);
}

const kHeaderName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** They say what is asked for, and are ours. */
const kOwnHeaders = new Set([
  'range',
  'if-match',
  'if-range',
  'accept-encoding',
  'host',
  'connection',
  'content-length',
]);

/** Throws INVALID_OPTION. */
export function checkHeaders(headers: unknown, name = 'headers'): void {
  if (headers === undefined) return;
  if (typeof headers !== 'object' || headers === null) throw invalid(name, 'an object of texts');
  for (const [key, value] of Object.entries(headers)) {
    if (!kHeaderName.test(key) || typeof value !== 'string' || /[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw invalid(name, 'names and values of HTTP headers');
    if (kOwnHeaders.has(key.toLowerCase())) throw invalid(name, `no header ${key.toLowerCase()}, which is set here,`);
  }
}

/** Throws INVALID_OPTION. */
export function checkSourceOptions(options: unknown, kind: 'http' | 's3'): void {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object');
  const given = options as Readonly<Record<string, unknown>>;
  const names: readonly string[] = [...known.common, ...known[kind]];
  const strange = Object.keys(given).find((name) => !names.includes(name));
  if (strange !== undefined) throw invalid('options', `${names.join(', ')}, not ${strange.slice(0, 64)},`);
  whole('requests', given['requests'], 1, 1024);
  whole('retries', given['retries'], 0, 100);
  whole('stallMs', given['stallMs'], 10, 3_600_000);
  whole('seed', given['seed'], 0, Number.MAX_SAFE_INTEGER);
  if (given['signal'] !== undefined && !(given['signal'] instanceof AbortSignal))
    throw invalid('signal', 'an AbortSignal');
  for (const name of ['unversioned', 'pathStyle', 'anonymous'])
    if (given[name] !== undefined && typeof given[name] !== 'boolean') throw invalid(name, 'a boolean');
  for (const name of ['region', 'endpoint'])
    if (given[name] !== undefined && typeof given[name] !== 'string') throw invalid(name, 'a text');
  if (given['access'] !== undefined && typeof given['access'] !== 'function') throw invalid('access', 'a function');
  const { credentials } = given;
  if (credentials !== undefined && typeof credentials !== 'function' && typeof credentials !== 'object')
    throw invalid('credentials', 'keys, or a function that gives them');
  checkHeaders(given['headers']);
  checkCache(given['cache']);
}

function checkCache(cache: unknown): void {
  if (cache === undefined) return;
  if (typeof cache !== 'object' || cache === null) throw invalid('cache', 'an object with folder and maxBytes');
  const { folder, maxBytes } = cache as Readonly<Record<string, unknown>>;
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) throw invalid('cache.folder', 'a path');
  whole('cache.maxBytes', maxBytes, 2 ** 20, 2 ** 50);
}
