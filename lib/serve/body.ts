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

type BodyLimits = Pick<ServerLimits, 'bodyBytes' | 'bodyBytesPerSecond' | 'slowGraceMs' | 'requestMs'>;

/** Of the first block of a body. */
const kFirstBytes = 64 * 1024;

/**
 * Bytes that come in pieces, in one block: a list of pieces takes hundreds of bytes for each, and a client may send pieces of one
 * byte. `take` is told what the block holds, not what has come.
 */
class Growing {
  #block = Buffer.alloc(0);
  #length = 0;

  constructor(
    private readonly most: number,
    private readonly take: (bytes: number) => void,
  ) {}

  add(piece: Uint8Array): void {
    const length = this.#length + piece.byteLength;
    if (length > this.#block.byteLength) this.#grow(length);
    this.#block.set(piece, this.#length);
    this.#length = length;
  }

  get bytes(): Uint8Array {
    return this.#block.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const wanted = Math.max(needed, 2 * this.#block.byteLength, kFirstBytes);
    const size = Math.max(needed, Math.min(wanted, this.most));
    this.take(size - this.#block.byteLength);
    const block = Buffer.allocUnsafeSlow(size);
    this.#block.copy(block, 0, 0, this.#length);
    this.#block = block;
  }
}

/** What the headers say of the length; null: they do not. Throws an HttpError. */
function announced(request: IncomingMessage, { bodyBytes }: BodyLimits): number | null {
  const told = request.headers['content-length'];
  if (told === undefined) return null;
  const length = Number(told);
  if (length > bodyBytes) throw tooLarge(`the body has ${told} bytes, the most is ${bodyBytes}`);
  return length;
}

/**
 * Bytes that must have come after so long: a body of a known length also half as fast as its time allows, so that long ones that
 * trickle do not keep their room until the end.
 */
function leastBytes(elapsedMs: number, length: number | null, limits: BodyLimits): number {
  const perMs = Math.max(limits.bodyBytesPerSecond / 1000, (length ?? 0) / (2 * limits.requestMs));
  return elapsedMs * perMs;
}

/** Calls `slow` when too few bytes have come. Stopped by what it returns. */
function watchRate(read: () => number, length: number | null, limits: BodyLimits, slow: () => void): () => void {
  if (limits.bodyBytesPerSecond === 0) return () => undefined;
  const beganMs = performance.now();
  const timer = setInterval(
    () => {
      const elapsedMs = performance.now() - beganMs;
      if (elapsedMs < limits.slowGraceMs) return;
      if (read() < leastBytes(elapsedMs, length, limits)) slow();
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
  // What was announced and has not come takes no room from others.
  let taken = 0;
  const take = (bytes: number): void => {
    held.take(bytes);
    taken += bytes;
  };
  const release = (): void => held.giveBack(taken);
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
    const body = new Growing(length ?? limits.bodyBytes, take);
    let read = 0;
    const end = (settle: () => void): void => {
      stop();
      request.removeAllListeners('data').removeAllListeners('end').removeAllListeners('close');
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(error));
    const stop = watchRate(
      () => read,
      length,
      limits,
      () => fail(new HttpError(408, 'the body comes too slowly', { connection: 'close' })),
    );
    request.on('data', (piece: Buffer) => {
      read += piece.byteLength;
      try {
        if (read > limits.bodyBytes) throw tooLarge(`the body has more than ${limits.bodyBytes} bytes`);
        body.add(piece);
      } catch (error) {
        fail(error);
      }
    });
    request.on('end', () => end(() => resolve(body.bytes)));
    request.on('error', fail);
    request.on('close', () => fail(badRequest('the connection was closed before the body had come')));
  });
}
