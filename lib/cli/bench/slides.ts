/** The slides of a benchmark: the ones named, or ones drawn for it in a temporary folder. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ioFailure } from '../../runs/failure.js';
import { folderOf, slideNames } from '../../runs/slide-files.js';
import { UsageError } from '../usage-error.js';
import { drawShapes } from './distribution.js';
import { drawSlide, TilePalette } from './draw-slide.js';
import type { MeasuredSlide } from './measure.js';

export interface BenchSlides {
  readonly slides: readonly MeasuredSlide[];
  /** What they are, in words. */
  readonly what: string;
  /** Removes what was drawn. */
  remove(): Promise<void>;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw ioFailure(error, 'look at', path);
  }
}

/** Slides given by name, and all slides of folders given. */
export async function namedSlides(paths: readonly string[], command: string): Promise<BenchSlides> {
  const slides: MeasuredSlide[] = [];
  for (const path of paths) {
    if (!(await isFolder(path))) slides.push({ path, mpp: null });
    else {
      const folder = await folderOf(path);
      slides.push(...(await slideNames(folder)).map((name) => ({ path: join(folder, name), mpp: null })));
    }
  }
  if (slides.length === 0) throw new UsageError('there is no slide in the folder', command);
  return { slides, what: 'slides given', remove: async () => undefined };
}

export interface DrawOptions {
  readonly count: number;
  readonly seed: number;
  readonly shrink: number;
  readonly signal: AbortSignal;
}

/** Slides of the published sizes, tissue shares and resolutions, divided by `shrink` in width and height. */
export async function drawnSlides({ count, seed, shrink, signal }: DrawOptions): Promise<BenchSlides> {
  const folder = await mkdtemp(join(tmpdir(), 'microtome-bench-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const palette = new TilePalette();
    const slides: MeasuredSlide[] = [];
    for (const [i, shape] of drawShapes(count, seed, shrink).entries()) {
      signal.throwIfAborted();
      const path = join(folder, `slide-${i}.tif`);
      await drawSlide(path, shape, palette);
      slides.push({ path, mpp: shape.mpp });
    }
    const what = `slides drawn to the sizes and tissue shares of the VisioMel set, 1/${shrink} as wide and high`;
    return { slides, what, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
