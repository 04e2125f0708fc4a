/** One exchange with the server: bounded retries, a bounded answer, and errors that say what was found. */

import { MicrotomeError } from '../core/errors.js';
import { printable } from '../core/printable.js';

/** How a client asks. */
export interface ClientOptions {
  /** Sent as `Authorization: Bearer TOKEN`. It is in no error and no message. */
  readonly token?: string;
  /** Times that a request is sent again after a 503 that says `Retry-After`. Default 5. */
  readonly retries?: number;
  /** Longest wait before that, in milliseconds, whatever the server asks for. Default 10 000. */
  readonly longestWaitMs?: number;
  /** Milliseconds for one request, retries not counted. Default 120 000. */
  readonly timeoutMs?: number;
  /** A longer answer is refused. Default 256 MiB. */
  readonly answerBytes?: number;
}

/** Why the server refused; the cause of the error that a client rejects with. */
export class ServerRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface Asked {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From the address of the server on, beginning with a slash. */
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Statuses beside 200 and 202 that are no errors. */
  readonly expects?: readonly number[];
}

function network(found: string, cause?: unknown): MicrotomeError {
  return new MicrotomeError('NETWORK', 'options', found, { ...(cause === undefined ? {} : { cause }) });
}

function invalid(found: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', found);
}

/** Without a slash at its end. The address is not shown where it has a password in it. */
function baseOf(url: string | URL): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid('the address of the server is no URL');
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw invalid(`the address of the server begins with ${printable(parsed.protocol)}, http: or https: was expected`);
  if (parsed.username !== '' || parsed.password !== '')
    throw invalid('the address of the server has a user or a password in it; pass a token instead');
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '');
}

/** Rejects with the reason of the signal. */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', giveUp);
      resolve();
    }, ms);
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}

async function bodyOf(response: Response, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.byteLength;
    if (length > most) throw network(`the answer has more than ${most} bytes`);
    pieces.push(piece);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}

/** What the server says of its refusal: JSON, or the text of a proxy in front of it. */
function refusalOf({ status, body }: Answer): ServerRefusal {
  const text = new TextDecoder().decode(body.subarray(0, 2000));
  let said = text;
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    if (typeof error === 'string') said = error;
  } catch {
    // No JSON: the text is shown.
  }
  return new ServerRefusal(status, printable(said).slice(0, 1000));
}

export class Transport {
  readonly #base: string;

  constructor(
    url: string | URL,
    private readonly o: ClientOptions,
  ) {
    this.#base = baseOf(url);
    if (o.token !== undefined && !/^[\x21-\x7e]+$/.test(o.token))
      throw invalid('the token has characters that a header cannot have');
  }

  /** Rejects with NETWORK, whose cause is a {@link ServerRefusal} where the server answered, or the reason of the signal. */
  async ask(asked: Asked): Promise<Answer> {
    const { retries = 5, longestWaitMs = 10_000 } = this.o;
    for (let again = 0; ; again++) {
      const answer = await this.#once(asked);
      if ([200, 202, ...(asked.expects ?? [])].includes(answer.status)) return answer;
      const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
      if (answer.status !== 503 || !(seconds >= 0) || again >= retries) {
        const refusal = refusalOf(answer);
        throw network(
          `the server answered ${asked.method} ${asked.path} with ${answer.status}: ${refusal.message}`,
          refusal,
        );
      }
      await wait(Math.min(longestWaitMs, seconds * 1000), asked.signal);
    }
  }

  async #once({ method, path, body, headers, signal }: Asked): Promise<Answer> {
    const { token, timeoutMs = 120_000, answerBytes = 256 * 2 ** 20 } = this.o;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${this.#base}${path}`, {
        method,
        headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        ...(body === undefined ? {} : { body: body as string }),
        // A server that sends the token elsewhere is none that was asked for.
        redirect: 'error',
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      });
      return { status: response.status, headers: response.headers, body: await bodyOf(response, answerBytes) };
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (late.aborted) throw network(`the server did not answer ${method} ${path} within ${timeoutMs} ms`);
      if (error instanceof MicrotomeError) throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw network(
        `${method} ${path} got no answer: ${printable(cause instanceof Error ? cause.message : String(cause))}`,
        cause,
      );
    }
  }
}

/** The JSON of an answer. Throws NETWORK. */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw network('the answer is not JSON', cause);
  }
}

/** The error for an answer that is not what the protocol says. */
export function strange(found: string): MicrotomeError {
  return network(`the answer is not of the Open Inference Protocol: ${found}`);
}
