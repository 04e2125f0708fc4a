/** How the bytes of one object are asked for: by HTTP or by the SDK of a store. */

import type { TryFailed } from './failures.js';

/** What came back, before its body is read. */
export interface RangeAnswer {
  readonly status: number;
  /** What the store calls its error; null: it was none, or has no name. */
  readonly errorName: string | null;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** `bytes 0-99/1234` */
  readonly contentRange: string | null;
  readonly contentLength: number | null;
  readonly contentEncoding: string | null;
  readonly contentType: string | null;
  readonly retryAfter: string | null;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the body without reading it. */
  discard(): void;
}

export interface RangeRequest {
  /** First and last byte, both part of the range. */
  readonly first: number;
  readonly last: number;
  /** A strong ETag that the object must still have. */
  readonly ifMatch: string | null;
}

export interface Transport {
  /** The address without what may be secret in it. */
  readonly shown: string;
  /** Rejects with TryFailed, with an error of ours that no other try would change, or with `signal.reason`. */
  get(request: RangeRequest, signal: AbortSignal): Promise<RangeAnswer>;
  /**
   * Gets other credentials. `used`: those that were refused, with `failed`; where there are others by now, these are taken.
   */
  refresh(used: number, failed: TryFailed): Promise<boolean>;
  /** Which store the object is in, where its address does not say it; called after a request was answered. */
  store(): Promise<string>;
  /** Counts the credentials that were taken. */
  readonly credentials: number;
}
