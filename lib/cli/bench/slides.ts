/** The slides of a benchmark: the files that were named, and the slides of the folders that were named. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathOf } from '../../core/file-url.js';
import { ioFailure } from '../../runs/failure.js';
import { folderOf, slideNames } from '../../runs/slide-files.js';
import { UsageError } from '../usage-error.js';

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw ioFailure(error, 'look at', path);
  }
}

/** Throws UsageError where there is no slide at all. */
export async function namedSlides(paths: readonly string[], command: string): Promise<readonly string[]> {
  if (paths.length === 0) throw new UsageError('no slide was given; pass slides or a folder of slides', command);
  const slides: string[] = [];
  for (const path of paths.map(pathOf)) {
    if (!(await isFolder(path))) slides.push(path);
    else {
      const folder = await folderOf(path);
      slides.push(...(await slideNames(folder)).map((name) => join(folder, name)));
    }
  }
  if (slides.length === 0) throw new UsageError('the folder has no slide', command);
  return slides;
}
