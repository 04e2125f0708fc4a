/** One cluster: the kubeconfig that names it, and requests to its API server. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { MicrotomeError } from '../../core/errors.js';
import { piecesOf } from '../../core/regular-file.js';
import { shown } from '../checks/part.js';

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

const kMaxConfigBytes = 2 ** 20;
const kMaxAnswerBytes = 64 * 2 ** 20;
const kTimeoutMs = 60_000;

/** What is used of the package. Its own types need packages of types that it does not bring. */
interface KubeConfig {
  loadFromString(text: string): void;
  loadFromCluster(): void;
  makePathsAbsolute(folder: string): void;
  getContextObject(name: string): { readonly namespace?: string } | null;
  getCurrentContext(): string;
  setCurrentContext(name: string): void;
  getCurrentCluster(): { readonly server: string } | null;
  applyToHTTPSOptions(options: RequestOptions): Promise<void>;
}

async function newConfig(): Promise<KubeConfig> {
  try {
    // `as string`: the compiler does not look for the types of a package that need not be there.
    const { KubeConfig: Config } = (await import('@kubernetes/client-node' as string)) as {
      readonly KubeConfig: new () => KubeConfig;
    };
    return new Config();
  } catch (cause) {
    const found = 'the package @kubernetes/client-node, which talks to clusters, is not installed or cannot be loaded';
    throw new MicrotomeError('RUNTIME_MISSING', 'options', found, {
      cause,
      advice: 'npm install @kubernetes/client-node',
    });
  }
}

/**
 * Reads the kubeconfig; asks the cluster nothing yet. Needs the package `@kubernetes/client-node`. Throws
 * RUNTIME_MISSING without it, INVALID_OPTION for a kubeconfig or context that names no cluster, FILE_NOT_FOUND and
 * FILE_UNREADABLE for its file.
 *
 * @example
 * ```ts
 * const cluster = await connectCluster({ kubeconfig: '/home/me/.kube/config', namespace: 'lesions' });
 * ```
 */
export async function connectCluster(options: ClusterOptions): Promise<Cluster> {
  const config = await newConfig();
  if ((options.kubeconfig === undefined) === (options.inCluster !== true))
    throw refused('neither a kubeconfig nor inCluster was given, or both', 'pass one of them');
  if (options.kubeconfig === undefined) config.loadFromCluster();
  else await readConfig(config, options.kubeconfig);
  if (options.context !== undefined) {
    if (config.getContextObject(options.context) === null)
      throw refused(`the kubeconfig has no context ${shown(options.context)}`, 'name one that it has');
    config.setCurrentContext(options.context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !/^https?:\/\/./.test(server))
    throw refused('the kubeconfig names no cluster with an http or https address', 'set its current-context');
  const ofContext = config.getContextObject(config.getCurrentContext())?.namespace;
  const { timeoutMs = kTimeoutMs } = options;
  return {
    server,
    namespace: options.namespace ?? ofContext ?? 'default',
    send: (request) => send(config, server, request, timeoutMs),
  };
}

const refused = (found: string, advice: string): MicrotomeError =>
  new MicrotomeError('INVALID_OPTION', 'options', found, { advice });

async function readConfig(config: KubeConfig, path: string): Promise<void> {
  const pieces: Uint8Array[] = [];
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('INVALID_OPTION', 'options', `the kubeconfig is ${found}`, { path });
  try {
    for await (const piece of piecesOf(path, { maxBytes: kMaxConfigBytes, refuse })) pieces.push(piece);
  } catch (error) {
    if (error instanceof MicrotomeError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    const found = isMissing ? 'the kubeconfig does not exist' : `the kubeconfig cannot be read (${code})`;
    throw new MicrotomeError(isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', 'options', found, {
      path,
      cause: error,
    });
  }
  try {
    config.loadFromString(Buffer.concat(pieces).toString('utf8'));
    config.makePathsAbsolute(dirname(resolve(path)));
  } catch {
    // The parser's message quotes lines of the file, and those may be credentials.
    throw new MicrotomeError('INVALID_OPTION', 'options', 'the kubeconfig is no valid one', { path });
  }
}

async function send(config: KubeConfig, server: string, request: ApiRequest, timeoutMs: number): Promise<ApiResponse> {
  const { method, path, query = {}, body, contentType = 'application/json', signal } = request;
  signal?.throwIfAborted();
  const url = new URL(`${server.replace(/\/+$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const options = await authorized(config, url);
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

/** Certificates and headers of the user; a token that is renewed is read anew. */
async function authorized(config: KubeConfig, url: URL): Promise<RequestOptions> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    // Not its message: it may hold what a program for credentials printed.
    const found = 'the credentials of the kubeconfig could not be had';
    throw new MicrotomeError('INVALID_OPTION', 'options', found, {
      advice: 'check the user of the context',
      cause: nameOf(cause),
    });
  }
  const agent = options.agent as { readonly protocol?: string } | undefined;
  if (agent?.protocol !== undefined && agent.protocol !== url.protocol) delete options.agent;
  return options;
}

const nameOf = (cause: unknown): string => (cause instanceof Error ? cause.name : typeof cause);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
