/**
 * Addresses of what is no file: which are read and which are refused, and what may be shown of one. A signed address is a
 * secret behind its question mark, and so is what stands before the @ of its host.
 */
import { MicrotomeError } from './errors.js';
import { printable } from './printable.js';

/** Blanks before an address are no part of it, and one slash or none after the colon is a slip. */
const kRead = /^[\s\p{Cc}]*(?:https?|s3):/iu;
const kOther = /^[\s\p{Cc}]*(?:gs|az|abfss?|wasbs?|ftps?|sftp|hdfs):\/\//iu;
const kS3 = /^[\s\p{Cc}]*s3:/iu;
const kParts = /^[\s\p{Cc}]*([a-z][a-z0-9+.-]*:\/*)(.*)$/isu;

/** An address, whether this version reads it or not. */
export function isRemote(address: string): boolean {
  return isReadable(address) || kOther.test(address);
}

/** An address that lib/storage reads. */
export function isReadable(address: string): boolean {
  return kRead.test(address);
}

export function isS3(address: string): boolean {
  return kS3.test(address);
}

/** Longer addresses are cut short in messages. */
const kMostShown = 200;

/**
 * The address without what may be secret in it: name and password, query and fragment. One line. Of an address that may have a
 * password where a path or a query should be, hardly more than the scheme is left.
 */
export function shownAddress(address: string): string {
  const [, scheme = '', rest = address] = kParts.exec(address) ?? [];
  const bare = isS3(address) ? bareObject(rest) : bareUrl(scheme, rest);
  return printable(`${scheme.toLowerCase()}${bare}`);
}

function bareUrl(scheme: string, rest: string): string {
  const [before = ''] = rest.split(/[?#]/, 1);
  // A password with a question mark in it ends behind that.
  if (rest.includes('@', before.length)) return '…';
  const [host, path] = cutAt(before, before.search(/[/\\]/));
  // A password with a slash in it looks like a path.
  if (path.includes('@')) return `…${path.slice(path.lastIndexOf('@'))}`;
  const bare = host.slice(host.lastIndexOf('@') + 1) + path;
  return scheme === '' || URL.canParse(scheme + bare) ? bare : '…';
}

/** The key of an object may have a question mark or an @ in it; nothing of an s3 address is signed. */
function bareObject(rest: string): string {
  const [bucket, key] = cutAt(rest, rest.indexOf('/'));
  if (bucket.includes('@')) return bucket.slice(bucket.lastIndexOf('@') + 1) + key;
  // No bucket has a colon: these are keys of an account, cut in two by a slash.
  return bucket.includes(':') ? `…${key.includes('@') ? key.slice(key.lastIndexOf('@')) : ''}` : rest;
}

function cutAt(text: string, at: number): [string, string] {
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

/** A path as it is; an address without what may be secret in it. */
export function shownPath(path: string): string {
  return isRemote(path) ? shownAddress(path) : path;
}

/** For messages: never longer than a few lines of a screen. */
export function shortAddress(address: string): string {
  const shown = shownAddress(address);
  return shown.length <= kMostShown ? shown : `${shown.slice(0, kMostShown)}…`;
}

/** `what`: a noun, such as `a slide`. */
export function remoteRefused(address: string, what = 'a slide'): MicrotomeError {
  const found = `${what} is read from files, and from https://, http:// and s3:// addresses, not from ${shortAddress(address)}`;
  return new MicrotomeError('NETWORK', 'slide', found, {
    path: shownAddress(address),
    advice: 'download it and pass its path, or pass a signed https:// address of it, or a byte source that reads it',
  });
}
