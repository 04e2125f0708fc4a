/** A small JSON file of ours that somebody else may have written: read whole, with a limit. */
import { createHash } from 'node:crypto';
import type { MicrotomeError } from '../core/errors.js';
import { piecesOf } from '../core/regular-file.js';
import { ioFailure } from '../runs/failure.js';
import { errnoOf, type FileSystem } from '../runs/file-system.js';

/** What `refuse` is told of a file that somebody may be writing at this moment: all of ours begin with a brace and end in a line feed. */
export const cutShort = 'it is cut short';

export interface ReadJson {
  readonly value: { readonly [key: string]: unknown };
  /** Of the file's bytes. */
  readonly sha256: string;
}

/** Null: it is not there. `refuse` makes the error for a file that is no JSON object. Throws FILE_UNREADABLE. */
export async function readJson(
  path: string,
  maxBytes: number,
  refuse: (found: string) => MicrotomeError,
  fs: FileSystem,
): Promise<ReadJson | null> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of piecesOf(path, { maxBytes, refuse: (found) => refuse(`it is ${found}`), fs }))
      pieces.push(piece);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioFailure(error, 'read', path);
  }
  const bytes = Buffer.concat(pieces);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    const isCutShort = bytes.length === 0 || (bytes[0] === 0x7b && bytes.at(-1) !== 0x0a);
    throw refuse(isCutShort ? cutShort : 'it is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('it is no JSON object');
  return { value: value as ReadJson['value'], sha256: createHash('sha256').update(bytes).digest('hex') };
}

export const isText = (value: unknown): value is string => typeof value === 'string';
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
export const isDigest = (value: unknown): value is string => isText(value) && /^[0-9a-f]{64}$/.test(value);
export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
