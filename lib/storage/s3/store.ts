/** One store, as whom its objects are read and written: the client of the SDK, and when it is replaced by a new one. */
import { setTimeout as pause } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { MicrotomeError } from '../../core/errors.js';
import { nameOf, ofConnection, ofStatus, TryFailed } from '../failures.js';
import { Limiter } from '../limiter.js';
import { defaultRequests, type S3StoreOptions } from '../options.js';
import { retryAfterMs } from '../retry.js';
import { loadSdk, makeClient, type Sdk } from './sdk.js';

/** A client that was replaced may still have requests under way. */
const kLingerMs = 60_000;

/** What is sent, with the options that end it. */
export type Command<T> = (sdk: Sdk, client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<T>;

/** For an answer of a few pages. */
export const answerLimitMs = 120_000;

export class S3Store {
  readonly limiter: Limiter;
  #client: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | null = null;
  #credentials = 0;

  constructor(
    private readonly options: S3StoreOptions,
    requests: number = defaultRequests,
  ) {
    this.limiter = new Limiter(requests);
  }

  get credentials(): number {
    return this.#credentials;
  }

  /**
   * Sends one command. `limitMs`: for one whose answer is read here, whole; null: whoever reads it watches it. Rejects with
   * TryFailed, or with INVALID_OPTION and RUNTIME_MISSING, which no other try would change.
   */
  async send<T>(command: Command<T>, signal: AbortSignal | null, limitMs: number | null): Promise<T> {
    this.#client ??= loadSdk().then(async (sdk) => ({ sdk, client: await makeClient(sdk, this.options) }));
    const { sdk, client } = await this.#client.catch((error: unknown) => {
      this.#client = null;
      throw error;
    });
    const limit = limitMs === null ? null : AbortSignal.timeout(limitMs);
    const stops = [signal, limit].filter((one) => one !== null);
    try {
      return await command(sdk, client, stops.length === 0 ? {} : { abortSignal: AbortSignal.any(stops) });
    } catch (error) {
      signal?.throwIfAborted();
      if (limit?.aborted === true) throw new TryFailed(`no whole answer came in ${limitMs} ms`, { again: true });
      throw failureOf(error);
    }
  }

  /** A new client looks for credentials from the start. */
  async refresh(used: number): Promise<boolean> {
    if (this.options.anonymous === true) return false;
    if (used !== this.#credentials) return true;
    const old = this.#client;
    this.#client = null;
    this.#credentials += 1;
    void this.#retire(old);
    return true;
  }

  async #retire(old: Promise<{ readonly client: S3Client }> | null): Promise<void> {
    const known = await old?.catch(() => null);
    await pause(kLingerMs, undefined, { ref: false });
    known?.client.destroy();
  }
}

interface SdkError {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

/** An error of the SDK, without a word of its message. */
export function failureOf(error: unknown): TryFailed | MicrotomeError {
  if (error instanceof TryFailed || error instanceof MicrotomeError) return error;
  const { $metadata, $response } = error as SdkError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const name = nameOf(error);
  if (status !== undefined && status >= 300) {
    if (status === 301 || status === 307) return wrongRegion(status);
    return ofStatus(
      status,
      name === 'unknown error' ? null : name,
      retryAfterMs($response?.headers?.['retry-after'] ?? null, Date.now()),
    );
  }
  if (/^(?:Credentials|Token)Provider|Credentials/.test(name)) {
    const advice =
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, or a role of the machine; for public data pass anonymous';
    return new TryFailed(`no credentials were found (${name})`, { again: false, denied: true, advice });
  }
  // The SDK has no name for this one.
  if (error instanceof Error && /region is missing/i.test(error.message)) {
    const advice = 'pass the region of the bucket, or set AWS_REGION';
    return new TryFailed('the region of the bucket is not known', { again: false, code: 'INVALID_OPTION', advice });
  }
  return ofConnection(error);
}

function wrongRegion(status: number): TryFailed {
  const found = `the server answered ${status}: the bucket is in another region, or at another address`;
  return new TryFailed(found, { again: false, advice: 'pass the region of the bucket, or set AWS_REGION' });
}
