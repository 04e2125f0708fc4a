/** Names of tiles that are the same in every run: UUIDs made from the slide and the place (RFC 9562, version 5). */
import { createHash } from 'node:crypto';

/** The namespace of tiles. */
const kNamespace = Buffer.from('5b1f0f5a8d3c4e1e9c52b7f2a4d06e31', 'hex');

/** `slide` is the name of its file; the place is in pixels of level 0. */
export function tileId(slide: string, x: number, y: number, width: number, height: number): string {
  const bytes = createHash('sha1').update(kNamespace).update(`${slide}\n${x},${y},${width},${height}`).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
