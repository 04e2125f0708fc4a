/**
 * The DICOM files of a folder, by series. A slide is a series: its levels, its label and its overview are files of their own, and
 * OpenSlide finds them by reading the head of each file of the folder, whatever its name.
 */
import { join } from 'node:path';

import { fromFileSystem, MicrotomeError } from '../../../core/errors.js';
import type { FilePart, SlideFileSystem } from '../file-part.js';
import { checkSeries } from './check-series.js';
import { readDicom, type DicomFile, type DicomInstance } from './instance.js';

const kMaxEntries = 100_000;
const kFilesAtOnce = 8;

export interface DicomFolder {
  readonly folder: string;
  /** By the names of the files. What is no DICOM file is not here. An error: the file is not understood. */
  readonly files: ReadonlyMap<string, Exclude<DicomFile, { kind: 'none' }> | MicrotomeError>;
  /** Instances by series, in the order of the names of their files. */
  readonly series: ReadonlyMap<string, readonly DicomInstance[]>;
  /** Entries that are neither files nor folders: OpenSlide would open them, and may wait for ever. */
  readonly special: readonly string[];
}

export function isDicomName(name: string): boolean {
  return /^[^.].*\.(?:dcm|dicom)$/is.test(name);
}

/** Throws LIMIT_EXCEEDED, FILE_UNREADABLE for the folder itself. */
export async function readDicomFolder(
  folder: string,
  fs: SlideFileSystem,
  signal: AbortSignal | null,
): Promise<DicomFolder> {
  const names = await namesOf(folder, fs, signal);
  const found = new Map<string, DicomFile | MicrotomeError>();
  const special: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < names.length; at = next++) {
      signal?.throwIfAborted();
      const name = names[at] as string;
      const file = await lookAt(join(folder, name), fs, signal);
      if (file === 'special') special.push(name);
      else if (file !== 'folder') found.set(name, file);
    }
  };
  await Promise.all(Array.from({ length: kFilesAtOnce }, worker));
  const files = new Map<string, Exclude<DicomFile, { kind: 'none' }> | MicrotomeError>();
  const series = new Map<string, DicomInstance[]>();
  for (const name of names) {
    const file = found.get(name);
    if (file === undefined || (!(file instanceof MicrotomeError) && file.kind === 'none')) continue;
    files.set(name, file);
    if (file instanceof MicrotomeError || file.kind !== 'slide') continue;
    const { series: uid } = file.instance;
    const instances = series.get(uid);
    if (instances === undefined) series.set(uid, [file.instance]);
    else instances.push(file.instance);
  }
  return { folder, files, series, special: special.sort() };
}

/** In the order of their code units. */
async function namesOf(folder: string, fs: SlideFileSystem, signal: AbortSignal | null): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const entry of await fs.opendir(folder)) {
      signal?.throwIfAborted();
      if (!entry.isDirectory()) names.push(entry.name);
      if (names.length > kMaxEntries) throw tooMany(folder);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw fromFileSystem(error, 'slide', folder, 'the folder');
  }
  return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function tooMany(folder: string): MicrotomeError {
  const found = `the folder ${folder} of a DICOM slide has more than ${kMaxEntries} entries`;
  const advice = 'put the files of each slide into a folder of their own';
  return new MicrotomeError('LIMIT_EXCEEDED', 'slide', found, { path: folder, advice });
}

async function lookAt(
  path: string,
  fs: SlideFileSystem,
  signal: AbortSignal | null,
): Promise<DicomFile | MicrotomeError | 'folder' | 'special'> {
  try {
    const stat = await fs.stat(path, { bigint: true });
    if (stat.isDirectory()) return 'folder';
    if (!stat.isFile()) return 'special';
    const part: FilePart = { path, size: Number(stat.size), mtimeNs: stat.mtimeNs, inode: stat.ino };
    return await readDicom(part, fs, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return fromFileSystem(error, 'slide', path, 'the file');
  }
}

/** The files of the slide that the file `name` belongs to. Throws NOT_A_SLIDE, SLIDE_INCOMPLETE, FILE_UNREADABLE. */
export function seriesOf(folder: DicomFolder, name: string): readonly DicomInstance[] {
  const path = join(folder.folder, name);
  const file = folder.files.get(name);
  if (file instanceof MicrotomeError) throw file;
  if (file === undefined || file.kind !== 'slide') throw notASlide(path, file?.kind === 'other' ? file.sopClass : '');
  const [pipe] = folder.special;
  if (pipe !== undefined) {
    const found = `${join(folder.folder, pipe)} is no regular file, and lies beside the DICOM slide ${path}, where OpenSlide opens every file`;
    throw new MicrotomeError('FILE_UNREADABLE', 'slide', found, { path, advice: 'put it into another folder' });
  }
  const instances = folder.series.get(file.instance.series) ?? [];
  checkSeries(path, instances);
  return instances;
}

export function notASlide(path: string, sopClass: string): MicrotomeError {
  return new MicrotomeError('NOT_A_SLIDE', 'slide', `${path} is ${otherDicom(sopClass)}`, { path });
}

/** `sopClass`: which kind of DICOM file it is. */
export function otherDicom(sopClass: string): string {
  const which = /^[0-9.]{1,64}$/.test(sopClass) ? ` (its SOP class is ${sopClass})` : '';
  return `a DICOM file, and no whole-slide image${which}`;
}
