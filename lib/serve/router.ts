/** Addresses to what they mean. */

import { badRequest, HttpError } from './http-error.js';
import { modelVersion } from './served-model.js';

export type Route =
  | { readonly kind: 'server' | 'live' | 'ready' | 'metrics' | 'index' }
  | { readonly kind: 'model' | 'model-ready' | 'infer' | 'slides'; readonly model: string }
  | { readonly kind: 'slide'; readonly model: string; readonly id: string };

const longestPath = 4096;

function notFound(): HttpError {
  return new HttpError(404, 'there is nothing at this address; /v2 tells what this server is');
}

function segmentsOf(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1);
  if (path.length > longestPath || !path.startsWith('/')) throw badRequest('the address is not a path of this server');
  try {
    return path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw badRequest('the address has an escape that is none');
  }
}

function modelRoute(model: string, rest: readonly string[]): Route | null {
  const [first, second, ...more] = rest;
  if (first === 'versions') {
    if (second !== modelVersion) throw new HttpError(404, `every model has the version ${modelVersion} only`);
    return modelRoute(model, more[0] === 'versions' ? ['?'] : more);
  }
  if (first === undefined) return { kind: 'model', model };
  if (first === 'slides' && second !== undefined && more.length === 0) return { kind: 'slide', model, id: second };
  if (second !== undefined) return null;
  if (first === 'ready') return { kind: 'model-ready', model };
  return first === 'infer' || first === 'slides' ? { kind: first, model } : null;
}

function find([root, ...rest]: readonly string[]): Route | null {
  const path = rest.join('/');
  if (root === 'metrics') return path === '' && rest.length === 0 ? { kind: 'metrics' } : null;
  if (root !== 'v2') return null;
  if (rest.length === 0 || path === '') return { kind: 'server' };
  if (path === 'health/live') return { kind: 'live' };
  if (path === 'health/ready') return { kind: 'ready' };
  if (path === 'repository/index') return { kind: 'index' };
  const [models, model, ...more] = rest;
  return models === 'models' && model !== undefined && model !== '' ? modelRoute(model, more) : null;
}

const methods: Readonly<Record<Route['kind'], readonly string[]>> = {
  server: ['GET', 'HEAD'],
  live: ['GET', 'HEAD'],
  ready: ['GET', 'HEAD'],
  metrics: ['GET', 'HEAD'],
  index: ['POST'],
  model: ['GET', 'HEAD'],
  'model-ready': ['GET', 'HEAD'],
  infer: ['POST'],
  slides: ['POST'],
  slide: ['GET', 'HEAD', 'DELETE'],
};

/** Throws an HttpError: 400, 404, 405. */
export function routeOf(method: string, url: string): Route {
  const route = find(segmentsOf(url));
  if (route === null) throw notFound();
  const allowed = methods[route.kind];
  if (allowed.includes(method)) return route;
  throw new HttpError(405, `this address takes ${allowed.join(', ')}`, { allow: allowed.join(', ') });
}

/** Throws 415 for a body that says that it is something else. Tensors may come without a type, as Triton's client sends them. */
export function checkContentType(header: string | undefined): void {
  const [type = ''] = (header ?? '').split(';', 1);
  if (['', 'application/json', 'application/octet-stream'].includes(type.trim().toLowerCase())) return;
  throw new HttpError(415, 'the body must be application/json, or application/octet-stream with binary tensors');
}
