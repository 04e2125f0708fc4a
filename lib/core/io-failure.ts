/** Errors of the file system, as the pack command reports them. */
import { MicrotomeError } from './errors.js';

/** A system error while doing `verb` ('read', 'write') to `path`. Our own errors and everything that is no system error pass through. */
export function ioFailure(error: unknown, verb: string, path: string): unknown {
  const errno = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (error instanceof MicrotomeError || errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return error;
  const details = { path, cause: error };
  const found = `cannot ${verb} ${path}: ${errno}`;
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new MicrotomeError('DISK_FULL', 'options', found, {
      ...details,
      advice: 'free some space, then pack again',
    });
  const isMissing = errno === 'ENOENT' || errno === 'ENOTDIR';
  return new MicrotomeError(isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', 'options', found, details);
}
