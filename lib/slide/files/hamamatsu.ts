/**
 * Hamamatsu VMS and VMU: a text file that names the files of pixels beside it. A VMS slide is a grid of JPEG files, a VMU slide
 * one file of uncompressed pixels; both have a map, which is a small picture of the slide.
 */
import { dirname, join } from 'node:path';

import { mainAt, partAt, type FilePart, type SlideFileSystem } from './file-part.js';
import { fileName, notDescribed, readIni, textOf, wholeNumber, type Ini } from './ini.js';

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
  // OpenSlide takes such a file for a VMS slide whatever its name is, and the files that it then opens were not looked at.
  if (Object.values(kGroups).every((one) => ini.has(one)))
    throw notDescribed(path, 'it describes a VMS slide and a VMU slide');
  const named = (key: string): string => join(dirname(path), fileName(ini, path, group, key));
  const keys = ini.get(group);
  const images = imageKeys(ini, path, group, kind);
  if (kind === 'vmu') checkSamples(ini, path, group);
  const macro = keys?.has('MacroImage') ? ['MacroImage'] : [];
  const paths = new Set([...images, 'MapFile', ...macro].map(named));
  const parts: FilePart[] = [main];
  for (const part of paths) {
    signal?.throwIfAborted();
    parts.push(await partAt(part, path, fs));
  }
  // Only a help for finding rows of pixels: the slide is read without it too.
  if (keys?.get('OptimisationFile')) {
    const help = await partAt(named('OptimisationFile'), path, fs).catch(() => null);
    if (help !== null && !paths.has(help.path)) parts.push(help);
  }
  return { main, parts };
}

/** OpenSlide 4.0.1 ends the process where a VMU slide has other samples than these, or does not say what it has. */
function checkSamples(ini: Ini, path: string, group: string): void {
  wholeNumber(ini, path, group, 'BitsPerPixel', 36, 36);
  const order = textOf(ini, path, group, 'PixelOrder');
  if (order !== 'RGB')
    throw notDescribed(path, `PixelOrder of [${group}] is ${JSON.stringify(order.slice(0, 40))}, "RGB" was expected`);
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
