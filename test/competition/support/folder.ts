/** A temporary folder with files. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Gone when the test has finished. */
export async function folderOf(files: Readonly<Record<string, Uint8Array | string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'microtome-pack-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return folder;
}
