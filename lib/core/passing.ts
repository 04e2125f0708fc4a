/** Failures that may be gone in a while, or on another machine. */
import { MicrotomeError, type ErrorCode } from './errors.js';

const kPassing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'DEADLINE',
  'DEVICE_LOST',
  'DEVICE_UNAVAILABLE',
  'DISK_FULL',
  'NETWORK',
  'OUT_OF_MEMORY',
  'OUTPUT_LOCKED',
]);

/** Of a file system that had a bad moment; what is not readable for want of a permission stays so. */
const kPassingErrnos: ReadonlySet<string> = new Set([
  'EIO',
  'ESTALE',
  'ETIMEDOUT',
  'EAGAIN',
  'EBUSY',
  'EMFILE',
  'ENFILE',
]);

const kMostCauses = 8;

export function isPassing(error: unknown): boolean {
  if (!(error instanceof MicrotomeError)) return false;
  if (kPassing.has(error.code)) return true;
  let cause: unknown = error.cause;
  for (let depth = 0; depth < kMostCauses && typeof cause === 'object' && cause !== null; ++depth) {
    const { code, cause: next } = cause as { readonly code?: unknown; readonly cause?: unknown };
    if (typeof code === 'string' && kPassingErrnos.has(code)) return true;
    cause = next;
  }
  return false;
}
