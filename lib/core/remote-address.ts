/**
 * Addresses of what is no file: which are read and which are refused, and what may be shown of one. A signed address is a
 * secret behind its question mark, and so is what stands before the @ of its host.
 */
import { MicrotomeError } from './errors.js';
import { printable } from './printable.js';

const kRemote = /^(?:https?|s3|gs|az|abfss?|wasbs?|ftps?|sftp|hdfs):\/\//i;
const kRead = /^(?:https?|s3):\/\//i;

/** An address, whether this version reads it or not. */
export function isRemote(address: string): boolean {
  return kRemote.test(address);
}

/** An address that lib/storage reads. */
export function isReadable(address: string): boolean {
  return kRead.test(address);
}

export function isS3(address: string): boolean {
  return /^s3:\/\//i.test(address);
}

/** Longer addresses are cut short in messages. */
const kMostShown = 200;

/** The address without what may be secret in it: name and password, query and fragment. One line. */
export function shownAddress(address: string): string {
  const [, scheme = '', rest = ''] = /^([a-z0-9+.-]+:\/\/)(.*)$/is.exec(address) ?? ['', '', address];
  // The key of an object may have a question mark in it; nothing of an s3 address is signed.
  const path = isS3(address) ? rest : (rest.split(/[?#]/, 1)[0] ?? '');
  const slash = path.indexOf('/');
  const host = slash < 0 ? path : path.slice(0, slash);
  const bare = isS3(address) ? path : host.slice(host.lastIndexOf('@') + 1) + (slash < 0 ? '' : path.slice(slash));
  return printable(`${scheme.toLowerCase()}${bare}`);
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
