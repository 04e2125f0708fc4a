/** JSON with sorted keys, so that equal values have equal text; used for digests and for telling what differs. */
import { createHash } from 'node:crypto';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Anything as plain JSON: typed arrays and URLs become text or digests, functions and undefined are left out. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof URL) return value.href;
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `sha256:${sha256(bytes)}`;
  }
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object') return null;
  const out: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (item !== undefined && typeof item !== 'function' && typeof item !== 'symbol') out[key] = toJson(item);
  }
  return out;
}

export function canonical(value: unknown): string {
  return JSON.stringify(toJson(value));
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
