/** The exit codes of one shard of a run: what an engine that starts shards again must know. docs/guide/many-machines.md. */
import { isPassing } from '../core/passing.js';
import { MicrotomeError, type ErrorCode } from '../index.js';
import { exitCode, exitCodeOf } from './exit-codes.js';

/** Of this shard alone: its journal, its slides, its files. */
const kOwn: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OUTPUT_EXISTS', 'RESUME_REFUSED']);

/** `isOfRow`: what failed is a slide or an image, and nothing stands in for it. */
export function shardExitCodeOf(error: unknown, isOfRow: boolean): number {
  if (!(error instanceof MicrotomeError)) return exitCodeOf(error);
  if (isPassing(error)) return exitCode.tryAgain;
  return isOfRow || kOwn.has(error.code) ? exitCode.shardInput : exitCodeOf(error);
}
