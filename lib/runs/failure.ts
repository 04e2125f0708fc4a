/** The errors of the submission files, made in one place so that each says file, line, what was found and what to do. */
import { MicrotomeError, type Stage } from '../core/errors.js';
import { shownPath } from '../core/remote-address.js';
import { errnoOf } from './file-system.js';

/** `line` is 1-based; null where the whole file is to blame. */
export function csvInvalid(path: string, line: number | null, found: string, advice?: string): MicrotomeError {
  const where = line === null ? path : `${path}:${line}`;
  return new MicrotomeError('CSV_INVALID', 'csv', `${where}: ${found}`, { path, advice });
}

/**
 * A system error while doing `verb` ('read', 'write', …) to `path`; our own errors pass through. `stage` is `slide` where
 * the path is that of a slide or of their folder.
 */
export function ioFailure(error: unknown, verb: string, given: string, stage: Stage = 'csv'): MicrotomeError {
  if (error instanceof MicrotomeError) return error;
  const errno = errnoOf(error);
  const path = shownPath(given);
  // An error of the system repeats what was given, as it was given.
  const details = path === given ? { path, cause: error } : { path };
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new MicrotomeError('DISK_FULL', stage, `cannot ${verb} ${path}: no space left (${errno})`, details);
  }
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new MicrotomeError(
      'FILE_NOT_FOUND',
      stage,
      `cannot ${verb} ${path}: no such file or folder (${errno})`,
      details,
    );
  }
  const reason = errno === '' ? String(error) : errno;
  return new MicrotomeError('FILE_UNREADABLE', stage, `cannot ${verb} ${path}: ${reason}`, details);
}
