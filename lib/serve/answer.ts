/** Answers: JSON, and JSON with binary tensors behind it. */

import type { ServerResponse } from 'node:http';

import { headerLengthName, type InferResponseJson } from '../client/protocol.js';
import type { HttpError } from './http-error.js';
import type { InferRequest } from './infer-request.js';
import { modelVersion, type Inferred } from './served-model.js';
import { encodeOutput } from './tensor-data.js';

type Headers = Readonly<Record<string, string>>;

function send(response: ServerResponse, status: number, headers: Headers, body: Uint8Array | string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-length': String(typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength),
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Headers = {}): void {
  send(response, status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}

export function sendText(response: ServerResponse, contentType: string, text: string): void {
  send(response, 200, { 'content-type': contentType }, text);
}

export function sendError(response: ServerResponse, { status, message, headers }: HttpError): void {
  sendJson(response, status, { error: message }, headers);
}

/** The outputs that the request names, or all; each in the JSON or behind it, as the request says. */
export function sendInferred(
  response: ServerResponse,
  model: string,
  request: InferRequest,
  { outputs, notes }: Inferred,
): void {
  const isBinary = (name: string): boolean =>
    request.outputs?.find((one) => one.name === name)?.isBinary ?? request.isBinary;
  const encoded = outputs.map((output) => encodeOutput(output, isBinary(output.name)));
  const json: InferResponseJson = {
    model_name: model,
    model_version: modelVersion,
    ...(request.id === null ? {} : { id: request.id }),
    ...(notes.length === 0 ? {} : { parameters: { notes: JSON.stringify(notes) } }),
    outputs: encoded.map((one) => one.json),
  };
  const tensors = encoded.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));
  if (tensors.length === 0) {
    sendJson(response, 200, json);
    return;
  }
  const head = Buffer.from(JSON.stringify(json));
  const headers = { 'content-type': 'application/octet-stream', [headerLengthName]: String(head.byteLength) };
  send(response, 200, headers, Buffer.concat([head, ...tensors]));
}
