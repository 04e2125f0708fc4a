/** A server with the part of the REST API v2beta1 of Kubeflow Pipelines that is used. It refuses what the real one refuses. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;

export interface FakeKfp {
  readonly url: string;
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string;
    readonly body: string;
  }[];
  /** What `GET /runs/ID` answers, one after the other; the last one stays. */
  runs: (Json | number)[];
  /** Answers everything with this status. */
  broken: number | null;
  close(): Promise<void>;
}

const kToken = 'a-token-of-the-test-1234567890';
export { kToken as token };

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What the server holds, and how it answers a request. */
class Store {
  readonly #pipelines: Json[] = [];
  readonly #versions: Json[] = [];
  readonly #experiments: Json[] = [];
  readonly #runs: Json[] = [];

  constructor(private readonly states: () => Json | number | undefined) {}

  route(method: string, path: string, query: URLSearchParams, body: string): Json {
    const [, root = '', id = '', more = ''] = path.split('/').map(decodeURIComponent);
    if (method === 'POST' && path === '/pipelines/upload') return this.#upload(query, body);
    if (method === 'POST' && path === '/pipelines/upload_version')
      return this.#version(query.get('pipelineid') ?? '', query.get('name') ?? '', body);
    if (method === 'GET' && root === 'pipelines' && id === 'names') return one(this.#pipelines, 'name', more);
    if (method === 'GET' && root === 'pipelines' && more === 'versions')
      return page(
        'pipeline_versions',
        this.#versions.filter((it) => it['pipeline_id'] === id),
        query,
      );
    if (method === 'GET' && path === '/experiments') return page('experiments', this.#experiments, query);
    if (method === 'POST' && path === '/experiments')
      return add(this.#experiments, 'experiment_id', JSON.parse(body) as Json);
    if (method === 'POST' && path === '/runs') return this.#run(JSON.parse(body) as Json);
    if (method === 'GET' && root === 'runs') return this.#state(id);
    if (method === 'DELETE' && root === 'runs') return one(this.#runs, 'run_id', id);
    if (method === 'POST' && root === 'runs' && id.endsWith(':terminate')) return {};
    throw new Refused(404, `no ${method} ${path}`);
  }

  #upload(query: URLSearchParams, body: string): Json {
    const name = query.get('name') ?? '';
    const made = add(this.#pipelines, 'pipeline_id', { name, display_name: name, namespace: query.get('namespace') });
    this.#version(String(made['pipeline_id']), name, body);
    return made;
  }

  #version(pipelineId: string, name: string, body: string): Json {
    if (!/name="uploadfile"; filename=".+\.yaml"/.test(body) || !body.includes('schemaVersion: 2.1.0'))
      throw new Refused(400, 'no pipeline in the field uploadfile');
    one(this.#pipelines, 'pipeline_id', pipelineId);
    return add(this.#versions, 'pipeline_version_id', { pipeline_id: pipelineId, display_name: name });
  }

  #run(entry: Json): Json {
    const reference = entry['pipeline_version_reference'] as { pipeline_version_id: string };
    one(this.#versions, 'pipeline_version_id', reference.pipeline_version_id);
    one(this.#experiments, 'experiment_id', String(entry['experiment_id']));
    const made = { ...entry, run_id: `run-${this.#runs.length + 1}`, state: 'PENDING' };
    this.#runs.push(made);
    return made;
  }

  #state(id: string): Json {
    const next = this.states();
    if (typeof next === 'number') throw new Refused(next, 'not now');
    return { run_id: id, ...next };
  }
}

function add(list: Json[], key: string, entry: Json): Json {
  const isSame = (other: Json): boolean =>
    other['display_name'] === entry['display_name'] && other['pipeline_id'] === entry['pipeline_id'];
  if (list.some(isSame)) throw new Refused(409, `${String(entry['display_name'])} is there already`);
  const made = { ...entry, [key]: `${key}-${list.length + 1}` };
  list.push(made);
  return made;
}

function one(list: readonly Json[], key: string, value: string): Json {
  const found = list.find((entry) => entry[key] === value);
  if (found === undefined) throw new Refused(404, `${value} was not found`);
  return found;
}

/** Two entries a page, so that callers have to turn pages. */
function page(field: string, list: readonly Json[], query: URLSearchParams): Json {
  const filter = JSON.parse(query.get('filter') ?? '{}') as { predicates?: { key: string; string_value: string }[] };
  const wanted = list.filter((entry) =>
    (filter.predicates ?? []).every(({ key, string_value }) => entry[key] === string_value),
  );
  const at = Number(query.get('page_token') ?? 0);
  const more = at + 2 < wanted.length ? { next_page_token: String(at + 2) } : {};
  return { [field]: wanted.slice(at, at + 2), total_size: wanted.length, ...more };
}

export async function startFakeKfp(): Promise<FakeKfp> {
  const fake = {
    url: '',
    requests: [] as FakeKfp['requests'][number][],
    runs: [] as (Json | number)[],
    broken: null as number | null,
  };
  const store = new Store(() => (fake.runs.length > 1 ? fake.runs.shift() : fake.runs[0]));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    const url = new URL(request.url ?? '/', 'http://fake');
    const { method = '' } = request;
    const { authorization = '' } = request.headers;
    fake.requests.push({ method, path: url.pathname + url.search, authorization, body });
    try {
      if (fake.broken !== null) throw new Refused(fake.broken, `broken, and the token was ${authorization}`);
      if (authorization !== `Bearer ${kToken}`) throw new Refused(401, 'no token');
      if (!url.pathname.startsWith('/pipeline/apis/v2beta1/')) throw new Refused(404, 'no such page');
      const found = store.route(method, url.pathname.slice('/pipeline/apis/v2beta1'.length), url.searchParams, body);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
    } catch (error) {
      const { status = 500, message } = error as Refused;
      const headers = status >= 300 && status < 400 ? { location: '/dex/auth' } : {};
      response.writeHead(status, headers).end(JSON.stringify({ error: message, code: 5, message, details: [] }));
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pipeline`;
  return Object.assign(fake, { close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
}
