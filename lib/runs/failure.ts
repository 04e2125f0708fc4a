/** The errors of the submission files, made in one place so that each says file, line, what was found and what to do. */
import { MicrotomeError } from '../core/errors.js';
import { errnoOf } from './file-system.js';

/** `line` is 1-based; null where the whole file is to blame. */
export function csvInvalid(path: string, line: number | null, found: string, advice?: string): MicrotomeError {
  const where = line === null ? path : `${path}:${line}`;
  return new MicrotomeError('CSV_INVALID', 'csv', `${where}: ${found}`, { path, advice });
}

/** A system error while doing `verb` ('read', 'write', …) to `path`; our own errors pass through. */
export function ioFailure(error: unknown, verb: string, path: string): MicrotomeError {
  if (error instanceof MicrotomeError) return error;
  const errno = errnoOf(error);
  const details = { path, cause: error };
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new MicrotomeError('DISK_FULL', 'csv', `cannot ${verb} ${path}: no space left (${errno})`, details);
  }
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new MicrotomeError(
      'FILE_NOT_FOUND',
      'csv',
      `cannot ${verb} ${path}: no such file or folder (${errno})`,
      details,
    );
  }
  const reason = errno === '' ? String(error) : errno;
  return new MicrotomeError('FILE_UNREADABLE', 'csv', `cannot ${verb} ${path}: ${reason}`, details);
}
