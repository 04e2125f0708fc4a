/**
 * The files of the slides of a run: of each slide that a scanner writes as several files, and of the DICOM series of a folder,
 * which is read once for all its slides.
 */
import type { MicrotomeError } from '../core/errors.js';
import { readDicomFolder, type DicomFolder } from '../slide/files/dicom/folder.js';
import { identityOfFiles } from '../slide/files/identity.js';
import { filesOfSlide, kindOfName, type SlideFiles } from '../slide/files/slide-files.js';
import type { FileSystem } from './file-system.js';
import { ioFailure } from './failure.js';
import { kUnknown, type FoundSlide } from './slide-files.js';

/** What the files of a slide say of it, where its name alone does not tell that it is one file. */
export type PartsFound = Pick<FoundSlide, 'identity' | 'parts'> & { readonly failure?: MicrotomeError };

export class SlideParts {
  readonly #folders = new Map<string, Promise<DicomFolder>>();

  constructor(
    private readonly fs: FileSystem,
    private readonly signal: AbortSignal | null,
  ) {}

  /** Throws LIMIT_EXCEEDED, FILE_UNREADABLE. */
  dicomFolder(folder: string): Promise<DicomFolder> {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const read = readDicomFolder(folder, this.fs, this.signal);
    this.#folders.set(folder, read);
    return read;
  }

  /** The one DICOM slide of the folder at `path`; a text says why there is none. */
  async inFolder(path: string): Promise<(PartsFound & { readonly path: string }) | string> {
    const { series } = await this.dicomFolder(path);
    const [first] = [...series.values()].map(([instance]) => instance);
    if (first === undefined) return 'a folder, and no DICOM slide is in it';
    if (series.size > 1) return `a folder of ${series.size} DICOM slides: name a file of the one that is meant`;
    const found = (await this.of(first.part.path)) as PartsFound;
    return { ...found, path: first.part.path };
  }

  /** Null: one file, whose name says so. A slide that is incomplete has a failure, and fails alone. */
  async of(path: string): Promise<PartsFound | null> {
    if (kindOfName(path) === 'single') return null;
    try {
      const dicomFolder = (folder: string): Promise<DicomFolder> => this.dicomFolder(folder);
      return foundOf(await filesOfSlide(path, { fs: this.fs, signal: this.signal, dicomFolder }));
    } catch (error) {
      this.signal?.throwIfAborted();
      return { identity: kUnknown, failure: ioFailure(error, 'look at', path, 'slide') };
    }
  }
}

function foundOf(files: SlideFiles): PartsFound {
  const identity = identityOfFiles(files);
  return files.parts.length === 1 ? { identity } : { identity, parts: files.parts.map(({ path }) => path) };
}
