/** One store, as whom its objects are read and written: the client of the SDK, and when it is replaced by a new one. */
import { setTimeout as pause } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { MicrotomeError } from '../../core/errors.js';
import { nameOf, ofConnection, ofStatus, remoteFailure, TryFailed } from '../failures.js';
import { Limiter } from '../limiter.js';
import { defaultRequests, type S3StoreOptions } from '../options.js';
import { retryAfterMs } from '../retry.js';
import { answerTooLong } from './bounded-answers.js';
import { loadSdk, makeClient, placeOf, type Sdk } from './sdk.js';

/** A client that was replaced may still have requests under way. */
const kLingerMs = 60_000;
const kRefreshMs = 60_000;

export class S3Store {
  readonly limiter: Limiter;
  #client: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | null = null;
  #credentials = 0;
  #refreshedMs = Number.NEGATIVE_INFINITY;

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
   * Which store this is: the address of its service, or a region of AWS. `shown`: of the object, for errors. Throws INVALID_OPTION, RUNTIME_MISSING, NETWORK.
   */
  async place(shown: string): Promise<string> {
    try {
      return await this.send(async (_, client) => placeOf(client), null);
    } catch (error) {
      throw error instanceof TryFailed ? remoteFailure(error, shown, 1) : error;
    }
  }

  /**
   * Sends one command. Rejects with TryFailed, or with INVALID_OPTION and RUNTIME_MISSING, which no other try would change.
   */
  async send<T>(make: (sdk: Sdk, client: S3Client) => Promise<T>, signal: AbortSignal | null): Promise<T> {
    this.#client ??= loadSdk().then(async (sdk) => ({ sdk, client: await makeClient(sdk, this.options) }));
    const { sdk, client } = await this.#client.catch((error: unknown) => {
      this.#client = null;
      throw error;
    });
    try {
      return await make(sdk, client);
    } catch (error) {
      signal?.throwIfAborted();
      throw failureOf(error);
    }
  }

  /**
   * A new client looks for credentials from the start. An object that nobody here may read is refused to the next ones too: but
   * for keys that have expired, there is a new client once in a while only.
   */
  async refresh(used: number, { facts }: TryFailed): Promise<boolean> {
    const { anonymous, credentials } = this.options;
    if (anonymous === true || (typeof credentials === 'object' && credentials !== null)) return false;
    if (used !== this.#credentials) return true;
    const nowMs = performance.now();
    if (facts.expired !== true && nowMs - this.#refreshedMs < kRefreshMs) return false;
    this.#refreshedMs = nowMs;
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
  const failed = failureOfSdk(error as SdkError, nameOf(error));
  if (nameOf(error) !== answerTooLong) return failed;
  // It was fetched up to the limit, and would be again.
  return new TryFailed(failed.found, { ...failed.facts, again: false, denied: false });
}

function failureOfSdk(error: SdkError, name: string): TryFailed {
  const { $metadata, $response } = error;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
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
