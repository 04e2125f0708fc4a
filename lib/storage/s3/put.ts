/** Puts one object, whole or not at all, and looks whether one is there. */
import { createHash } from 'node:crypto';
import { MicrotomeError } from '../../core/errors.js';
import type { S3Address } from '../address.js';
import { TryFailed } from '../failures.js';
import { defaultRetryRules, realRetryClock, retried, type RetryClock } from '../retry.js';
import { answerLimitMs, type Command, type S3Store } from './store.js';

export interface PutRules {
  /** False: an object that is there stays (OUTPUT_EXISTS). */
  readonly overwrite: boolean;
  readonly contentType?: string;
  readonly signal?: AbortSignal | null;
  readonly retries?: number | null;
  readonly clock?: RetryClock;
}

/** What one request may hold here: it is in memory whole. */
export const mostPutBytes: number = 1024 * 1024 * 1024;

/** More time for more bytes: 64 KiB in a second is slow. */
const limitMsOf = (bytes: number): number => answerLimitMs + Math.ceil((bytes / (64 * 1024)) * 1000);

/**
 * One request: readers see the old object or the new one. Where an object is there already that has these very bytes, an
 * earlier try, or an earlier run, has put them. Throws OUTPUT_EXISTS, NETWORK, LIMIT_EXCEEDED.
 */
export async function putObject(address: S3Address, store: S3Store, body: Uint8Array, rules: PutRules): Promise<void> {
  const { shown } = address;
  if (body.length > mostPutBytes) {
    const found = `${shown} would have ${body.length} bytes, and at most ${mostPutBytes} are put`;
    throw new MicrotomeError('LIMIT_EXCEEDED', 'csv', found, {
      path: shown,
      advice: 'write it to a file, and copy that',
    });
  }
  const md5 = createHash('md5').update(body).digest('base64');
  try {
    const put: Command<unknown> = (sdk, client, options) => {
      const input = {
        Bucket: address.bucket,
        Key: address.key,
        Body: body,
        ContentLength: body.length,
        ContentMD5: md5,
        ContentType: rules.contentType ?? 'application/octet-stream',
        ...(rules.overwrite ? {} : { IfNoneMatch: '*' }),
      };
      return client.send(new sdk.PutObjectCommand(input), options);
    };
    await sent(address, store, rules, put, limitMsOf(body.length));
  } catch (error) {
    if (!isRefusedAsThere(error)) throw error;
    const there = await objectBytes(address, store, body.length, rules);
    if (there !== null && Buffer.from(there).equals(body)) return;
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${shown} is there already`, { path: shown });
  }
}

/** 409: somebody else puts it at this moment. */
const thereStatus = new WeakSet<MicrotomeError>();

function isRefusedAsThere(error: unknown): boolean {
  return error instanceof MicrotomeError && thereStatus.has(error);
}

async function sent<T>(
  { shown }: S3Address,
  store: S3Store,
  { signal = null, retries, clock = realRetryClock() }: Omit<PutRules, 'overwrite'>,
  command: Command<T>,
  limitMs = answerLimitMs,
): Promise<T> {
  let used = store.credentials;
  return retried(
    {
      shown,
      signal,
      once: () =>
        store.limiter.run(signal, async () => {
          used = store.credentials;
          try {
            return await store.send(command, signal, limitMs);
          } catch (error) {
            if (!(error instanceof TryFailed) || (error.facts.status !== 412 && error.facts.status !== 409))
              throw error;
            const there = new MicrotomeError('OUTPUT_EXISTS', 'csv', `${shown} is there already`, { path: shown });
            thereStatus.add(there);
            throw there;
          }
        }),
      refresh: () => store.refresh(used),
    },
    { ...defaultRetryRules, ...(retries == null ? {} : { retries }) },
    clock,
  );
}

/** Its size in bytes; null: there is none. Throws NETWORK. */
export async function sizeOfObject(
  address: S3Address,
  store: S3Store,
  rules: Omit<PutRules, 'overwrite'>,
): Promise<number | null> {
  try {
    const found = await sent(address, store, rules, (sdk, client, options) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: address.bucket, Key: address.key }), options),
    );
    return found.ContentLength ?? 0;
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === 'FILE_NOT_FOUND') return null;
    throw error;
  }
}

/** All of a small object; null: it is not there, or larger than `most`. */
export async function objectBytes(
  address: S3Address,
  store: S3Store,
  most: number,
  rules: Omit<PutRules, 'overwrite'>,
): Promise<Uint8Array | null> {
  const size = await sizeOfObject(address, store, rules);
  if (size === null || size > most) return null;
  if (size === 0) return new Uint8Array(0);
  const get: Command<Uint8Array> = async (sdk, client, options) => {
    const input = { Bucket: address.bucket, Key: address.key, Range: `bytes=0-${size - 1}` };
    const { Body } = await client.send(new sdk.GetObjectCommand(input), options);
    return firstBytes(Body as AsyncIterable<Uint8Array> | undefined, size);
  };
  return sent(address, store, rules, get, limitMsOf(size));
}

/** No more than was asked for, whatever is sent. */
async function firstBytes(body: AsyncIterable<Uint8Array> | undefined, most: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  let done = 0;
  for await (const chunk of body ?? []) {
    const part = chunk.subarray(0, most - done);
    bytes.set(part, done);
    done += part.length;
    if (done === most) break;
  }
  return bytes.subarray(0, done);
}
