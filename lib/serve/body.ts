/** Reads the body of a request: no longer than allowed, no slower than allowed, and never more at once than allowed. */

import type { IncomingMessage } from 'node:http';

import { badRequest, busy, HttpError, tooLarge } from './http-error.js';
import type { ServerLimits } from './options.js';

/** Bytes of bodies that are held, of all requests together. */
export class HeldBytes {
  #held = 0;

  constructor(private readonly most: number) {}

  get now(): number {
    return this.#held;
  }

  take(bytes: number): void {
    if (this.#held + bytes > this.most) throw busy('the server holds as many bytes of requests as it may');
    this.#held += bytes;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}

/** A body, and its bytes to be given back when nobody needs it any more. */
export interface HeldBody {
  readonly bytes: Uint8Array;
  release(): void;
}

type BodyLimits = Pick<ServerLimits, 'bodyBytes' | 'bodyBytesPerSecond' | 'slowGraceMs'>;

/** What the headers say of the length; null: they do not. Throws an HttpError. */
function announced(request: IncomingMessage, { bodyBytes }: BodyLimits): number | null {
  const told = request.headers['content-length'];
  if (told === undefined) return null;
  const length = Number(told);
  if (length > bodyBytes) throw tooLarge(`the body has ${told} bytes, the most is ${bodyBytes}`);
  return length;
}

/** Calls `slow` when too few bytes have come. Stopped by what it returns. */
function watchRate(read: () => number, limits: BodyLimits, slow: () => void): () => void {
  if (limits.bodyBytesPerSecond === 0) return () => undefined;
  const beganMs = performance.now();
  const timer = setInterval(
    () => {
      const elapsedMs = performance.now() - beganMs;
      if (elapsedMs < limits.slowGraceMs) return;
      if (read() < (limits.bodyBytesPerSecond * elapsedMs) / 1000) slow();
    },
    Math.max(20, Math.min(1000, limits.slowGraceMs / 2)),
  );
  return () => clearInterval(timer);
}

/** Rejects with an HttpError: 413, 408 for a slow one, 400 for one that ends early, 503 where too much is held. */
export async function readBody(request: IncomingMessage, limits: BodyLimits, held: HeldBytes): Promise<HeldBody> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new HttpError(415, 'bodies are taken as they are: send no Content-Encoding');
  const length = announced(request, limits);
  // What was announced is held from the start, so that many slow bodies cannot come together to more than is allowed.
  let taken = 0;
  const take = (bytes: number): void => {
    held.take(bytes);
    taken += bytes;
  };
  const release = (): void => held.giveBack(taken);
  if (length !== null) take(length);
  try {
    return { bytes: await collect(request, length, limits, take), release };
  } catch (error) {
    release();
    throw error;
  }
}

function collect(
  request: IncomingMessage,
  length: number | null,
  limits: BodyLimits,
  take: (bytes: number) => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const whole = length === null ? null : Buffer.alloc(length);
    const pieces: Buffer[] = [];
    let read = 0;
    const end = (settle: () => void): void => {
      stop();
      request.removeAllListeners('data').removeAllListeners('end').removeAllListeners('close');
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(error));
    const stop = watchRate(
      () => read,
      limits,
      () => fail(new HttpError(408, 'the body comes too slowly', { connection: 'close' })),
    );
    request.on('data', (piece: Buffer) => {
      read += piece.byteLength;
      if (whole !== null) {
        piece.copy(whole, read - piece.byteLength);
        return;
      }
      try {
        if (read > limits.bodyBytes) throw tooLarge(`the body has more than ${limits.bodyBytes} bytes`);
        take(piece.byteLength);
        pieces.push(piece);
      } catch (error) {
        fail(error);
      }
    });
    request.on('end', () => end(() => resolve(whole ?? Buffer.concat(pieces))));
    request.on('error', fail);
    request.on('close', () => fail(badRequest('the connection was closed before the body had come')));
  });
}
