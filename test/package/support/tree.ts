// What lies in a folder: to see that a process left nothing behind.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file, folder and link below `dir`, with size and time of change, sorted. */
export async function listTree(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true });
  const rows = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await lstat(join(dir, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
  return rows.sort();
}
