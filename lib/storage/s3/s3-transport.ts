/** Ranges of one object of a store. */
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { S3Address } from '../address.js';
import { TryFailed } from '../failures.js';
import type { RangeAnswer, RangeRequest, Transport } from '../transport.js';
import type { S3Store } from './store.js';

export class S3Transport implements Transport {
  readonly shown: string;

  constructor(
    private readonly s3: S3Store,
    private readonly address: S3Address,
  ) {
    this.shown = address.shown;
  }

  get credentials(): number {
    return this.s3.credentials;
  }

  /** Two stores may have a bucket of the same name. */
  store(): Promise<string> {
    return this.s3.place(this.shown);
  }

  refresh(used: number, failed: TryFailed): Promise<boolean> {
    return this.s3.refresh(used, failed);
  }

  async get({ first, last, ifMatch }: RangeRequest, signal: AbortSignal): Promise<RangeAnswer> {
    const { bucket, key } = this.address;
    try {
      const found = await this.s3.send((sdk, client) => {
        const input = {
          Bucket: bucket,
          Key: key,
          Range: `bytes=${first}-${last}`,
          ...(ifMatch === null ? {} : { IfMatch: ifMatch }),
        };
        return client.send(new sdk.GetObjectCommand(input), { abortSignal: signal });
      }, signal);
      return answerOf(found);
    } catch (error) {
      // That a range or a version is not there is an answer.
      const status = error instanceof TryFailed ? error.facts.status : undefined;
      if (status === 412 || status === 416) return nothing(status);
      throw error;
    }
  }
}

type BodyStream = AsyncIterable<Uint8Array> & { destroy?: () => void; on?: (name: 'error', take: () => void) => void };

async function* none(): AsyncGenerator<Uint8Array> {}

function answerOf(found: GetObjectCommandOutput): RangeAnswer {
  const body = (found.Body ?? none()) as BodyStream;
  // An error after the body was given up is nobody's any more.
  body.on?.('error', () => undefined);
  return {
    status: found.$metadata.httpStatusCode ?? 200,
    errorName: null,
    etag: found.ETag ?? null,
    lastModified: found.LastModified?.toUTCString() ?? null,
    contentRange: found.ContentRange ?? null,
    contentLength: found.ContentLength ?? null,
    // A store keeps this name of the object and sends the bytes as they are stored.
    contentEncoding: null,
    contentType: found.ContentType ?? null,
    retryAfter: null,
    body,
    discard: () => body.destroy?.(),
  };
}

function nothing(status: number): RangeAnswer {
  return {
    status,
    errorName: null,
    etag: null,
    lastModified: null,
    contentRange: null,
    contentLength: 0,
    contentEncoding: null,
    contentType: null,
    retryAfter: null,
    body: none(),
    discard: () => undefined,
  };
}
