/** createServer: models behind HTTP, by the Open Inference Protocol. */

import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { MicrotomeError } from '../core/errors.js';
import { sendError } from './answer.js';
import { checkToken, tokenDigest } from './auth.js';
import { HeldBytes } from './body.js';
import { Gate } from './gate.js';
import { asHttpError, handle, type Exchange, type Serving } from './handlers.js';
import { HttpError } from './http-error.js';
import { loadModels } from './load-models.js';
import { ServerMetrics } from './metrics.js';
import { parseServerOptions, type ParsedServerOptions, type ServerOptions } from './options.js';
import { routeOf, type Route } from './router.js';
import type { ServedModel } from './served-model.js';
import { SlideJobs } from './slide-jobs.js';
import { SlideRoot } from './slide-root.js';

/** A server that listens. */
export interface InferenceServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Names of the models, in the order of the options. */
  readonly models: readonly string[];
  /** What was found when the models were loaded, and a reader of a log should know: sentences. */
  readonly notes: readonly string[];
  /**
   * Refuses new work with 503, finishes what was accepted (jobs over slides, too), then closes all connections and frees the
   * models. `now: true` gives up what was accepted; it may be asked for while an ordinary close waits. May be called more than
   * once.
   */
  close(how?: { readonly now?: boolean }): Promise<void>;
}

/** An answer may need a moment after its request was refused; a body that nobody reads is not waited for any longer. */
const kLingerMs = 2000;

const openRoutes: ReadonlySet<Route['kind']> = new Set(['live', 'ready']);

function stopped(): MicrotomeError {
  return new MicrotomeError('CANCELLED', 'infer', 'the server is stopping');
}

class HttpInferenceServer implements InferenceServer {
  readonly #http: Server;
  readonly #serving: Serving;
  readonly #token: Buffer | null;
  readonly #open = new Set<AbortController>();
  #whenIdle: (() => void) | null = null;
  #isStopping = false;
  #closing: Promise<void> | null = null;
  #isGivenUp = false;
  url = '';

  constructor(
    private readonly o: ParsedServerOptions,
    models: ReadonlyMap<string, ServedModel>,
    metricsOf: (serving: () => Serving) => ServerMetrics,
    root: SlideRoot | null,
    readonly notes: readonly string[],
  ) {
    const { limits } = o;
    this.#token = tokenDigest(o.token);
    this.#serving = {
      models,
      limits,
      gate: new Gate(limits.requests, limits.queue),
      held: new HeldBytes(limits.heldBytes),
      metrics: metricsOf(() => this.#serving),
      jobs: root === null ? null : new SlideJobs(root, limits, o.onError),
      isStopping: () => this.#isStopping,
    };
    this.#http = createHttpServer(
      { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: Math.min(1000, limits.headerMs) },
      (request, response) => void this.#answer(request, response),
    );
    this.#setLimits();
  }

  get models(): readonly string[] {
    return [...this.#serving.models.keys()];
  }

  #setLimits(): void {
    const { limits } = this.o;
    const http = this.#http;
    http.headersTimeout = limits.headerMs;
    http.requestTimeout = Math.max(limits.requestMs, limits.headerMs);
    http.keepAliveTimeout = limits.keepAliveMs;
    http.maxConnections = limits.connections;
    http.maxHeadersCount = 100;
    // A client that does not take its answer: nothing else is silent for longer than a request may take.
    http.timeout = limits.requestMs + limits.keepAliveMs;
    http.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseSocket(error, socket));
  }

  listen(): Promise<void> {
    const { host, port } = this.o;
    return new Promise((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException): void =>
        reject(
          new MicrotomeError(
            'NETWORK',
            'options',
            `the server cannot listen at ${host}, port ${port} (${cause.code})`,
            {
              cause,
              advice: 'choose another port, or an address of this machine',
            },
          ),
        );
      this.#http.once('error', failed);
      this.#http.listen(port, host, () => {
        this.#http.off('error', failed);
        this.#http.on('error', this.o.onError);
        const { address, family, port: bound } = this.#http.address() as AddressInfo;
        this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
        resolve();
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const beganMs = performance.now();
    const stop = new AbortController();
    this.#open.add(stop);
    const { requestMs } = this.o.limits;
    const late = new HttpError(504, `the request took more than ${requestMs} ms`);
    const timer = setTimeout(() => stop.abort(late), requestMs);
    let kind: Route['kind'] | 'none' = 'none';
    response.once('close', () => {
      clearTimeout(timer);
      stop.abort(stopped());
      this.#open.delete(stop);
      this.#serving.metrics.answered(kind, response.statusCode, performance.now() - beganMs);
      if (this.#open.size === 0) this.#whenIdle?.();
    });
    response.on('error', () => undefined);
    try {
      const route = routeOf(request.method ?? '', request.url ?? '');
      kind = route.kind;
      if (!openRoutes.has(route.kind)) checkToken(this.#token, request.headers.authorization);
      await handle(this.#serving, route, { request, response, signal: stop.signal } satisfies Exchange);
    } catch (error) {
      this.#refuse(request, response, error);
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    // Nobody is there any more, or everything was given up.
    const told = asHttpError(error);
    if (told.status === 500 && !response.destroyed) this.o.onError(error);
    sendError(response, told);
    if (request.complete) return;
    request.resume();
    const { socket } = request;
    const end = setTimeout(() => {
      if (!request.complete) socket.destroy();
    }, kLingerMs);
    request.once('close', () => clearTimeout(end));
  }

  close({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    this.#isStopping = true;
    if (now) this.#giveUp();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    this.#serving.jobs?.cancelAll();
    for (const stop of this.#open) stop.abort(stopped());
    this.#http.closeAllConnections();
    this.#whenIdle?.();
  }

  async #close(): Promise<void> {
    await this.#serving.jobs?.idle();
    // Requests of a moment come while the others are waited for; each is short.
    while (this.#open.size > 0 && !this.#isGivenUp)
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    const closed = new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
    });
    this.#http.closeIdleConnections();
    this.#http.closeAllConnections();
    await closed;
    await Promise.all([...this.#serving.models.values()].map((model) => model.close(stopped())));
  }
}

/** What is no HTTP is answered before the connection is closed, where somebody may read it. */
function refuseSocket(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, text] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'the headers are too long']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the request comes too slowly']
        : ['400 Bad Request', 'this is no request of HTTP/1.1'];
  const body = JSON.stringify({ error: text });
  const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json`;
  socket.end(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), kLingerMs).unref();
}

function metricsOf(serving: () => Serving): ServerMetrics {
  return new ServerMetrics({
    requestsInWork: () => serving().gate.inside,
    requestsWaiting: () => serving().gate.waiting,
    heldBytes: () => serving().held.now,
    waitingRows: () =>
      [...serving().models.values()].map(({ name, waitingRows }) => ({ model: name, rows: waitingRows })),
    slideJobs: () => serving().jobs?.counts ?? {},
  });
}

/**
 * Loads models and serves them over HTTP: images, rows of tensors and jobs over slides, by the Open Inference Protocol
 * (version 2), with metrics for Prometheus at `/metrics`. Listens at this machine's own address unless `host` says otherwise.
 * Where a `token` is given, every request but those of health must have it.
 *
 * @throws {@link MicrotomeError} what {@link createImageScorer} throws, INVALID_OPTION, FILE_NOT_FOUND for the folder of slides,
 * and NETWORK where the address cannot be listened at.
 * @example
 * ```ts
 * const server = await createServer({ models: [{ model: 'demo-lesion' }], port: 8080 });
 * console.log(server.url);
 * await server.close();
 * ```
 */
export async function createServer(options: ServerOptions): Promise<InferenceServer> {
  const parsed = parseServerOptions(options);
  const root = parsed.slides === null ? null : await SlideRoot.open(parsed.slides);
  // The batches of a model are counted by a server that is made with the models.
  let metrics: ServerMetrics | null = null;
  const onBatch = (model: string, rows: number, requests: number): void => metrics?.batch(model, rows, requests);
  const { models, notes } = await loadModels(parsed, onBatch);
  try {
    const made = (serving: () => Serving): ServerMetrics => {
      metrics = metricsOf(serving);
      return metrics;
    };
    const server = new HttpInferenceServer(parsed, models, made, root, notes);
    await server.listen();
    return server;
  } catch (error) {
    await Promise.all([...models.values()].map((model) => model.close(stopped())));
    throw error;
  }
}
