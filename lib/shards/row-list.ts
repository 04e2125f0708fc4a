/**
 * The rows of the whole run as a file: one line of JSON for each, `["name",bytes,"modifiedNs"]`, of an
 * object with the digest of its ETag as fourth, of a slide of several files with null and the digest of these; in the order
 * of the output.
 */
import { createHash } from 'node:crypto';
import { MicrotomeError } from '../core/errors.js';
import { piecesOf } from '../core/regular-file.js';
import { Turns } from '../core/turns.js';
import { ioFailure } from '../runs/failure.js';
import type { FileSystem } from '../runs/file-system.js';
import type { WholeRow } from '../runs/part.js';

/** Some ten million rows. */
const kMaxBytes = 2 ** 31;
/** A name has at most 4095 bytes, and JSON at most six characters for each. */
const kMaxLineBytes = 2 ** 16;
const kLinesAtOnce = 4096;

function lineOf({ name, bytes, modifiedNs, etagDigest, filesDigest }: WholeRow): string {
  const etag = etagDigest === undefined ? [] : [etagDigest];
  const digests = filesDigest === undefined ? etag : [etagDigest ?? null, filesDigest];
  return `${JSON.stringify([name, bytes, modifiedNs, ...digests])}\n`;
}

export async function* rowLines(rows: readonly WholeRow[], signal: AbortSignal | null): AsyncGenerator<string> {
  const turns = new Turns(signal);
  for (let from = 0; from < rows.length; from += kLinesAtOnce) {
    yield rows
      .slice(from, from + kLinesAtOnce)
      .map(lineOf)
      .join('');
    if (turns.isOver) await turns.next();
  }
}

/** Of the file that these rows make. */
export async function rowsDigest(rows: readonly WholeRow[], signal: AbortSignal | null): Promise<string> {
  const hash = createHash('sha256');
  for await (const text of rowLines(rows, signal)) hash.update(text);
  return hash.digest('hex');
}

export interface ReadRows {
  readonly rows: readonly WholeRow[];
  /** Of the file. */
  readonly sha256: string;
}

/** Throws SHARD_CONFLICT where it is no list of rows, FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function readRows(path: string, fs: FileSystem, signal: AbortSignal | null = null): Promise<ReadRows> {
  const refuse = (found: string): MicrotomeError => damaged(path, `it is ${found}`);
  const hash = createHash('sha256');
  const rows: WholeRow[] = [];
  let rest: Buffer = Buffer.alloc(0);
  const turns = new Turns(signal);
  try {
    for await (const piece of piecesOf(path, { maxBytes: kMaxBytes, refuse, fs, signal })) {
      hash.update(piece);
      const bytes = Buffer.concat([rest, piece]);
      let from = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
        rows.push(rowOf(bytes.toString('utf8', from, end)) ?? fail(damaged(path, `line ${rows.length + 1} is no row`)));
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (rest.length > kMaxLineBytes) throw damaged(path, `line ${rows.length + 1} is too long`);
      if (turns.isOver) await turns.next();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw ioFailure(error, 'read', path);
  }
  if (rest.length > 0) throw damaged(path, 'it is cut short');
  return { rows, sha256: hash.digest('hex') };
}

function fail(error: MicrotomeError): never {
  throw error;
}

function rowOf(text: string): WholeRow | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value.length < 3 || value.length > 5) return null;
  const [name, bytes, modifiedNs, etagDigest = null, filesDigest = null] = value as readonly unknown[];
  if (typeof name !== 'string') return null;
  if (bytes !== null && !(typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0)) return null;
  if (modifiedNs !== null && !(typeof modifiedNs === 'string' && /^-?\d{1,20}$/.test(modifiedNs))) return null;
  const isDigest = (digest: unknown): digest is string =>
    typeof digest === 'string' && /^[0-9a-f]{1,128}$/.test(digest);
  const row = { name, bytes, modifiedNs };
  if (value.length === 3) return row;
  if (value.length === 4) return isDigest(etagDigest) ? { ...row, etagDigest } : null;
  if (!isDigest(filesDigest) || (etagDigest !== null && !isDigest(etagDigest))) return null;
  return etagDigest === null ? { ...row, filesDigest } : { ...row, etagDigest, filesDigest };
}

export function damaged(path: string, found: string): MicrotomeError {
  const advice = 'restore the file, or score all shards again into a new folder';
  return new MicrotomeError('SHARD_CONFLICT', 'csv', `the list of rows ${path} is damaged: ${found}`, { path, advice });
}
