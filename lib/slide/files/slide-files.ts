/**
 * The files that make up a slide. Most slides are one file. MIRAX, VMS, VMU and DICOM slides are several, and each of these is
 * part of the slide: where one is missing the slide is not opened, and where one changes the slide has changed.
 */
import * as fsp from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { fromFileSystem } from '../../core/errors.js';
import { hasDicomMark } from './dicom/header.js';
import { readDicomFolder, seriesOf, type DicomFolder } from './dicom/folder.js';
import { mainAt, openPart, type FilePart, type SlideFileSystem } from './file-part.js';
import { hamamatsuFiles } from './hamamatsu.js';
import { miraxFiles, type MiraxFacts } from './mirax.js';
import { checkMiraxIndex } from './mirax-index.js';

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
  /** Reads the folder of a DICOM slide: a caller that asks for many slides reads each folder once. */
  readonly dicomFolder?: ((folder: string) => Promise<DicomFolder>) | undefined;
}

/** Files with these endings are whole slides: a folder run looks for nothing beside them. */
const kSingle = /\.(?:tiff?|svs|ndpi|scn|bif|czi|svslide|qptiff|btf|tf[28]|g?ptiff?|gtiff?)$/i;

const kKinds: Readonly<Record<string, SlideKind>> = { mrxs: 'mirax', vms: 'vms', vmu: 'vmu' };

/** What the name says; null: the content says. */
export function kindOfName(path: string): SlideKind | null {
  if (kSingle.test(path)) return 'single';
  const [, ending = ''] = /\.(mrxs|vms|vmu)$/i.exec(path) ?? [];
  return kKinds[ending.toLowerCase()] ?? null;
}

/**
 * The files of the slide at `path`. Looks at descriptions and headers, not at pixels. What is named as a TIFF is taken for one
 * file.
 *
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE, SLIDE_INCOMPLETE, TRUNCATED, LIMIT_EXCEEDED.
 */
export async function filesOfSlide(path: string, options: SlideFilesOptions = {}): Promise<SlideFiles> {
  const { fs = fsp, signal = null } = options;
  const named = kindOfName(path);
  if (named === 'single') return singleFile(await mainAt(path, fs));
  const kind = named ?? kindOfHead(await headOf(await mainAt(path, fs), fs));
  return filesOfKind(path, kind, options, fs, signal);
}

/**
 * What OpenSlide would take for the slide at `path`, with a look at what it would trust; null: one file. Asks the content too, as
 * OpenSlide does. A file that cannot be looked at is left to whoever opens it.
 *
 * @throws As {@link filesOfSlide}.
 */
export async function checkedFilesOfSlide(path: string, options: SlideFilesOptions = {}): Promise<SlideFiles | null> {
  const { fs = fsp, signal = null } = options;
  const named = kindOfName(path);
  const kind = named === null || named === 'single' ? await kindByContent(path, fs) : named;
  if (kind === 'single') return null;
  const files = await filesOfKind(path, kind, options, fs, signal);
  if (files.mirax !== undefined) await checkMiraxIndex(path, files.mirax, fs, signal);
  return files;
}

async function kindByContent(path: string, fs: SlideFileSystem): Promise<SlideKind> {
  const head = await mainAt(path, fs)
    .then((main) => headOf(main, fs))
    .catch(() => null);
  return head === null ? 'single' : kindOfHead(head);
}

function singleFile(main: FilePart): SlideFiles {
  return { kind: 'single', main, parts: [main] };
}

async function filesOfKind(
  path: string,
  kind: SlideKind,
  options: SlideFilesOptions,
  fs: SlideFileSystem,
  signal: AbortSignal | null,
): Promise<SlideFiles> {
  if (kind === 'mirax') {
    const { main, parts, facts } = await miraxFiles(path, fs, signal);
    return { kind, main, parts, mirax: facts };
  }
  if (kind === 'vms' || kind === 'vmu') return { kind, ...(await hamamatsuFiles(path, kind, fs, signal)) };
  const main = await mainAt(path, fs);
  if (kind === 'single') return singleFile(main);
  const read = options.dicomFolder ?? ((folder) => readDicomFolder(folder, fs, signal));
  const folder = await read(dirname(path));
  const parts = seriesOf(folder, basename(path)).map(({ part }) => part);
  return { kind, main, parts };
}

/** OpenSlide takes descriptions of VMS and VMU slides of at most this size. */
const kHeadBytes = 64 * 1024;
const kTiffMarks = ['II*\0', 'II+\0', 'MM\0*', 'MM\0+'];
/** Comments may stand before the group. */
const kTexts = [
  [/^[^\S\n]*\[Virtual Microscope Specimen\]/m, 'vms'],
  [/^[^\S\n]*\[Uncompressed Virtual Microscope Specimen\]/m, 'vmu'],
] as const;

/** A TIFF may have the mark of DICOM too, and is a TIFF. */
function kindOfHead(head: Buffer): SlideKind {
  const text = head.toString('latin1');
  if (kTiffMarks.includes(text.slice(0, 4))) return 'single';
  if (hasDicomMark(head)) return 'dicom';
  return kTexts.find(([mark]) => mark.test(text))?.[1] ?? 'single';
}

/** The first bytes of the file. */
async function headOf({ path }: FilePart, fs: SlideFileSystem): Promise<Buffer> {
  const handle = await openPart(path, fs).catch((error: unknown) => {
    throw fromFileSystem(error, 'slide', path, 'the slide');
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(kHeadBytes), 0, kHeadBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
