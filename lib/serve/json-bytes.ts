/** JSON of a stranger: its length, its encoding and its depth are looked at before it is parsed. */

import { badRequest, tooLarge } from './http-error.js';

const quote = 0x22;
const backslash = 0x5c;

/** How deep objects and lists lie inside one another, as far as `most`. Strings are skipped. */
function isDeeperThan(bytes: Uint8Array, most: number): boolean {
  let depth = 0;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (isText) {
      if (byte === backslash) i++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > most) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

/** The object in these bytes. Throws an HttpError: 413 for too many bytes, else 400. */
export function parseJsonObject(
  bytes: Uint8Array,
  limits: { readonly jsonBytes: number; readonly jsonDepth: number },
): Readonly<Record<string, unknown>> {
  if (bytes.byteLength > limits.jsonBytes)
    throw tooLarge(`the JSON has ${bytes.byteLength} bytes, the most is ${limits.jsonBytes}; send tensors as binary`);
  if (isDeeperThan(bytes, limits.jsonDepth))
    throw badRequest(`the JSON has more than ${limits.jsonDepth} objects and lists inside one another`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badRequest('the JSON is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('the JSON is not an object');
  return value as Readonly<Record<string, unknown>>;
}
