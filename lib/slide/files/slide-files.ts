/**
 * The files that make up a slide. Most slides are one file. MIRAX, VMS, VMU and DICOM slides are several, and each of these is
 * part of the slide: where one is missing the slide is not opened, and where one changes the slide has changed.
 */
import * as fsp from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { fromFileSystem } from '../../core/errors.js';
import { dicomHeadBytes, isDicom } from './dicom/header.js';
import { readDicomFolder, seriesOf, type DicomFolder } from './dicom/folder.js';
import { mainAt, openPart, type FilePart, type SlideFileSystem } from './file-part.js';
import { hamamatsuFiles } from './hamamatsu.js';
import { miraxFiles, type MiraxFacts } from './mirax.js';
import { checkMiraxIndex } from './mirax-index.js';
import { WindowedPart } from './windowed-part.js';

export type { FilePart, SlideFileSystem };

/** `single`: one file, of whatever format. */
export type SlideKind = 'single' | 'mirax' | 'vms' | 'vmu' | 'dicom';

export interface SlideFiles {
  readonly kind: SlideKind;
  /** The file that was named. */
  readonly main: FilePart;
  /** All files of the slide, the main one among them, each once. */
  readonly parts: readonly FilePart[];
  /** Of a MIRAX slide: what its description says. */
  readonly mirax?: MiraxFacts;
}

export interface SlideFilesOptions {
  readonly fs?: SlideFileSystem | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** The folder of the slide, where it was read already. */
  readonly folder?: DicomFolder | undefined;
}

/** Files with these endings are whole slides: nothing is looked for beside them. */
const kSingle = /\.(?:tiff?|svs|ndpi|scn|bif|czi|svslide|qptiff|btf|tf[28]|g?ptiff?|gtiff?)$/i;

/** What the name says; null: the content says. */
export function kindOfName(path: string): SlideKind | null {
  if (kSingle.test(path)) return 'single';
  const [, ending = ''] = /\.(mrxs|vms|vmu)$/i.exec(path) ?? [];
  const kinds: Readonly<Record<string, SlideKind>> = { mrxs: 'mirax', vms: 'vms', vmu: 'vmu' };
  return kinds[ending.toLowerCase()] ?? null;
}

/**
 * The files of the slide at `path`. Looks at descriptions and headers, not at pixels.
 *
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE, SLIDE_INCOMPLETE, TRUNCATED, LIMIT_EXCEEDED.
 */
export async function filesOfSlide(path: string, options: SlideFilesOptions = {}): Promise<SlideFiles> {
  const { fs = fsp, signal = null } = options;
  const kind = kindOfName(path);
  if (kind === 'mirax') {
    const { main, parts, facts } = await miraxFiles(path, fs, signal);
    return { kind, main, parts, mirax: facts };
  }
  if (kind === 'vms' || kind === 'vmu') return { kind, ...(await hamamatsuFiles(path, kind, fs, signal)) };
  const main = await mainAt(path, fs);
  if (kind === 'single' || !(await hasDicomMark(main, fs, signal))) return { kind: 'single', main, parts: [main] };
  const folder = options.folder ?? (await readDicomFolder(dirname(path), fs, signal));
  const parts = seriesOf(folder, basename(path)).map(({ part }) => part);
  return { kind: 'dicom', main, parts };
}

/** The same, with a look at what OpenSlide would trust: before a slide is opened. */
export async function checkedFilesOfSlide(path: string, options: SlideFilesOptions = {}): Promise<SlideFiles> {
  const files = await filesOfSlide(path, options);
  const { fs = fsp, signal = null } = options;
  if (files.mirax !== undefined) await checkMiraxIndex(path, files.mirax, fs, signal);
  return files;
}

async function hasDicomMark(main: FilePart, fs: SlideFileSystem, signal: AbortSignal | null): Promise<boolean> {
  if (main.size < dicomHeadBytes) return false;
  const handle = await openPart(main.path, fs).catch((error: unknown) => {
    throw fromFileSystem(error, 'slide', main.path, 'the slide');
  });
  try {
    return await isDicom(new WindowedPart(handle, main.size, 2 ** 20, signal));
  } finally {
    await handle.close();
  }
}
