/** What each address does. */

import type { IncomingMessage, ServerResponse } from 'node:http';

import { headerLengthName, type ServerMetadata } from '../client/protocol.js';
import { unlessAborted } from '../core/cancel.js';
import { MicrotomeError } from '../core/errors.js';
import { toolVersion } from '../core/version.js';
import { sendInferred, sendJson, sendText } from './answer.js';
import { readBody, type HeldBytes } from './body.js';
import type { Gate } from './gate.js';
import { badRequest, HttpError } from './http-error.js';
import { parseInferRequest } from './infer-request.js';
import { parseJsonObject } from './json-bytes.js';
import type { ServerMetrics } from './metrics.js';
import type { ServerLimits } from './options.js';
import { checkContentType, type Route } from './router.js';
import { modelVersion, type ServedModel } from './served-model.js';
import type { SlideJobs } from './slide-jobs.js';

/** What the handlers share. */
export interface Serving {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly limits: ServerLimits;
  readonly gate: Gate;
  readonly held: HeldBytes;
  readonly metrics: ServerMetrics;
  /** Null: no folder of slides was given. */
  readonly jobs: SlideJobs | null;
  readonly isStopping: () => boolean;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the client has gone, or the time is over. */
  readonly signal: AbortSignal;
}

const extensions = ['binary_tensor_data', 'model_repository', 'microtome_encoded_images'];

function serverMetadata({ jobs }: Serving): ServerMetadata {
  const all = jobs === null ? extensions : [...extensions, 'microtome_slides'];
  return { name: 'microtome', version: toolVersion, extensions: all };
}

function modelOf({ models }: Serving, name: string): ServedModel {
  const model = models.get(name);
  if (model === undefined) throw new HttpError(404, `there is no model ${JSON.stringify(name.slice(0, 200))}`);
  return model;
}

/** New work is refused while the server ends. */
function requireOpen({ isStopping }: Serving): void {
  if (isStopping()) throw new HttpError(503, 'the server is stopping', { connection: 'close', 'retry-after': '1' });
}

async function infer(serving: Serving, model: ServedModel, { request, response, signal }: Exchange): Promise<void> {
  requireOpen(serving);
  checkContentType(request.headers['content-type']);
  const leave = await serving.gate.enter(signal);
  try {
    const ignore = (late: { release(): void }): void => late.release();
    const body = await unlessAborted(signal, readBody(request, serving.limits, serving.held), ignore);
    try {
      const asked = parseInferRequest(body.bytes, request.headers[headerLengthName], serving.limits);
      const inferred = await model.infer(asked, signal);
      serving.metrics.inferred(model.name, inferred.rows);
      sendInferred(response, model.name, asked, inferred);
    } finally {
      body.release();
    }
  } finally {
    leave();
  }
}

function jobsOf({ jobs }: Serving): SlideJobs {
  if (jobs === null) throw new HttpError(404, 'this server was given no folder of slides');
  return jobs;
}

async function addSlide(serving: Serving, model: ServedModel, { request, response, signal }: Exchange): Promise<void> {
  requireOpen(serving);
  checkContentType(request.headers['content-type']);
  const jobs = jobsOf(serving);
  const small = { ...serving.limits, bodyBytes: Math.min(serving.limits.bodyBytes, 64 * 1024) };
  const body = await unlessAborted(signal, readBody(request, small, serving.held), (late) => late.release());
  let path: unknown;
  try {
    ({ path } = parseJsonObject(body.bytes, serving.limits));
  } finally {
    body.release();
  }
  if (typeof path !== 'string') throw badRequest('the path of the slide is missing: {"path": "folder/slide.tif"}');
  const { slides } = model.engine;
  if ('cannot' in slides) throw badRequest(`the model ${model.name} scores no slides`);
  const job = await jobs.add(model.name, slides.can, path);
  const location = `/v2/models/${encodeURIComponent(model.name)}/slides/${job.id}`;
  sendJson(response, 202, job, { location });
}

function indexOf({ models }: Serving): readonly object[] {
  return [...models.keys()].map((name) => ({ name, version: modelVersion, state: 'READY', reason: '' }));
}

/** Rejects with an HttpError, or with what is no fault of the client. */
export async function handle(serving: Serving, route: Route, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  switch (route.kind) {
    case 'live':
      return sendJson(response, 200, { live: true });
    case 'ready':
      return sendJson(response, serving.isStopping() ? 503 : 200, { ready: !serving.isStopping() });
    case 'server':
      return sendJson(response, 200, serverMetadata(serving));
    case 'metrics':
      return sendText(response, serving.metrics.contentType, await serving.metrics.text());
    case 'index':
      return sendJson(response, 200, indexOf(serving));
    case 'model':
      return sendJson(response, 200, modelOf(serving, route.model).metadata);
    case 'model-ready':
      modelOf(serving, route.model);
      return sendJson(response, serving.isStopping() ? 503 : 200, { name: route.model, ready: !serving.isStopping() });
    case 'infer':
      return infer(serving, modelOf(serving, route.model), exchange);
    case 'slides':
      return addSlide(serving, modelOf(serving, route.model), exchange);
    case 'slide': {
      modelOf(serving, route.model);
      const jobs = jobsOf(serving);
      const job = request.method === 'DELETE' ? jobs.cancel(route.model, route.id) : jobs.get(route.model, route.id);
      return sendJson(response, 200, job);
    }
  }
}

/** What a client is told of an error that is none of its own. */
export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const code = error instanceof MicrotomeError ? error.code : 'INTERNAL';
  if (code === 'OUT_OF_MEMORY' || code === 'LIMIT_EXCEEDED')
    return new HttpError(503, `${code}: the server has no memory for this now`, { 'retry-after': '1' });
  if (code === 'CANCELLED') return new HttpError(503, 'the work was given up: the server is stopping');
  return new HttpError(500, `${code}: an error of the server`);
}
