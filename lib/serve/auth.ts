/** Who may ask: whoever sends the token. Compared in constant time, and never shown. */

import { createHash, timingSafeEqual } from 'node:crypto';

import { HttpError } from './http-error.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Throws 401 where the header is not `Bearer` and the token. */
export function checkToken(wanted: Buffer | null, header: string | undefined): void {
  if (wanted === null) return;
  const [, given = ''] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? [];
  // Digests have one length, so that the comparison takes the same time for every token.
  if (timingSafeEqual(digest(given), wanted)) return;
  throw new HttpError(401, 'the request has no valid token', { 'www-authenticate': 'Bearer' });
}

/** What {@link checkToken} compares with; null: everybody may ask. */
export function tokenDigest(token: string | null): Buffer | null {
  return token === null ? null : digest(token);
}
