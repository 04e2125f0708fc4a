/** Paths that a caller gives as text or as a `file:` URL. */
import { fileURLToPath } from 'node:url';
import { MicrotomeError } from './errors.js';
import { isReadable, isS3, shortAddress } from './remote-address.js';

const kFileUrl = /^file:\/\//i;

function refused(address: string, reason: string): MicrotomeError {
  const found = `The URL ${shortAddress(address)} is not the address of a local file (${reason})`;
  return new MicrotomeError('INVALID_OPTION', 'options', found, {
    advice: 'pass a path, or a URL such as file:///data',
  });
}

function pathOfUrl(url: URL): string {
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch (error) {
    throw refused(url.href, error instanceof Error ? error.message : String(error));
  }
  if (path.includes('\0')) throw refused(url.href, 'it holds a NUL character');
  return path;
}

/** The same, but for an address that is read as it is. */
export function pathOrAddress(value: string | URL): string {
  const text = typeof value === 'string' ? value : value.href;
  if (!isReadable(text)) return pathOf(value);
  // A URL has the key of an object percent-encoded; the text of an address has it as it is.
  if (typeof value === 'string' || !isS3(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(text, 'its key is not encoded as in a URL');
  }
}

/** The path that is meant. Text that is no `file:` URL is a path already. Throws INVALID_OPTION. */
export function pathOf(value: string | URL): string {
  if (typeof value !== 'string') return pathOfUrl(value);
  if (!kFileUrl.test(value)) return value;
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw refused(value, 'it is not a valid URL');
  }
  return pathOfUrl(url);
}
