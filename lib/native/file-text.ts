/** What tells one library from another: part of what a score depends on. */

import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/** The name of the real file has the version, and the size tells builds of one version apart. Opens nothing. */
export async function fileText(path: string): Promise<string> {
  if (path === '') return 'not installed';
  try {
    return `${basename(await realpath(path))}, ${(await stat(path)).size} bytes`;
  } catch {
    return `${basename(path)}, not readable`;
  }
}
