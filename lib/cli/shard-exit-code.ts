/** The exit codes of one shard of a run: what an engine that starts shards again must know. docs/guide/many-machines.md. */
import { MicrotomeError, type ErrorCode } from '../index.js';
import { exitCode, exitCodeOf } from './exit-codes.js';

/** Gone in a while, or on another machine. */
const kPassing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'DEADLINE',
  'DEVICE_LOST',
  'DEVICE_UNAVAILABLE',
  'DISK_FULL',
  'NETWORK',
  'OUT_OF_MEMORY',
  'OUTPUT_LOCKED',
]);

/** Of this shard alone: its journal, its slides, its files. */
const kOwn: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OUTPUT_EXISTS', 'RESUME_REFUSED']);

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

/** `isOfRow`: what failed is a slide or an image, and nothing stands in for it. */
export function shardExitCodeOf(error: unknown, isOfRow: boolean): number {
  if (!(error instanceof MicrotomeError)) return exitCodeOf(error);
  if (kPassing.has(error.code) || kPassingErrnos.has(errnoOf(error.cause))) return exitCode.tryAgain;
  return isOfRow || kOwn.has(error.code) ? exitCode.shardInput : exitCodeOf(error);
}

function errnoOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null ? (cause as { readonly code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}
