/** Ranges of one object behind HTTP. Redirects are followed here, so that no credentials go where they were not meant for. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { toolVersion } from '../../core/version.js';
import type { HttpAddress } from '../address.js';
import { networkError, ofConnection } from '../failures.js';
import { checkHeaders } from '../options.js';
import type { RangeAnswer, RangeRequest, Transport } from '../transport.js';

/** What one object is asked for with. */
export interface HttpAccess {
  /** Sent to the host of the address, and to no other. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A signed address of the same object. */
  readonly url?: string | URL;
}

/** `again`: what was given before was refused with 401 or 403. */
export type HttpAccessProvider = (again: boolean) => HttpAccess | Promise<HttpAccess>;

interface Target {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

const kMostRedirects = 5;
const kRedirects = new Set([301, 302, 303, 307, 308]);
const kMostHeaderBytes = 32 * 1024;

/** Shared, so that connections are. A connection that nobody uses does not keep the process. */
const agents = {
  'http:': new HttpAgent({ keepAlive: true, scheduling: 'lifo' }),
  'https:': new HttpsAgent({ keepAlive: true, scheduling: 'lifo' }),
};

export class HttpTransport implements Transport {
  readonly shown: string;
  #start: Target | null = null;
  /** Where the last redirect led; asked directly until it refuses. */
  #moved: Target | null = null;
  #credentials = 0;
  #refreshing: Promise<boolean> | null = null;

  /** `headers` go to the host of the address only. `parse` reads an address that `access` gives. */
  constructor(
    private readonly address: HttpAddress,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly access: HttpAccessProvider | null,
    private readonly parse: (given: string | URL) => HttpAddress,
  ) {
    this.shown = address.shown;
  }

  get credentials(): number {
    return this.#credentials;
  }

  /** The address says it. */
  store(): Promise<string> {
    return Promise.resolve('');
  }

  async get(request: RangeRequest, signal: AbortSignal): Promise<RangeAnswer> {
    this.#start ??= await this.#target(false);
    const pinned = this.#moved;
    if (pinned !== null) {
      const message = await ask(pinned, request, signal);
      if (isAnswer(message.statusCode ?? 0)) return answerOf(message);
      // Where a redirect leads is often signed for a short time: it is asked for anew.
      message.destroy();
      this.#moved = null;
    }
    let target = this.#start;
    for (let redirects = 0; redirects <= kMostRedirects; ++redirects) {
      const message = await ask(target, request, signal);
      if (!kRedirects.has(message.statusCode ?? 0)) {
        if (redirects > 0) this.#moved = target;
        return answerOf(message);
      }
      const { location } = message.headers;
      message.destroy();
      target = this.#next(target, location);
    }
    throw networkError(this.shown, `more than ${kMostRedirects} redirects`);
  }

  refresh(used: number): Promise<boolean> {
    if (used !== this.#credentials) return Promise.resolve(true);
    if (this.access === null) return Promise.resolve(false);
    this.#refreshing ??= this.#renew().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #renew(): Promise<boolean> {
    this.#start = await this.#target(true);
    this.#moved = null;
    this.#credentials += 1;
    return true;
  }

  async #target(again: boolean): Promise<Target> {
    const { url, headers = {} } = await this.#given(again);
    checkHeaders(headers, 'access');
    const { url: at, authorization } = url === undefined ? this.address : this.parse(url);
    const own = authorization === null ? {} : { authorization };
    // A signed address may be of another host: it gets what was given with it, and nothing else.
    const fixed = at.origin === this.address.url.origin ? this.headers : {};
    return { url: at, headers: { ...own, ...fixed, ...lowerCased(headers) } };
  }

  /** What the caller's function fails with is left out: it may hold what it was about to give. */
  async #given(again: boolean): Promise<HttpAccess> {
    if (this.access === null) return {};
    try {
      return (await this.access(again)) ?? {};
    } catch {
      throw networkError(this.shown, 'access() failed', 'see what your function access() fails with');
    }
  }

  #next(from: Target, location: string | undefined): Target {
    let url: URL;
    try {
      url = new URL(location ?? '', from.url);
    } catch {
      throw networkError(this.shown, 'a redirect to what is no URL');
    }
    if (location === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      throw networkError(this.shown, 'a redirect that leads nowhere');
    if (from.url.protocol === 'https:' && url.protocol === 'http:')
      throw networkError(this.shown, 'a redirect from https to http, which is not followed');
    url.username = '';
    url.password = '';
    url.hash = '';
    const isSame = url.origin === from.url.origin;
    return { url, headers: isSame ? from.headers : {} };
  }
}

/** Of where a redirect led: that it is busy is no reason to ask where it leads. */
function isAnswer(status: number): boolean {
  return status < 300 || status === 429 || status >= 500;
}

export function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function ask({ url, headers }: Target, range: RangeRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { first, last, ifMatch } = range;
  const own = {
    ...headers,
    range: `bytes=${first}-${last}`,
    // A proxy that compresses would send a range of something else.
    'accept-encoding': 'identity',
    'user-agent': `microtome/${toolVersion}`,
    ...(ifMatch === null ? {} : { 'if-match': ifMatch }),
  };
  return new Promise((resolve, reject) => {
    const isSecure = url.protocol === 'https:';
    const agent = agents[isSecure ? 'https:' : 'http:'];
    const start = isSecure ? httpsRequest : httpRequest;
    const request = start(url, { method: 'GET', headers: own, agent, signal, maxHeaderSize: kMostHeaderBytes });
    request.on('response', resolve);
    request.on('error', (error) => reject(signal.aborted ? signal.reason : ofConnection(error)));
    request.end();
  });
}

function answerOf(message: IncomingMessage): RangeAnswer {
  const { headers } = message;
  const one = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
  const length = one('content-length');
  // An error after the body was given up is nobody's any more.
  message.on('error', () => undefined);
  return {
    status: message.statusCode ?? 0,
    errorName: null,
    etag: one('etag'),
    lastModified: one('last-modified'),
    contentRange: one('content-range'),
    contentLength: length !== null && /^\d{1,16}$/.test(length) ? Number(length) : null,
    contentEncoding: one('content-encoding'),
    contentType: one('content-type'),
    retryAfter: one('retry-after'),
    body: message,
    discard: () => message.destroy(),
  };
}
