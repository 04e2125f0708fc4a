/** A small API server: it keeps objects, and does with them what the tests say. Over HTTP, as a real one. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Stored {
  readonly apiVersion?: string;
  readonly kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: unknown[];
    deletionTimestamp?: string;
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [field: string]: unknown;
}

/** An object as a test writes it. */
export interface Given {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Given in place of the server's own answer: an answer, or `lost` for a connection that breaks. */
type Told = { readonly status: number; readonly body: unknown } | 'lost' | undefined;

export const token = ['bearer', 'of', 'this', 'test', '1234567890'].join('-');

export class FakeApiServer {
  readonly objects = new Map<string, Stored>();
  readonly seen: Seen[] = [];
  /** Asked before each answer. */
  tell: (request: Seen) => Told = () => undefined;
  /** Plural names that this cluster does not have. */
  absent: readonly string[] = [];
  readonly #server: Server;
  #version = 0;
  #uid = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((done) => fake.#server.listen(0, '127.0.0.1', done));
    return fake;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** The path of a kubeconfig for it. */
  kubeconfig(namespace = 'lesions'): string {
    const path = join(mkdtempSync(join(tmpdir(), 'microtome-kube-')), 'config');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'fake', user: 'me', namespace } }],
      clusters: [{ name: 'fake', cluster: { server: this.address } }],
      users: [{ name: 'me', user: { token } }],
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  /** Puts an object there, as a controller would. */
  put(path: string, object: Given): Stored {
    const stored: Stored = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: `uid-${++this.#uid}`,
        resourceVersion: String(++this.#version),
        generation: 1,
      },
    };
    this.objects.set(path, stored);
    return stored;
  }

  status(path: string, status: Record<string, unknown>): void {
    const object = this.objects.get(path);
    if (object === undefined) throw new Error(`${path} is not there`);
    object.status = status;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const url = new URL(request.url ?? '/', 'http://x');
    const text = Buffer.concat(pieces).toString();
    const seen: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.seen.push(seen);
    const told = this.tell(seen) ?? this.#answer(seen);
    if (told === 'lost') {
      request.socket.destroy();
      return;
    }
    response.writeHead(told.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(told.body));
  }

  #answer(seen: Seen): Exclude<Told, undefined> {
    const { method, path, query, headers } = seen;
    if (headers.authorization !== `Bearer ${token}`) return refusal(401, 'Unauthorized', 'Unauthorized');
    if (this.absent.some((plural) => path.includes(`/${plural}`)))
      return refusal(404, 'NotFound', 'the server could not find the requested resource');
    const isList = /\/namespaces\/[^/]+\/[^/]+$/.test(path);
    if (method === 'GET' && isList) return { status: 200, body: { items: this.#list(path, query), metadata: {} } };
    const found = this.objects.get(path);
    if (method === 'PATCH') return this.#apply(seen, found);
    if (found === undefined) return refusal(404, 'NotFound', `${path.split('/').at(-1)} not found`);
    if (method === 'DELETE') return this.#delete(seen, found);
    return { status: 200, body: found };
  }

  #list(path: string, { labelSelector = '', fieldSelector = '' }: Readonly<Record<string, string>>): readonly Stored[] {
    const pairs = labelSelector.split(',').map((pair) => pair.split('='));
    return [...this.objects]
      .filter(([place]) => place.startsWith(`${path}/`))
      .map(([, object]) => object)
      .filter(
        ({ metadata }) => labelSelector === '' || pairs.every(([key = '', value]) => metadata.labels?.[key] === value),
      )
      .filter((object) => fieldSelector === '' || object['type'] === fieldSelector.split('=')[1]);
  }

  /** What the fields are worth is the caller's matter: equal fields change nothing, others replace. */
  #apply({ path, query, headers, body }: Seen, found: Stored | undefined): Exclude<Told, undefined> {
    if (headers['content-type'] !== 'application/apply-patch+yaml' || query['fieldManager'] === undefined)
      return refusal(415, 'UnsupportedMediaType', 'no apply patch');
    const given = body as Stored;
    if ('misspelt' in (given.spec ?? {})) return refusal(400, 'BadRequest', 'unknown field "spec.misspelt"');
    const isSame = found !== undefined && JSON.stringify(found.spec) === JSON.stringify(given.spec);
    if (query['dryRun'] === 'All') {
      const metadata = {
        ...given.metadata,
        resourceVersion: found?.metadata.resourceVersion ?? '',
        generation: (found?.metadata.generation ?? 0) + (isSame ? 0 : 1),
      };
      return { status: found === undefined ? 201 : 200, body: { ...given, metadata } };
    }
    if (found === undefined) return { status: 201, body: this.put(path, structuredClone(given)) };
    if (!isSame) {
      found.spec = structuredClone(given.spec ?? {});
      found.metadata.resourceVersion = String(++this.#version);
      found.metadata.generation += 1;
    }
    return { status: 200, body: found };
  }

  #delete({ path, body }: Seen, found: Stored): Exclude<Told, undefined> {
    const { preconditions } = (body ?? {}) as { readonly preconditions?: { readonly uid?: string } };
    if (preconditions?.uid !== undefined && preconditions.uid !== found.metadata.uid)
      return refusal(409, 'Conflict', 'the UID in the precondition is not that of the object');
    this.objects.delete(path);
    return { status: 200, body: { kind: 'Status', status: 'Success' } };
  }
}

export function refusal(status: number, reason: string, message: string): Exclude<Told, undefined> {
  return { status, body: { kind: 'Status', status: 'Failure', reason, message, code: status } };
}
