/** One cluster: the kubeconfig that names it, and requests to its API server. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { MicrotomeError } from '../../core/errors.js';
import { requireNamespace } from './kinds.js';
import { accessOfConfig, accessOfPod, type Access } from './access.js';

/** Where a cluster is, and who asks. */
export interface ClusterOptions {
  /** Path of a kubeconfig. A program that it names for credentials (`exec`) is run. */
  readonly kubeconfig?: string | undefined;
  /** True: this program runs in a pod of the cluster, and uses the pod's service account. */
  readonly inCluster?: boolean | undefined;
  /** Of the kubeconfig. Left out: its current context. */
  readonly context?: string | undefined;
  /** Of objects that name none. Left out: the context's, else `default`. */
  readonly namespace?: string | undefined;
  /** A request that takes longer fails with NETWORK. @defaultValue 60000 */
  readonly timeoutMs?: number | undefined;
}

/** A cluster to talk to. */
export interface Cluster {
  /** Address of the API server. */
  readonly server: string;
  /** Namespace of objects that name none. */
  readonly namespace: string;
  /** @internal */
  readonly send: (request: ApiRequest) => Promise<ApiResponse>;
}

/** @internal A request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'DELETE' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

/** @internal Its answer, whatever the status. */
export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}

const kMaxAnswerBytes = 64 * 2 ** 20;
const kTimeoutMs = 60_000;

/**
 * Reads the kubeconfig; asks the cluster nothing yet. Tokens, certificates and the files of a pod are read by microtome
 * itself; `exec`, `auth-provider` and `proxy-url` need the package `@kubernetes/client-node`. Throws RUNTIME_MISSING where
 * it is needed and not there, INVALID_OPTION for a kubeconfig or context that names no cluster, FILE_NOT_FOUND and
 * FILE_UNREADABLE for its file.
 *
 * @example
 * ```ts
 * const cluster = await connectCluster({ kubeconfig: '/home/me/.kube/config', namespace: 'lesions' });
 * ```
 */
export async function connectCluster(options: ClusterOptions): Promise<Cluster> {
  const { kubeconfig, inCluster = false, context, timeoutMs = kTimeoutMs } = options;
  if ((kubeconfig === undefined) === !inCluster)
    throw refused('neither a kubeconfig nor inCluster was given, or both', 'pass one of them');
  if (inCluster && context !== undefined)
    throw refused('a context is of a kubeconfig, and none was given', 'leave it out');
  const access = kubeconfig === undefined ? await accessOfPod() : await accessOfConfig(kubeconfig, context);
  const namespace = options.namespace ?? access.namespace ?? 'default';
  requireNamespace(namespace);
  return {
    server: access.server,
    namespace,
    send: (request) => send(access, request, timeoutMs),
  };
}

const refused = (found: string, advice: string): MicrotomeError =>
  new MicrotomeError('INVALID_OPTION', 'options', found, { advice });

async function send({ server, authorize }: Access, request: ApiRequest, timeoutMs: number): Promise<ApiResponse> {
  const { method, path, query = {}, body, contentType = 'application/json', signal } = request;
  signal?.throwIfAborted();
  const url = new URL(`${server.replace(/\/+$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const options = await authorize();
  refuseInTheClear(url, options.headers);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...options.headers,
    accept: 'application/json',
    ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) }),
  };
  return new Promise((settle, fail) => {
    const lost = (reason: string): void => {
      if (signal?.aborted === true) fail(signal.reason);
      else
        fail(
          new MicrotomeError(
            'NETWORK',
            'options',
            `the API server ${server} gave no answer to ${method} ${path}: ${reason}`,
          ),
        );
    };
    const start = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const call = start(url, { ...options, method, headers, timeout: timeoutMs, signal }, (answer) => {
      const pieces: Buffer[] = [];
      let size = 0;
      answer.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > kMaxAnswerBytes) answer.destroy(new Error(`its answer has more than ${kMaxAnswerBytes} bytes`));
        else pieces.push(piece);
      });
      answer.on('error', (error) => lost(error.message));
      answer.on('close', () => lost('the connection was closed before the end'));
      answer.on('end', () =>
        settle({ status: answer.statusCode ?? 0, body: parsed(Buffer.concat(pieces).toString()) }),
      );
    });
    call.on('timeout', () => call.destroy(new Error(`nothing came for ${timeoutMs} ms`)));
    call.on('error', (error: NodeJS.ErrnoException) => lost(error.code ?? error.message));
    call.end(text);
  });
}

/** Whoever is between would read the token, and have the user's rights. */
function refuseInTheClear({ protocol, hostname }: URL, headers: RequestOptions['headers']): void {
  const names = Object.keys(headers ?? {}).map((name) => name.toLowerCase());
  if (protocol !== 'http:' || isLoopback(hostname) || !names.includes('authorization')) return;
  throw refused(`the API server ${hostname} has an http address, and the user has a token or a password`, 'use https');
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
