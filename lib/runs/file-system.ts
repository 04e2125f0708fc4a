/**
 * The file operations of this folder, as one injectable seam: the tests make single calls fail (disk full, rename
 * refused) or stall, and watch what is left behind. Everything else uses the real file system.
 */
import * as fsp from 'node:fs/promises';

export type FileSystem = Pick<
  typeof fsp,
  'open' | 'link' | 'rename' | 'unlink' | 'lstat' | 'stat' | 'realpath' | 'readdir' | 'opendir' | 'utimes'
>;

export const realFileSystem: FileSystem = fsp;

/** The errno name of a system error, or an empty string. */
export function errnoOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
}
