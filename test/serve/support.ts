/** Servers, graphs and images for the tests of serving. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { encodePng } from '../../lib/core/png.js';
import { createServer, type InferenceServer, type ServerOptions } from '../../lib/serve/index.js';
import { writeBundle, type Json } from '../api/support/bundle.js';
import { fileWith } from '../runs/support.js';
import { OnnxGraph } from '../support/onnx-writer.js';

export async function pngOf(colour: readonly number[], width = 20, height = 30): Promise<Buffer> {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => colour[i % 3] ?? 0);
  return encodePng({ data, width, height, channels: 3 });
}

/** Images of different sizes and colours. */
export function images(count: number): Promise<Buffer[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      pngOf([(i * 6) % 256, 255 - ((i * 5) % 256), (i * 37) % 256], 10 + (i % 40), 50 - (i % 40)),
    ),
  );
}

const outputOf = (json: Json): Json => (json['outputs'] as Json[])[0] as Json;

/** A bundle that scores images; its output is `relapse`. */
export function imageBundle(): string {
  return writeBundle({
    edit: (json) => {
      delete outputOf(json)['clip'];
      delete outputOf(json)['fallback'];
      json['select'] = [];
    },
  });
}

/** Rows of `columns` numbers: twice each, and their sum. A row with 1e30 in it gives no finite sum of squares. */
export async function rowsGraph(columns = 4): Promise<string> {
  const graph = new OnnxGraph(1);
  const x = graph.input({ name: 'rows', type: 'float32', shape: ['batch', columns] });
  graph.node('Add', [x, x], {}, 'twice');
  graph.node(
    'MatMul',
    [graph.node('Mul', [x, x]), graph.floats([columns, 1], new Array(columns).fill(1))],
    {},
    'squares',
  );
  graph.output({ name: 'twice', type: 'float32', shape: ['batch', columns] });
  graph.output({ name: 'squares', type: 'float32', shape: ['batch', 1] });
  return fileWith(graph.encode(), 'rows.onnx');
}

/** Closed when the test ends. */
export async function serverOf(options: ServerOptions): Promise<InferenceServer> {
  const server = await createServer(options);
  onTestFinished(() => server.close({ now: true }));
  return server;
}

/** One that takes rows, as the model `rows`. */
export async function rowsServer(options: Omit<ServerOptions, 'models'> = {}): Promise<InferenceServer> {
  return serverOf({ ...options, models: [{ name: 'rows', tensors: await rowsGraph(), device: 'cpu', threads: 2 }] });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** A request as it is, on a connection of its own. */
export function ask(
  server: { readonly url: string },
  { method = 'POST', path, headers = {}, body }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const length: Record<string, string> =
      body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = httpRequest(
      { hostname, port, method, path, headers: { ...length, ...headers }, agent: false },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export const json = ({ body }: RawAnswer): Readonly<Record<string, unknown>> => JSON.parse(body.toString('utf8'));

/** A bare connection, and all that comes over it until it is closed. */
export function bareConnection(server: { readonly url: string }): { socket: Socket; closed: Promise<string> } {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const closed = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
  return { socket, closed };
}

/** The body of a request that has all its tensors behind the JSON. */
export function withBinary(head: object, ...tensors: readonly Uint8Array[]): Pick<RawRequest, 'headers' | 'body'> {
  const text = Buffer.from(JSON.stringify(head));
  return {
    headers: { 'inference-header-content-length': String(text.byteLength) },
    body: Buffer.concat([text, ...tensors]),
  };
}

/** Waits for something that takes as long as it takes. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
