/** Writes a file whole or not at all: a new file beside its place, synced and renamed. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { MicrotomeError } from '../index.js';

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw failed(error, path);
    },
  );
}

/** Throws DISK_FULL, FILE_NOT_FOUND (the folder is not there), FILE_UNREADABLE. */
export async function writeFileWhole(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw failed(error, path);
  }
}

function failed(error: unknown, path: string): MicrotomeError {
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  const found = `cannot write ${path}: ${reason}`;
  const details = { path, cause: error };
  if (reason === 'ENOSPC' || reason === 'EDQUOT') return new MicrotomeError('DISK_FULL', 'csv', found, details);
  const code = reason === 'ENOENT' || reason === 'ENOTDIR' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
  return new MicrotomeError(code, 'csv', found, details);
}
