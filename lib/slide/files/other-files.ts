/** The files of a slide beside the one that is opened: they are checked first, and watched while the slide is open. */
import { resolve } from 'node:path';

import { checkedFilesOfSlide } from './slide-files.js';

/**
 * Absolute paths; empty for a slide of one file.
 *
 * @throws NOT_A_SLIDE, SLIDE_INCOMPLETE, TRUNCATED, LIMIT_EXCEEDED, FILE_UNREADABLE.
 */
export async function otherFiles(path: string, signal: AbortSignal | null): Promise<readonly string[]> {
  const files = await checkedFilesOfSlide(path, { signal });
  if (files === null) return [];
  return files.parts
    .filter((part) => resolve(part.path) !== resolve(files.main.path))
    .map((part) => resolve(part.path));
}
