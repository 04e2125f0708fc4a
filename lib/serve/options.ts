/** How a server listens, and what it refuses. Every limit has a safe default. */

import { MicrotomeError } from '../core/errors.js';
import { invalid, record } from '../options/check.js';
import type { Model } from '../model/model.js';
import type { ModelOptions, RuntimeOptions, SlideScoreOptions } from '../options/types.js';

/** What a server refuses, and how long it waits. */
export interface ServerLimits {
  /** Bytes of a request's body. Default 64 MiB. */
  readonly bodyBytes: number;
  /** Bytes of the JSON of a request, where its tensors are binary or not. Default 16 MiB. */
  readonly jsonBytes: number;
  /** Objects and lists inside one another in that JSON. Default 16. */
  readonly jsonDepth: number;
  /** Bytes of all bodies that are held at once. Default 512 MiB. */
  readonly heldBytes: number;
  /** Bytes of the headers of a request. Default 16 KiB. */
  readonly headerBytes: number;
  /** Inputs, and outputs asked for, of a request. Default 16 of each. */
  readonly tensors: number;
  /** Images or rows of a request. Default 1024. */
  readonly rows: number;
  /** Pixels of an image, before it is decoded. Default 100 million. */
  readonly imagePixels: number;
  /** Requests of inference that are worked on at once. Default 256. */
  readonly requests: number;
  /** Requests of inference that wait beyond these; a further one is refused with 503. Default 256. */
  readonly queue: number;
  /** Open connections. Default 1024. */
  readonly connections: number;
  /** Milliseconds from the first byte of a request of inference to its answer. Default 60 000. */
  readonly requestMs: number;
  /** Milliseconds for the headers of a request. Default 10 000. */
  readonly headerMs: number;
  /** Milliseconds that an idle connection is kept. Default 10 000. */
  readonly keepAliveMs: number;
  /** Bytes a second that a body must come with, after `slowGraceMs`. Default 1024. */
  readonly bodyBytesPerSecond: number;
  /** Milliseconds before a slow body is cut off. Default 5000. */
  readonly slowGraceMs: number;
  /** Jobs over slides that are kept, running ones included. Default 256. */
  readonly slideJobs: number;
  /** Jobs over slides that run at once; others wait. Default 2. */
  readonly slidesAtOnce: number;
  /** Milliseconds that the outcome of a job over a slide is kept. Default one hour. */
  readonly slideJobMs: number;
}

/** Defaults of {@link ServerLimits}. */
export const defaultLimits: ServerLimits = Object.freeze({
  bodyBytes: 64 * 2 ** 20,
  jsonBytes: 16 * 2 ** 20,
  jsonDepth: 16,
  heldBytes: 512 * 2 ** 20,
  headerBytes: 16 * 2 ** 10,
  tensors: 16,
  rows: 1024,
  imagePixels: 100_000_000,
  requests: 256,
  queue: 256,
  connections: 1024,
  requestMs: 60_000,
  headerMs: 10_000,
  keepAliveMs: 10_000,
  bodyBytesPerSecond: 1024,
  slowGraceMs: 5000,
  slideJobs: 256,
  slidesAtOnce: 2,
  slideJobMs: 3_600_000,
});

/** A model to serve: a bundle, an .onnx file or a built-in name, which {@link loadModel} understands. */
export interface DescribedModel
  extends RuntimeOptions,
    ModelOptions,
    Pick<SlideScoreOptions, 'batchSize' | 'reproducible' | 'mpp' | 'level'> {
  /** In the addresses. Default: the name that the model has. */
  readonly name?: string;
  readonly model: string | Model;
  readonly tensors?: undefined;
}

/** An .onnx file that takes rows of tensors, and nothing else. */
export interface TensorModel extends RuntimeOptions, Pick<SlideScoreOptions, 'batchSize' | 'reproducible'> {
  /** In the addresses. */
  readonly name: string;
  /** Path of the .onnx file. */
  readonly tensors: string;
  /** What somebody declared of its inputs and outputs; the graph must agree. */
  readonly declared?: DeclaredTensors;
  readonly model?: undefined;
}

/** Inputs and outputs of a graph, as a configuration beside it says; -1 stands for any length. */
export interface DeclaredTensors {
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
}

/** One model of a server. */
export type ModelToServe = DescribedModel | TensorModel;

export interface ServerOptions {
  /** At least one. */
  readonly models: readonly ModelToServe[];
  /** Default 127.0.0.1: nobody outside this machine. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Who does not send it as `Authorization: Bearer TOKEN` is refused with 401, but at the two addresses of health. */
  readonly token?: string;
  /** Folder of the slides that jobs may name. Without it there are no jobs over slides. */
  readonly slides?: string;
  /** Milliseconds that a request waits for others to share a batch with. Default 2; 0: only those that come while others run. */
  readonly batchDelayMs?: number;
  /** Images or rows of one batch. Default: as many as the model's batch. 1: requests are not joined. */
  readonly batchRows?: number;
  readonly limits?: Partial<ServerLimits>;
  /** Told of what was answered with 500, for a log. */
  readonly onError?: (error: unknown) => void;
  /** Gives up the loading of the models. */
  readonly signal?: AbortSignal;
}

/** The same with every default filled in. */
export interface ParsedServerOptions {
  readonly models: readonly ModelToServe[];
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  readonly slides: string | null;
  readonly batchDelayMs: number;
  readonly batchRows: number | null;
  readonly limits: ServerLimits;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal | null;
}

const names = [
  'models',
  'host',
  'port',
  'token',
  'slides',
  'batchDelayMs',
  'batchRows',
  'limits',
  'onError',
  'signal',
] as const;

function whole(name: string, value: unknown, least: number, most: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw invalid(name, `a whole number from ${least} to ${most}`, value);
}

function limitsOf(given: unknown): ServerLimits {
  const told = record('limits', given ?? {}, Object.keys(defaultLimits));
  const limits: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(told)) {
    if (value === undefined) continue;
    // A queue may be empty, a rate may be none; nothing else of these may be nothing. 2^31 - 1 is the longest timer.
    const least = name === 'queue' || name === 'bodyBytesPerSecond' ? 0 : 1;
    limits[name] = whole(`limits.${name}`, value, least, name.endsWith('Ms') ? 2 ** 31 - 1 : 2 ** 40);
  }
  return Object.freeze(limits as unknown as ServerLimits);
}

/** Printable characters without a blank, as a header has them; long enough that nobody guesses it. */
function tokenOf(token: unknown): string | null {
  if (token === undefined) return null;
  if (typeof token === 'string' && /^[\x21-\x7e]{16,4096}$/.test(token)) return token;
  // The value is not shown: it may be the token with a blank in it.
  throw new MicrotomeError('INVALID_OPTION', 'options', 'the token is not 16 to 4096 visible ASCII characters', {
    advice: 'make one, such as with: openssl rand -hex 32',
  });
}

/** Throws INVALID_OPTION. */
export function parseServerOptions(options: ServerOptions): ParsedServerOptions {
  const o = record('options', options, names) as unknown as ServerOptions;
  if (!Array.isArray(o.models) || o.models.length === 0) throw invalid('models', 'at least one model', o.models);
  for (const text of ['host', 'slides'] as const)
    if (o[text] !== undefined && (typeof o[text] !== 'string' || o[text] === ''))
      throw invalid(text, 'a string that is not empty', o[text]);
  return Object.freeze({
    models: o.models,
    host: o.host ?? '127.0.0.1',
    port: whole('port', o.port ?? 0, 0, 65_535),
    token: tokenOf(o.token),
    slides: o.slides ?? null,
    batchDelayMs: whole('batchDelayMs', o.batchDelayMs ?? 2, 0, 1000),
    batchRows: o.batchRows === undefined ? null : whole('batchRows', o.batchRows, 1, 4096),
    limits: limitsOf(o.limits),
    onError: o.onError ?? (() => undefined),
    signal: o.signal ?? null,
  });
}
