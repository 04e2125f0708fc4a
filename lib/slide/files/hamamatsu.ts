/**
 * Hamamatsu VMS and VMU: a text file that names the files of pixels beside it. A VMS slide is a grid of JPEG files, a VMU slide
 * one file of uncompressed pixels; both have a map, which is a small picture of the slide.
 */
import { dirname, join } from 'node:path';

import { mainAt, partAt, type FilePart, type SlideFileSystem } from './file-part.js';
import { fileName, notDescribed, readIni, wholeNumber, type Ini } from './ini.js';

export interface HamamatsuFiles {
  readonly main: FilePart;
  readonly parts: readonly FilePart[];
}

const kGroups = { vms: 'Virtual Microscope Specimen', vmu: 'Uncompressed Virtual Microscope Specimen' } as const;
const kMaxFiles = 10_000;
/** The first picture has no place in its name. */
const kImage = /^ImageFile(?:\((\d{1,5}),(\d{1,5})(?:,\d{1,5})?\))?$/;

/** Throws FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE, SLIDE_INCOMPLETE. */
export async function hamamatsuFiles(
  path: string,
  kind: 'vms' | 'vmu',
  fs: SlideFileSystem,
  signal: AbortSignal | null,
): Promise<HamamatsuFiles> {
  const main = await mainAt(path, fs);
  const ini = await readIni(path, path, fs, signal);
  const group = kGroups[kind];
  const named = (key: string): string => join(dirname(path), fileName(ini, path, group, key));
  const images = imageKeys(ini, path, group, kind);
  const paths = new Set([...images, 'MapFile', 'MacroImage'].map(named));
  const parts: FilePart[] = [main];
  for (const part of paths) {
    signal?.throwIfAborted();
    parts.push(await partAt(part, path, fs));
  }
  // Only a help for finding rows of pixels: the slide is read without it too.
  if (ini.get(group)?.get('OptimisationFile')) {
    const help = await partAt(named('OptimisationFile'), path, fs).catch(() => null);
    if (help !== null && !paths.has(help.path)) parts.push(help);
  }
  return { main, parts };
}

function imageKeys(ini: Ini, path: string, group: string, kind: 'vms' | 'vmu'): readonly string[] {
  const keys = [...(ini.get(group)?.keys() ?? [])].filter((key) => kImage.test(key));
  if (!keys.includes('ImageFile')) throw notDescribed(path, `ImageFile of [${group}] is not there`);
  if (keys.length > kMaxFiles) throw notDescribed(path, `it names more than ${kMaxFiles} files`);
  if (kind === 'vms') {
    const across = wholeNumber(ini, path, group, 'NoJpegColumns', 1, kMaxFiles);
    const down = wholeNumber(ini, path, group, 'NoJpegRows', 1, kMaxFiles);
    const layers = ini.get(group)?.has('NoLayers') ? wholeNumber(ini, path, group, 'NoLayers', 1, kMaxFiles) : 1;
    if (keys.length < across * down * layers) {
      throw notDescribed(
        path,
        `it names ${keys.length} files of pixels, and has ${across} columns and ${down} rows of them`,
      );
    }
  }
  return keys;
}
