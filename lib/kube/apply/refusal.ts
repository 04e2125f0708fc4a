/** What the API server says when it does not do what it was asked. */
import { MicrotomeError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { looksLikeCredential } from '../checks/credential-words.js';
import type { ApiResponse } from './cluster.js';

const kAdvice: Readonly<Record<number, string>> = {
  401: 'the cluster does not know this user: renew the credentials of the kubeconfig',
  403: 'ask for the right that is named',
  404: 'install what has this kind (see docs/guide/kubernetes.md), or correct the namespace',
  409: 'another program changed the same fields: pass force, or give the object another name',
  422: 'correct the manifest; a Job that is there cannot be changed: leave its name out, or give it another one',
};

/** Text of the cluster: on one line, short, and never a credential. */
export function clusterText(value: unknown): string {
  if (typeof value !== 'string') return '';
  if (looksLikeCredential(value)) return '(not shown: it looks like a credential)';
  const text = printable(value.trim());
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
}

/** The error for an answer that is none of success. */
export function refusalOf({ status, body }: ApiResponse, what: string): MicrotomeError {
  const { reason, message } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const said = clusterText(message) || clusterText(body) || 'no reason was given';
  const found = `${what}: ${status}${typeof reason === 'string' ? ` ${clusterText(reason)}` : ''}: ${said}`;
  // Server-side apply says 500 of a field that the kind does not have.
  const isBusy = status === 429 || (status >= 500 && !said.includes('field not declared in schema'));
  return new MicrotomeError(isBusy ? 'NETWORK' : 'CLUSTER_REFUSED', 'options', found, {
    advice: isBusy ? 'the API server is not well or too busy: try again' : (kAdvice[status] ?? 'correct the manifest'),
  });
}
