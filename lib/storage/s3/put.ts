/** Puts one object, whole or not at all, and looks whether one is there. */
import { createHash } from 'node:crypto';
import { MicrotomeError } from '../../core/errors.js';
import type { S3Address } from '../address.js';
import { readBody } from '../body.js';
import { changedObject, TryFailed } from '../failures.js';
import { isStrong } from '../ranged-reader.js';
import { answerLimitMs, requested, type RequestRules } from './request.js';
import { S3Transport } from './s3-transport.js';
import { failureOf, type S3Store } from './store.js';

export interface PutRules extends RequestRules {
  /** False: an object that is there stays (OUTPUT_EXISTS). */
  readonly overwrite: boolean;
  readonly contentType?: string;
}

/** What one request may hold here: it is in memory whole. */
export const mostPutBytes: number = 1024 * 1024 * 1024;

/** Nothing says how much of a body has gone: it is given this long, in bytes in a second. */
const kLeastPutSpeed = 64 * 1024;

/**
 * One request: readers see the old object or the new one. Where an object is there already that has these very bytes, an
 * earlier try, or an earlier run, has put them. Throws OUTPUT_EXISTS, NETWORK, LIMIT_EXCEEDED.
 */
export async function putObject(address: S3Address, store: S3Store, body: Uint8Array, rules: PutRules): Promise<void> {
  const { shown } = address;
  const { overwrite, contentType = 'application/octet-stream' } = rules;
  if (body.length > mostPutBytes) {
    const found = `${shown} would have ${body.length} bytes, and at most ${mostPutBytes} are put`;
    throw new MicrotomeError('LIMIT_EXCEEDED', 'csv', found, {
      path: shown,
      advice: 'write it to a file, and copy that',
    });
  }
  const input = {
    Bucket: address.bucket,
    Key: address.key,
    Body: body,
    ContentLength: body.length,
    ContentMD5: createHash('md5').update(body).digest('base64'),
    ContentType: contentType,
    ...(overwrite ? {} : { IfNoneMatch: '*' }),
  };
  const stallMs = (rules.stallMs ?? answerLimitMs) + Math.ceil((body.length / kLeastPutSpeed) * 1000);
  const isPut = await requested(shown, store, { ...rules, stallMs }, async (sdk, client, abortSignal) => {
    try {
      await client.send(new sdk.PutObjectCommand(input), { abortSignal });
      return true;
    } catch (error) {
      const failed = failureOf(error);
      const status = failed instanceof TryFailed ? failed.facts.status : undefined;
      if (status === 412 && !overwrite) return false;
      // Somebody else puts it at this moment: another try sees what came of it.
      if (status === 409 && failed instanceof TryFailed) throw new TryFailed(failed.found, { again: true, status });
      throw error;
    }
  });
  if (isPut) return;
  const there = await objectBytes(address, store, body.length, rules);
  if (there !== null && Buffer.from(there).equals(body)) return;
  throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${shown} is there already`, { path: shown });
}

/** Its size in bytes; null: there is none. Throws NETWORK. */
export async function sizeOfObject(address: S3Address, store: S3Store, rules: RequestRules): Promise<number | null> {
  return (await look(address, store, rules))?.size ?? null;
}

interface Looked {
  readonly size: number;
  readonly etag: string | null;
}

async function look({ bucket, key, shown }: S3Address, store: S3Store, rules: RequestRules): Promise<Looked | null> {
  try {
    const found = await requested(shown, store, rules, (sdk, client, abortSignal) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
    );
    return { size: found.ContentLength ?? 0, etag: found.ETag ?? null };
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === 'FILE_NOT_FOUND') return null;
    throw error;
  }
}

/** All of a small object; null: it is not there, or larger than `most`. Throws NETWORK, FILE_UNREADABLE where it is replaced. */
export async function objectBytes(
  address: S3Address,
  store: S3Store,
  most: number,
  rules: RequestRules,
): Promise<Uint8Array | null> {
  const looked = await look(address, store, rules);
  if (looked === null || looked.size > most) return null;
  const { size, etag } = looked;
  if (size === 0) return new Uint8Array(0);
  const transport = new S3Transport(store, address);
  const ifMatch = etag !== null && isStrong(etag) ? etag : null;
  return requested(address.shown, store, rules, async (_sdk, _client, stop, moved) => {
    const answer = await transport.get({ first: 0, last: size - 1, ifMatch }, stop);
    try {
      if (answer.status >= 300 || (answer.contentLength ?? size) !== size)
        throw changedObject(address.shown, `it had ${size} bytes a moment ago, and is another object now`);
      return await readBody(answer, size, moved);
    } catch (error) {
      answer.discard();
      throw error;
    }
  });
}
