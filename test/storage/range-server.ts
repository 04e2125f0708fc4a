/** A small HTTP server that answers ranges of bytes, and that can be told to fail in the ways in which servers fail. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
  readonly ifMatch: string | null;
  readonly headers: IncomingMessage['headers'];
  readonly message: IncomingMessage;
}

/** Answers a request in its own way; false: it is answered as usual. */
export type Fault = (request: SeenRequest, response: ServerResponse, server: RangeServer) => boolean;

const kBadRange = { first: Number.NaN, last: Number.NaN };

export class RangeServer {
  readonly seen: SeenRequest[] = [];
  /** Asked for each request, in turn: the first one that answers is the last. */
  readonly faults: Fault[] = [];
  /** Bytes of bodies that were sent. */
  sentBytes = 0;
  /** Requests that are under way, and the most that were at a time. */
  atOnce = 0;
  mostAtOnce = 0;
  readonly #server: Server;

  private constructor(readonly objects: Map<string, Buffer>) {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(objects: Record<string, Buffer>): Promise<RangeServer> {
    const server = new RangeServer(new Map(Object.entries(objects)));
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  url(path: string): string {
    return this.origin + path;
  }

  reset(): void {
    this.seen.length = 0;
    this.faults.length = 0;
    this.sentBytes = 0;
    this.mostAtOnce = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  static etagOf(bytes: Buffer): string {
    return `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
  }

  rangeOf(request: SeenRequest): { readonly first: number; readonly last: number } {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.range ?? '') ?? [];
    return first === undefined ? kBadRange : { first: Number(first), last: Number(last) };
  }

  send(response: ServerResponse, bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
    response.end(bytes);
  }

  /** A right answer, with other headers where they are given. */
  answer(request: SeenRequest, response: ServerResponse, more: Record<string, string> = {}): void {
    const bytes = this.objects.get(request.path);
    if (bytes === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('no such object');
      return;
    }
    const etag = RangeServer.etagOf(bytes);
    if (request.ifMatch !== null && request.ifMatch !== etag) {
      response.writeHead(412).end();
      return;
    }
    const { first, last } = this.rangeOf(request);
    const end = Math.min(last, bytes.length - 1);
    if (first > end) {
      response.writeHead(416).end();
      return;
    }
    response.writeHead(206, {
      etag,
      'content-range': `bytes ${first}-${end}/${bytes.length}`,
      'content-length': String(end - first + 1),
      ...more,
    });
    this.send(response, bytes.subarray(first, end + 1));
  }

  #answer(message: IncomingMessage, response: ServerResponse): void {
    const { headers } = message;
    const range = headers.range ?? null;
    const ifMatch = headers['if-match'] ?? null;
    const { method = '' } = message;
    const request = { message, method, path: (message.url ?? '').split('?')[0] ?? '', range, ifMatch, headers };
    this.seen.push(request);
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    response.on('close', () => {
      this.atOnce -= 1;
    });
    response.on('error', () => undefined);
    if (!this.faults.some((fault) => fault(request, response, this))) this.answer(request, response);
  }
}

/** A fault of the first `times` requests. */
export function first(times: number, fault: Fault): Fault {
  let left = times;
  return (...args) => left-- > 0 && fault(...args);
}

/** A fault of all requests but the first `count`. */
export function after(count: number, fault: Fault): Fault {
  let seen = 0;
  return (...args) => ++seen > count && fault(...args);
}

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Fault =>
  (_, response) => {
    response.writeHead(code, headers).end(body);
    return true;
  };
