/**
 * Files of scanners' own formats that a folder run found. A TIFF is a slide, whoever reads it. Where OpenSlide is there the
 * others are slides: the files of a DICOM series are one, called by the first of them. Where it is not there, each is told as
 * not read, once.
 */
import { basename, dirname } from 'node:path';

import { MicrotomeError } from '../core/errors.js';
import type { Turns } from '../core/turns.js';
import { isDicomName, otherDicom } from '../slide/files/dicom/folder.js';
import type { WalkedSlide } from './folder-walk.js';
import type { ScannerFormat } from './slide-names.js';
import type { SlideParts } from './slide-parts.js';

/** Who can open what. Asked only where a run meets such files. */
export interface SlideDrivers {
  /** Why OpenSlide reads no file; null: it does. Throws DRIVER_MISSING where a library was named that is not there. */
  openslide(): Promise<string | null>;
}

/** A file as the walk found it. */
export interface ScannerFile {
  readonly format: ScannerFormat;
  readonly slide: WalkedSlide;
}

export interface ScannerSlides {
  readonly slides: readonly WalkedSlide[];
  readonly notRead: readonly { readonly path: string; readonly reason: string }[];
}

export async function scannerSlides(
  files: readonly ScannerFile[],
  drivers: SlideDrivers,
  parts: SlideParts,
  turns: Turns,
): Promise<ScannerSlides> {
  // The order in which a folder lists its entries is no order: the first file of a series gives its slide the name.
  const inOrder = [...files].sort((a, b) => (a.slide.name < b.slide.name ? -1 : a.slide.name > b.slide.name ? 1 : 0));
  const asked = files.some(({ format }) => format === 'openslide');
  const missing = asked ? await drivers.openslide() : null;
  const slides: WalkedSlide[] = [];
  const notRead: { path: string; reason: string }[] = [];
  const taken = new Set<string>();
  for (const { format, slide } of inOrder) {
    if (turns.isOver) await turns.next();
    const { path } = slide;
    if (missing !== null && format === 'openslide') notRead.push({ path, reason: missing });
    else if (taken.has(path)) continue;
    else if (isDicomName(basename(path)) && slide.problem === null) {
      const { files: series, reason: other } = await seriesAt(path, parts);
      for (const file of series) taken.add(file);
      if (other === null) slides.push({ ...slide, ...(await parts.of(path)) });
      else notRead.push({ path, reason: other });
    } else slides.push({ ...slide, ...(slide.problem === null ? await parts.of(path) : null) });
  }
  return { slides, notRead };
}

/** The files of the series that the file belongs to; why the file is no slide, or null. */
async function seriesAt(
  path: string,
  parts: SlideParts,
): Promise<{ readonly files: readonly string[]; readonly reason: string | null }> {
  const { files, series } = await parts.dicomFolder(dirname(path));
  const file = files.get(basename(path));
  // A file that is not understood may be a slide, and one without the mark of DICOM is named as one: both fail by themselves.
  if (file === undefined || file instanceof MicrotomeError) return { files: [], reason: null };
  if (file.kind === 'other') return { files: [], reason: otherDicom(file.sopClass) };
  return { files: (series.get(file.instance.series) ?? []).map(({ part }) => part.path), reason: null };
}
