/**
 * What goes wrong between here and a store, as errors of ours. No error holds what a server or a library wrote in words:
 * a message from there may repeat a signature, a token or a request with its headers. Only status numbers and names of
 * errors are taken over.
 */
import { MicrotomeError, type ErrorCode, type Stage } from '../core/errors.js';

/** One try that failed; caught in retry.ts, never seen outside. */
export class TryFailed extends Error {
  constructor(
    /** Such as `the server answered 503`. */
    readonly found: string,
    readonly facts: {
      /** Another try may work. */
      readonly again: boolean;
      /** Of the answer. */
      readonly status?: number;
      /** The credentials were refused: others may work. */
      readonly denied?: boolean;
      /** They were right, and are too old. */
      readonly expired?: boolean;
      /** What the server asks to wait. */
      readonly retryAfterMs?: number | null;
      readonly code?: ErrorCode;
      readonly advice?: string;
    },
  ) {
    super(found);
  }
}

const kName = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;

/** The name of an error of the system, of Node.js or of a store; a text that is no name is left out. */
export function nameOf(error: unknown): string {
  const { code, name, Code } = (error ?? {}) as Record<string, unknown>;
  const known = [code, Code, name].find((one) => typeof one === 'string' && kName.test(one) && one !== 'Error');
  return typeof known === 'string' ? known : 'unknown error';
}

const accessAdvice =
  'check the credentials and what they allow; a signed address may have expired, and then needs to be signed again';

/** `name`: what the store calls its error. */
export function ofStatus(status: number, name: string | null, retryAfterMs: number | null): TryFailed {
  const found = `the server answered ${status}${name === null ? '' : ` (${name})`}`;
  if (status === 429 || status === 408 || status >= 500 || name === 'SlowDown' || name === 'RequestTimeout')
    return new TryFailed(found, { again: true, status, retryAfterMs });
  const isExpired = name !== null && /^(?:Expired|InvalidToken|TokenRefreshRequired|RequestExpired)/.test(name);
  if (status === 401 || status === 403 || isExpired)
    return new TryFailed(found, { again: false, status, denied: true, expired: isExpired, advice: accessAdvice });
  if (status === 404 || status === 410) {
    return new TryFailed(found, {
      again: false,
      status,
      code: 'FILE_NOT_FOUND',
      advice: 'check the address; a folder of a bucket ends with a slash',
    });
  }
  return new TryFailed(found, { again: false, status });
}

/** The connection was refused, broke off, or never came about. */
export function ofConnection(error: unknown): TryFailed {
  return new TryFailed(`the connection failed (${nameOf(error)})`, { again: true });
}

/** `tries`: how often it was tried. `shown` is the address without its query. */
export function remoteFailure(failed: TryFailed, shown: string, tries: number, stage: Stage = 'slide'): MicrotomeError {
  const { code = 'NETWORK', advice } = failed.facts;
  const often = tries > 1 ? `, ${tries} times` : '';
  return new MicrotomeError(code, stage, `${shown}: ${failed.found}${often}`, { path: shown, advice });
}

export function changedObject(shown: string, found: string): MicrotomeError {
  return new MicrotomeError('FILE_UNREADABLE', 'slide', `${shown} was replaced while it was read: ${found}`, {
    path: shown,
    advice: 'wait until nobody writes it any more, and score it again',
  });
}

export function networkError(shown: string, found: string, advice?: string): MicrotomeError {
  return new MicrotomeError('NETWORK', 'slide', `${shown}: ${found}`, { path: shown, advice });
}
