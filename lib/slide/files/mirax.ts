/**
 * MIRAX: `NAME.mrxs`, and beside it the folder `NAME` with Slidedat.ini, which names the index and the files of pixels.
 */
import { basename, dirname, join } from 'node:path';

import { mainAt, partAt, type FilePart, type SlideFileSystem } from './file-part.js';
import { fileName, notDescribed, readIni, textOf, wholeNumber, type Ini } from './ini.js';

/** What of Slidedat.ini the checks need. */
export interface MiraxFacts {
  readonly slideId: string;
  readonly index: FilePart;
  /** Files of pixels, in the order of their numbers. */
  readonly data: readonly FilePart[];
  /** How many levels the index lists. */
  readonly levels: number;
}

export interface MiraxFiles {
  readonly main: FilePart;
  readonly parts: readonly FilePart[];
  readonly facts: MiraxFacts;
}

const kGeneral = 'GENERAL';
const kHierarchy = 'HIERARCHICAL';
const kDataFile = 'DATAFILE';
const kMaxFiles = 10_000;
/** Both numbers of images together: what OpenSlide makes room for at once. */
const kMaxImages = 2 ** 26;
/** Of one image of a level, in pixels: OpenSlide multiplies them as 32 bits and ends the process where it has no room. */
const kMaxImageSide = 65_535;
const kMaxImagePx = 2 ** 26;
/** Images that a camera takes at one place, along one side. */
const kMaxDivisions = 1024;
/** Sum of the exponents of 2 by which the levels are reduced; OpenSlide shifts an integer of 32 bits by it. */
const kMaxReduction = 30;
const kZoomLevels = 'Slide zoom level';
const kMaxHierarchies = 64;
const kMaxLevels = 64;

/** The folder of the slide's other files: the path of the slide without its ending. */
export function miraxFolder(path: string): string {
  return join(dirname(path), basename(path).slice(0, -'.mrxs'.length));
}

export const miraxDescription = 'Slidedat.ini';

/** Throws FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE, SLIDE_INCOMPLETE. */
export async function miraxFiles(path: string, fs: SlideFileSystem, signal: AbortSignal | null): Promise<MiraxFiles> {
  const main = await mainAt(path, fs);
  const folder = miraxFolder(path);
  const description = await partAt(join(folder, miraxDescription), path, fs);
  const ini = await readIni(description.path, path, fs, signal);
  checkImages(ini, description.path);
  const index = await partAt(join(folder, fileName(ini, description.path, kHierarchy, 'INDEXFILE')), path, fs);
  const count = wholeNumber(ini, description.path, kDataFile, 'FILE_COUNT', 1, kMaxFiles);
  const data: FilePart[] = [];
  for (let i = 0; i < count; ++i) {
    signal?.throwIfAborted();
    data.push(await partAt(join(folder, fileName(ini, description.path, kDataFile, `FILE_${i}`)), path, fs));
  }
  const slideId = textOf(ini, description.path, kGeneral, 'SLIDE_ID');
  const facts = { slideId, index, data, levels: levelsOf(ini, description.path) };
  // One file may be named twice.
  const parts = [...new Map([main, description, index, ...data].map((part) => [part.path, part])).values()];
  return { main, parts, facts };
}

/** Sizes that OpenSlide multiplies before it looks at them: where it cannot have the memory, it ends the process. */
function checkImages(ini: Ini, path: string): void {
  const across = wholeNumber(ini, path, kGeneral, 'IMAGENUMBER_X', 1, kMaxImages);
  const down = wholeNumber(ini, path, kGeneral, 'IMAGENUMBER_Y', 1, kMaxImages);
  if (across * down > kMaxImages)
    throw notDescribed(path, `it has ${across} by ${down} images, at most ${kMaxImages} are read`);
  numberIfThere(ini, path, kGeneral, 'CameraImageDivisionsPerSide', 1, kMaxDivisions);
  for (const group of ini.keys()) {
    const width = numberIfThere(ini, path, group, 'DIGITIZER_WIDTH', 1, kMaxImageSide) ?? 1;
    const height = numberIfThere(ini, path, group, 'DIGITIZER_HEIGHT', 1, kMaxImageSide) ?? 1;
    if (width * height > kMaxImagePx)
      throw notDescribed(path, `the images of [${group}] have ${width} by ${height} pixels`);
  }
}

/** OpenSlide itself refuses a slide where one of these is not there and should be. Null: not there. */
function numberIfThere(ini: Ini, path: string, group: string, key: string, least: number, most: number): number | null {
  return ini.get(group)?.has(key) ? wholeNumber(ini, path, group, key, least, most) : null;
}

/** How many levels the hierarchy of the zoom levels has. */
function levelsOf(ini: Ini, path: string): number {
  const hierarchy = zoomHierarchy(ini, path);
  const levels = wholeNumber(ini, path, kHierarchy, `${hierarchy}_COUNT`, 1, kMaxLevels);
  let reduction = 0;
  for (let i = 0; i < levels; ++i) {
    const section = ini.get(kHierarchy)?.get(`${hierarchy}_VAL_${i}_SECTION`) ?? '';
    reduction += numberIfThere(ini, path, section, 'IMAGE_CONCAT_FACTOR', 0, kMaxReduction) ?? 0;
  }
  if (reduction > kMaxReduction) throw notDescribed(path, `its levels are reduced 2^${reduction} times together`);
  return levels;
}

/** Beginning of the keys of the zoom levels: the first hierarchy that has their name, as for OpenSlide. */
function zoomHierarchy(ini: Ini, path: string): string {
  const keys = ini.get(kHierarchy) ?? new Map<string, string>();
  for (let i = 0; i < kMaxHierarchies; ++i) {
    if (keys.get(`HIER_${i}_NAME`) === kZoomLevels) return `HIER_${i}`;
  }
  throw notDescribed(path, `none of the first ${kMaxHierarchies} hierarchies is called ${JSON.stringify(kZoomLevels)}`);
}
