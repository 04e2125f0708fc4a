/** Requests to the REST API of Kubeflow Pipelines (v2beta1). */
import { MicrotomeError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { Redactor } from '../redact.js';

/** Where the server is, and who asks. */
export interface KfpOptions {
  /** Address of Kubeflow Pipelines, such as `https://kubeflow.example.org/pipeline`. */
  readonly endpoint: string | URL;
  /** Sent as a bearer token, over HTTPS or to this machine only. It is in no message. */
  readonly token?: string | undefined;
  /** Namespace of experiments and pipelines; left out: the server's default. */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for one request. @defaultValue 60000 */
  readonly timeoutMs?: number | undefined;
}

export interface KfpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** After `/apis/v2beta1`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly json?: unknown;
  /** A file that is sent as the field `uploadfile`. */
  readonly file?: { readonly name: string; readonly text: string };
}

const mostAnswerBytes = 32 * 2 ** 20;
const mostReason = 500;

/** A refusal of the server. */
export class KfpRefusal extends MicrotomeError {
  constructor(
    readonly status: number,
    found: string,
    advice: string,
  ) {
    super('NETWORK', 'options', found, { advice });
  }
}

export class KfpConnection {
  readonly namespace: string | undefined;
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #redactor: Redactor;
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutMs: number;

  /** Throws INVALID_OPTION for an address that is none, or that a token must not be sent to. */
  constructor({ endpoint, token, namespace, signal, timeoutMs = 60_000 }: KfpOptions) {
    const url = addressOf(endpoint);
    if (token !== undefined) checkToken(token, url);
    this.#base = url.href.replace(/\/+$/, '');
    this.#token = token;
    this.#redactor = new Redactor(token === undefined ? [] : [token]);
    this.namespace = namespace;
    this.#signal = signal;
    this.#timeoutMs = timeoutMs;
  }

  /** The address of a page of the server's own interface. */
  page(path: string): string {
    return `${this.#base}${path}`;
  }

  /** The answer's JSON. Rejects with a {@link KfpRefusal}, NETWORK, or the signal's reason. */
  async send(request: KfpRequest): Promise<Record<string, unknown>> {
    const { method, path, query = {} } = request;
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    const search = given.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(given)).toString()}`;
    const title = `${method} ${path}`;
    let status: number;
    let text: string;
    try {
      const timeout = AbortSignal.timeout(this.#timeoutMs);
      const answer = await fetch(`${this.#base}/apis/v2beta1${path}${search}`, {
        method,
        headers: { accept: 'application/json', ...this.#authorization(), ...typeOf(request) },
        body: bodyOf(request),
        // A redirect leads to a page for people, and would take the token along.
        redirect: 'manual',
        signal: this.#signal === undefined ? timeout : AbortSignal.any([timeout, this.#signal]),
      });
      status = answer.status;
      text = await textOf(answer, title);
    } catch (error) {
      if (this.#signal?.aborted === true) throw this.#signal.reason;
      if (error instanceof MicrotomeError) throw error;
      throw this.#unreachable(title, error);
    }
    if (status < 200 || status > 299) throw this.#refusal(title, status, text);
    return jsonOf(title, text);
  }

  #authorization(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  #unreachable(title: string, error: unknown): MicrotomeError {
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
    const reason = printable(this.#redactor.text(cause?.code ?? cause?.message ?? message));
    return new MicrotomeError('NETWORK', 'options', `${title} at ${this.#base}: ${reason}`);
  }

  #refusal(title: string, status: number, text: string): KfpRefusal {
    const reason = printable(this.#redactor.text(reasonIn(text))).slice(0, mostReason);
    const said = reason === '' ? '' : `: ${reason}`;
    if (status >= 300 && status < 400)
      return new KfpRefusal(
        status,
        `${title} was answered with a redirect (${status})`,
        'the server wants a login: pass a token',
      );
    const isLogin = status === 401 || status === 403;
    return new KfpRefusal(
      status,
      `${title} was answered with ${status}${said}`,
      isLogin ? 'check the token and the rights of its owner' : 'correct what the server names',
    );
  }
}

function addressOf(endpoint: string | URL): URL {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw new MicrotomeError('INVALID_OPTION', 'options', 'the endpoint is no address, expected https://…');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new MicrotomeError('INVALID_OPTION', 'options', `the endpoint begins with ${url.protocol}, expected https:`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new MicrotomeError('INVALID_OPTION', 'options', 'the endpoint has more than a host and a path', {
      advice: 'pass a token by its file',
    });
  return url;
}

function checkToken(token: string, url: URL): void {
  const refuse = (found: string, advice?: string): never => {
    throw new MicrotomeError('INVALID_OPTION', 'options', found, advice === undefined ? {} : { advice });
  };
  if (!/^[\x21-\x7e]{1,16384}$/.test(token)) refuse('the token has characters that no token has, or none');
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !isHere)
    refuse(
      `the token would be sent to ${url.host} without encryption`,
      'use an https address, or a port of this machine',
    );
}

function typeOf({ json }: KfpRequest): Record<string, string> {
  return json === undefined ? {} : { 'content-type': 'application/json' };
}

function bodyOf({ json, file }: KfpRequest): string | FormData | null {
  if (file === undefined) return json === undefined ? null : JSON.stringify(json);
  const form = new FormData();
  form.set('uploadfile', new Blob([file.text], { type: 'application/yaml' }), file.name);
  return form;
}

async function textOf(answer: Response, title: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += (piece as Uint8Array).length;
    if (bytes > mostAnswerBytes)
      throw new MicrotomeError('NETWORK', 'options', `the answer to ${title} is larger than ${mostAnswerBytes} bytes`);
    pieces.push(piece as Uint8Array);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function jsonOf(title: string, text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text === '' ? '{}' : text) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new MicrotomeError('NETWORK', 'options', `the answer to ${title} is no JSON`, {
    advice: 'check that the address is that of Kubeflow Pipelines: it often ends with /pipeline',
  });
}

function reasonIn(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
    return [message, error].find((one): one is string => typeof one === 'string') ?? '';
  } catch {
    return '';
  }
}
