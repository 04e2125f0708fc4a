/** What lies in a folder of a bucket, page by page. A listing comes from outside: it has limits, and must get ahead. */
import { MicrotomeError } from '../../core/errors.js';
import type { S3Address } from '../address.js';
import { networkError } from '../failures.js';
import { requested, type RequestRules } from './request.js';
import type { S3Store } from './store.js';

export interface ListedObject {
  /** From the folder on; never empty. */
  readonly name: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string | null;
  /** Milliseconds since 1970; null: not said. */
  readonly modifiedMs: number | null;
}

export interface Listing {
  readonly objects: readonly ListedObject[];
  /** Names of folders in the folder, with a slash at their ends; empty in a recursive listing. */
  readonly folders: readonly string[];
}

export interface ListRules extends RequestRules {
  readonly recursive: boolean;
  /** Objects and folders. */
  readonly maxEntries: number;
}

const kPageKeys = 1000;
/** Pages that bring nothing new. */
const kMostEmptyPages = 16;

/** Throws NETWORK, LIMIT_EXCEEDED. */
export async function listFolder(folder: S3Address, store: S3Store, rules: ListRules): Promise<Listing> {
  const objects = new Map<string, ListedObject>();
  const folders = new Set<string>();
  const tokens = new Set<string>();
  let token: string | undefined;
  for (let empty = 0; ; ) {
    const before = objects.size + folders.size;
    const page = await onePage(folder, store, rules, token);
    for (const object of page.objects) {
      if (objects.has(object.name)) throw hostile(folder, 'the listing has a key twice');
      objects.set(object.name, object);
    }
    for (const name of page.folders) folders.add(name);
    const count = objects.size + folders.size;
    if (count > rules.maxEntries) throw beyond(folder, rules.maxEntries);
    if (page.next === null) return { objects: [...objects.values()], folders: [...folders] };
    empty = count === before ? empty + 1 : 0;
    if (empty > kMostEmptyPages || tokens.has(page.next)) throw hostile(folder, 'the listing does not get ahead');
    tokens.add(page.next);
    token = page.next;
  }
}

interface Page extends Listing {
  readonly next: string | null;
}

async function onePage(folder: S3Address, store: S3Store, rules: ListRules, token: string | undefined): Promise<Page> {
  const { bucket, key: prefix, shown } = folder;
  const input = {
    Bucket: bucket,
    Prefix: prefix,
    MaxKeys: kPageKeys,
    EncodingType: 'url' as const,
    ...(rules.recursive ? {} : { Delimiter: '/' }),
    ...(token === undefined ? {} : { ContinuationToken: token }),
  };
  const found = await requested(shown, store, rules, (sdk, client, abortSignal) =>
    client.send(new sdk.ListObjectsV2Command(input), { abortSignal }),
  );
  const isEncoded = found.EncodingType === 'url';
  const within = (key: string | undefined): string => nameWithin(folder, isEncoded ? decoded(folder, key) : key);
  const objects = (found.Contents ?? []).slice(0, kPageKeys + 1).flatMap(({ Key, Size, ETag, LastModified }) => {
    const name = within(Key);
    // The folder itself, and folders that a console made as objects.
    if (name === '' || name.endsWith('/')) return [];
    if (!Number.isSafeInteger(Size) || (Size as number) < 0)
      throw hostile(folder, 'the listing has an object of no size');
    const modified = LastModified?.getTime() ?? Number.NaN;
    const modifiedMs = Number.isFinite(modified) ? modified : null;
    return [{ name, key: prefix + name, size: Size as number, etag: ETag ?? null, modifiedMs }];
  });
  const folders = (found.CommonPrefixes ?? []).map(({ Prefix }) => within(Prefix)).filter((name) => name !== '');
  const next = found.IsTruncated === true ? found.NextContinuationToken : null;
  if (next === undefined || next === '') throw hostile(folder, 'the listing has another page, and does not say which');
  return { objects, folders, next };
}

/** A plus is a space, as in a form. */
function decoded(folder: S3Address, key: string | undefined): string | undefined {
  try {
    return key === undefined ? key : decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    throw hostile(folder, 'the listing has a key that cannot be decoded');
  }
}

function nameWithin(folder: S3Address, key: string | undefined): string {
  if (key === undefined || !key.startsWith(folder.key))
    throw hostile(folder, 'the listing has a key that is not in the folder');
  return key.slice(folder.key.length);
}

function hostile({ shown }: S3Address, found: string): MicrotomeError {
  return networkError(shown, found, 'this is a fault of the store');
}

function beyond({ shown }: S3Address, most: number): MicrotomeError {
  return new MicrotomeError('LIMIT_EXCEEDED', 'slide', `the folder ${shown} has more than ${most} entries`, {
    path: shown,
    advice: 'pass a smaller folder, or a larger [[maxFolderEntries]]',
  });
}
