/** What an address names: an object of a store, a folder of one, or something behind HTTP. */
import { MicrotomeError } from '../core/errors.js';
import { shortAddress, shownAddress } from '../core/remote-address.js';

export interface HttpAddress {
  readonly kind: 'http';
  /** Without name, password and fragment. */
  readonly url: URL;
  /** `Basic …`, of a name and a password in the address. */
  readonly authorization: string | null;
  readonly shown: string;
}

export interface S3Address {
  readonly kind: 's3';
  readonly bucket: string;
  /** Empty, or with a slash at its end: a folder. */
  readonly key: string;
  readonly shown: string;
}

export type RemoteAddress = HttpAddress | S3Address;

const kBucket = /^[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]$/i;
const kMostKeyBytes = 1024;
const kMostAddressChars = 16384;

function refused(address: string, found: string): MicrotomeError {
  const advice = 'pass an address such as https://host/slide.tif or s3://bucket/folder/slide.tif';
  const text = `${shortAddress(address)} is no address of a slide: ${found}`;
  return new MicrotomeError('INVALID_OPTION', 'options', text, { path: shownAddress(address), advice });
}

/** Throws INVALID_OPTION. */
export function parseAddress(given: string | URL): RemoteAddress {
  const text = (typeof given === 'string' ? given : given.href).trim();
  if (text.length > kMostAddressChars)
    throw refused(text, `it has ${text.length} characters, at most ${kMostAddressChars} are read`);
  if (/^s3:/i.test(text)) return s3Address(typeof given === 'string' ? text : decodedKey(text));
  if (/^https?:(?!\/\/)/i.test(text)) throw refused(text, 'there are no two slashes after its scheme');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused(text, 'it is not a valid URL');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused(text, 'its scheme is not http or https');
  const shown = shownAddress(url.href);
  const authorization = url.username === '' && url.password === '' ? null : basic(text, url);
  url.username = '';
  url.password = '';
  url.hash = '';
  return { kind: 'http', url, authorization, shown };
}

function basic(text: string, { username, password }: URL): string {
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  } catch {
    throw refused(text, 'the name or the password in it is not encoded as in a URL');
  }
}

/** A key is written as it is in a text, and percent-encoded in a URL object. */
function decodedKey(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    throw refused(href, 'its key is not encoded as in a URL');
  }
}

function s3Address(text: string): S3Address {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(text) ?? [];
  if (!kBucket.test(bucket)) throw refused(text, 'the name of its bucket is not one');
  if (Buffer.byteLength(key) > kMostKeyBytes) throw refused(text, `its key has more than ${kMostKeyBytes} bytes`);
  if (/[\p{Cc}\p{Cs}]/u.test(key)) throw refused(text, 'its key has control characters');
  return { kind: 's3', bucket, key, shown: shownAddress(text) };
}

/** `s3://bucket`, `s3://bucket/` and `s3://bucket/folder/`. */
export function isFolderAddress(address: RemoteAddress): address is S3Address {
  return address.kind === 's3' && (address.key === '' || address.key.endsWith('/'));
}

/** What a row of a table calls it: the last part of its path. */
export function nameOfAddress(address: RemoteAddress): string {
  const path = address.kind === 's3' ? address.key : address.url.pathname;
  const last = path.slice(path.lastIndexOf('/') + 1);
  if (address.kind === 's3') return last;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/**
 * What tells one object of a store from another: all of the address, but for the parameters of a signature. A secret all the
 * same.
 */
export function identityOfAddress(address: RemoteAddress): string {
  if (address.kind === 's3') return `s3://${address.bucket}/${address.key}`;
  const bare = new URL(address.url);
  for (const name of [...bare.searchParams.keys()]) {
    if (/^x-(?:amz|goog)-/i.test(name)) bare.searchParams.delete(name);
  }
  return bare.href;
}
