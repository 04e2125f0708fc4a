/**
 * Ranges of one object, each checked to be of the object that was opened: what is asked of every answer is that it is the
 * range that was asked for, of an object of the same size and the same version. Mixed bytes of two versions never leave this
 * file.
 */
import { ofConnection, ofStatus, changedObject, networkError, TryFailed } from './failures.js';
import type { Limiter } from './limiter.js';
import type { ByteRange } from '../core/byte-ranges.js';
import { MicrotomeError } from '../core/errors.js';
import { newRoom, readBody, type BodyRoom, type BodyRules } from './body.js';
import { retried, retryAfterMs, type RetryClock, type RetryRules } from './retry.js';
import type { RangeAnswer, RangeRequest, Transport } from './transport.js';
import { watched } from './watched.js';

/** What tells one version of the object from another. */
export type Validator =
  | { readonly kind: 'etag'; readonly value: string }
  | { readonly kind: 'last-modified'; readonly value: string }
  | { readonly kind: 'none' };

export interface ReaderRules extends RetryRules, BodyRules {
  /** An object without ETag and Last-Modified is read all the same. */
  readonly unversioned: boolean;
}

/** What the first answer said, and the first bytes. */
export interface OpenedObject {
  readonly size: number;
  readonly validator: Validator;
  /** Of the last change, in milliseconds since 1970; null: it was not said. */
  readonly modifiedMs: number | null;
  readonly head: Uint8Array;
}

/** What has been asked for and what has come, over all tries. */
export interface Traffic {
  requests: number;
  bytes: number;
}

interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

export class RangedReader {
  readonly traffic: Traffic = { requests: 0, bytes: 0 };
  #opened: { readonly size: number; readonly validator: Validator } | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly limiter: Limiter,
    private readonly rules: ReaderRules,
    private readonly clock: RetryClock,
  ) {}

  /**
   * Reads the first bytes, and what they are of. `known`: the ETag that the object must have; null: any. Throws NETWORK,
   * FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE for an empty object.
   */
  async open(headBytes: number, known: string | null, signal: AbortSignal | null): Promise<OpenedObject> {
    const ifMatch = known !== null && isStrong(known) ? known : null;
    const opened = await this.#try(signal, async (stop, moved) => {
      const answer = await this.#ask({ first: 0, last: headBytes - 1, ifMatch }, stop);
      return closing(answer, () => this.#first(answer, headBytes, known, moved));
    });
    this.#opened = { size: opened.size, validator: opened.validator };
    return opened;
  }

  /**
   * `room` gives each try memory of its own. Throws NETWORK, FILE_UNREADABLE where the object was replaced, and what a dead
   * connection makes of it.
   */
  async read(
    offset: number,
    length: number,
    signal: AbortSignal | null,
    room: BodyRoom = newRoom,
  ): Promise<Uint8Array> {
    const opened = this.#opened;
    if (opened === null) throw new TypeError('the object is not open');
    const { validator } = opened;
    const ifMatch = validator.kind === 'etag' && isStrong(validator.value) ? validator.value : null;
    return this.#try(signal, async (stop, moved) => {
      const answer = await this.#ask({ first: offset, last: offset + length - 1, ifMatch }, stop);
      return closing(answer, () => this.#range(answer, { offset, length }, opened, moved, room));
    });
  }

  async #try<T>(
    signal: AbortSignal | null,
    once: (stop: AbortSignal, moved: (bytes: number) => void) => Promise<T>,
  ): Promise<T> {
    const { transport } = this;
    let used = transport.credentials;
    return retried(
      {
        shown: transport.shown,
        signal,
        once: () =>
          this.limiter.run(signal, async () => {
            used = transport.credentials;
            this.traffic.requests += 1;
            return watched(signal, this.rules, once);
          }),
        refresh: (failed) => watched(signal, this.rules, () => transport.refresh(used, failed)),
      },
      this.rules,
      this.clock,
    );
  }

  async #ask(request: RangeRequest, stop: AbortSignal): Promise<RangeAnswer> {
    try {
      return await this.transport.get(request, stop);
    } catch (error) {
      if (stop.aborted) throw stop.reason;
      if (error instanceof TryFailed || error instanceof MicrotomeError) throw error;
      throw ofConnection(error);
    }
  }

  async #first(
    answer: RangeAnswer,
    headBytes: number,
    known: string | null,
    moved: (bytes: number) => void,
  ): Promise<OpenedObject> {
    const { shown } = this.transport;
    if (answer.status === 412) throw changedObject(shown, 'its ETag is not the one that it was listed with');
    if (answer.status === 416) throw empty(shown);
    this.#requirePlain(answer);
    const validator = this.#validatorOf(answer);
    if (known !== null && validator.kind === 'etag' && validator.value !== known)
      throw changedObject(shown, `its ETag was ${known} and is ${validator.value}`);
    const modified = Date.parse(answer.lastModified ?? '');
    const facts = { validator, modifiedMs: Number.isNaN(modified) ? null : modified };
    if (answer.status === 200) return { ...facts, ...(await this.#whole(answer, headBytes, moved)) };
    const range = this.#contentRange(answer);
    if (range.first !== 0 || range.last !== Math.min(headBytes, range.size) - 1) throw this.#otherRange(answer);
    const head = await this.#body(answer, range.last + 1, moved);
    return { ...facts, size: range.size, head };
  }

  /** A server that does not know ranges sends all of the object: that is taken where it is no more than was asked for. */
  async #whole(answer: RangeAnswer, headBytes: number, moved: (bytes: number) => void) {
    const { contentLength } = answer;
    if (contentLength === null || contentLength > headBytes) throw this.#noRanges();
    if (contentLength === 0) throw empty(this.transport.shown);
    return { size: contentLength, head: await this.#body(answer, contentLength, moved) };
  }

  async #range(
    answer: RangeAnswer,
    { offset, length }: ByteRange,
    { size, validator }: { readonly size: number; readonly validator: Validator },
    moved: (bytes: number) => void,
    room: BodyRoom,
  ): Promise<Uint8Array> {
    const { shown } = this.transport;
    if (answer.status === 412) throw changedObject(shown, 'its ETag is another one now');
    if (answer.status === 416) throw changedObject(shown, `it ends before byte ${offset + length}`);
    this.#requirePlain(answer);
    const now = this.#validatorOf(answer);
    if (now.kind !== validator.kind || ('value' in now && 'value' in validator && now.value !== validator.value))
      throw changedObject(shown, `its ${validatorText(validator)}, and now its ${validatorText(now)}`);
    if (answer.status === 200) {
      if (offset !== 0 || answer.contentLength !== length) throw this.#noRanges();
      return this.#body(answer, length, moved, room);
    }
    const range = this.#contentRange(answer);
    if (range.size !== size) throw changedObject(shown, `it had ${size} bytes and has ${range.size}`);
    if (range.first !== offset || range.last !== offset + length - 1) throw this.#otherRange(answer);
    return this.#body(answer, length, moved, room);
  }

  #requirePlain(answer: RangeAnswer): void {
    const { status, errorName, contentEncoding, contentType, retryAfter } = answer;
    if (status !== 200 && status !== 206)
      throw ofStatus(status, errorName, retryAfterMs(retryAfter, this.clock.nowMs()));
    if (contentEncoding !== null && contentEncoding !== '' && contentEncoding !== 'identity') {
      const advice = 'have the object served as it is stored: a range of compressed bytes is no range of the slide';
      throw networkError(this.transport.shown, 'the server compressed what it sent', advice);
    }
    if (status === 206 && /^multipart\//i.test(contentType ?? ''))
      throw networkError(this.transport.shown, 'the server answered one range with several');
  }

  #validatorOf({ etag, lastModified }: RangeAnswer): Validator {
    if (etag !== null && etag !== '') return { kind: 'etag', value: etag };
    if (lastModified !== null && lastModified !== '') return { kind: 'last-modified', value: lastModified };
    if (this.rules.unversioned) return { kind: 'none' };
    throw networkError(
      this.transport.shown,
      'the server gives neither ETag nor Last-Modified, so nobody would see that the object was replaced meanwhile',
      'download the slide, or pass httpSource(url, { unversioned: true }) where nobody writes it',
    );
  }

  #contentRange({ contentRange }: RangeAnswer): ContentRange {
    const [, first, last, size] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/i.exec(contentRange ?? '') ?? [];
    const range = { first: Number(first), last: Number(last), size: Number(size) };
    const isFit = Object.values(range).every((value) => Number.isSafeInteger(value));
    if (isFit && range.first <= range.last && range.last < range.size) return range;
    throw networkError(this.transport.shown, 'the server did not say which bytes of how many it sent (Content-Range)');
  }

  #otherRange({ contentRange }: RangeAnswer) {
    const said = /^bytes [\d-]{1,40}\/\d{1,16}$/i.test(contentRange ?? '') ? ` (${contentRange})` : '';
    return networkError(this.transport.shown, `the server sent other bytes than it was asked for${said}`);
  }

  #noRanges() {
    const found = 'the server knows no ranges: it would send all of the object for each part of it';
    return networkError(this.transport.shown, found, 'download the slide and pass its path');
  }

  async #body(
    answer: RangeAnswer,
    length: number,
    moved: (bytes: number) => void,
    room: BodyRoom = newRoom,
  ): Promise<Uint8Array> {
    if (answer.contentLength !== null && answer.contentLength < length)
      throw new TryFailed(`the server sent ${answer.contentLength} of ${length} bytes`, { again: true });
    const count = (bytes: number): void => {
      this.traffic.bytes += bytes;
      moved(bytes);
    };
    return readBody(answer, length, count, room);
  }
}

/** If-Match compares strongly: a weak ETag never matches. */
export function isStrong(etag: string): boolean {
  return /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag);
}

function validatorText(validator: Validator): string {
  if (validator.kind === 'none') return 'version is not said';
  const value = /^[\x20-\x7e]{0,128}$/.test(validator.value) ? validator.value : 'unreadable';
  return `${validator.kind === 'etag' ? 'ETag' : 'Last-Modified'} is ${value}`;
}

function empty(shown: string): MicrotomeError {
  return new MicrotomeError('NOT_A_SLIDE', 'slide', `${shown} is empty`, { path: shown });
}

async function closing<T>(answer: RangeAnswer, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    answer.discard();
    throw error;
  }
}
