/** The exit codes. Scripts rely on the numbers. */
import { MicrotomeError, type ErrorCode } from '../index.js';
import { UsageError } from './usage-error.js';

export const exitCode = {
  ok: 0,
  /** The work began and could not be finished, or there is a bug. */
  internal: 1,
  /** The command line, the model, the device or the place of the output is wrong; no slide was scored. */
  usage: 2,
  /** Finished, but some slides failed; their rows hold the fallback value, not a score, or were left out on request. */
  fallback: 3,
  /** An input file was refused before the first slide was scored; nothing was written. */
  refused: 4,
  /** One shard of a run: what it alone reads cannot be scored, and nothing stands in for it. Again would be the same. */
  shardInput: 5,
  /** One shard of a run: what went wrong may be gone in a while, or on another machine. EX_TEMPFAIL of sysexits.h. */
  tryAgain: 75,
  interrupted: 130,
} as const;

const kByCode: Readonly<Record<ErrorCode, number>> = {
  FILE_NOT_FOUND: exitCode.refused,
  FILE_UNREADABLE: exitCode.refused,
  NOT_A_SLIDE: exitCode.refused,
  IMAGES_INVALID: exitCode.refused,
  DRIVER_MISSING: exitCode.refused,
  SLIDE_INCOMPLETE: exitCode.refused,
  SLIDE_CHANGED: exitCode.refused,
  UNSUPPORTED_COMPRESSION: exitCode.refused,
  UNSUPPORTED_PIXELS: exitCode.refused,
  TRUNCATED: exitCode.refused,
  CORRUPT_TILE: exitCode.refused,
  LIMIT_EXCEEDED: exitCode.refused,
  MPP_UNKNOWN: exitCode.refused,
  NO_TISSUE: exitCode.refused,
  CSV_INVALID: exitCode.refused,
  CLINICAL_MISSING: exitCode.refused,
  CLINICAL_INVALID: exitCode.refused,
  CLINICAL_UNKNOWN: exitCode.refused,
  NETWORK: exitCode.refused,
  ROWS_MISMATCH: exitCode.refused,
  RESUME_REFUSED: exitCode.refused,
  SHARD_CONFLICT: exitCode.usage,
  SHARD_MISSING: exitCode.refused,
  LEVEL_OUT_OF_RANGE: exitCode.usage,
  MODEL_INVALID: exitCode.usage,
  MODEL_MISMATCH: exitCode.usage,
  RUNTIME_MISSING: exitCode.usage,
  DEVICE_UNAVAILABLE: exitCode.usage,
  UNSUPPORTED_PLATFORM: exitCode.usage,
  INVALID_OPTION: exitCode.usage,
  PIPELINE_INVALID: exitCode.refused,
  STEP_FAILED: exitCode.internal,
  OUTPUT_EXISTS: exitCode.usage,
  OUTPUT_LOCKED: exitCode.usage,
  OUTPUT_NOT_FINITE: exitCode.internal,
  OUTPUT_OUT_OF_RANGE: exitCode.internal,
  OUTPUT_SHAPE: exitCode.internal,
  DEVICE_LOST: exitCode.internal,
  OUT_OF_MEMORY: exitCode.internal,
  DISK_FULL: exitCode.internal,
  CLUSTER_REFUSED: exitCode.usage,
  JOB_FAILED: exitCode.internal,
  CANCELLED: exitCode.internal,
  DEADLINE: exitCode.internal,
  INTERNAL: exitCode.internal,
};

/** `workDone`: at least one slide was finished, so that "refused before the first slide was scored" would not be true. */
export function exitCodeOf(error: unknown, workDone = false): number {
  if (error instanceof UsageError) return exitCode.usage;
  if (!(error instanceof MicrotomeError) || workDone) return exitCode.internal;
  // Where the model is not there, the command line is wrong, not an input file.
  const isModel = error.stage === 'infer' && (error.code === 'FILE_NOT_FOUND' || error.code === 'FILE_UNREADABLE');
  return isModel ? exitCode.usage : kByCode[error.code];
}
