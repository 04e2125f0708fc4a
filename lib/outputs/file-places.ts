/**
 * Where the files of each slide go, and what may be there: looked at before any work, so that a run does not find after
 * hours that two of its slides have one name, or that it would replace what somebody keeps.
 */
import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { ioFailure } from '../runs/failure.js';
import { errnoOf, realFileSystem, type FileSystem } from '../runs/file-system.js';
import { shown } from '../runs/names.js';
import type { FileKind, FileOptions, WantedKind } from './file-options.js';

/** A file of a slide. */
export interface SlideFile {
  readonly kind: FileKind;
  readonly path: string;
}

/** The name of the slide's file, without its extension. */
export function stemOf(slide: string): string {
  const name = basename(slide);
  return name.slice(0, name.length - extname(name).length);
}

export function filesOf(kinds: readonly WantedKind[], slide: string): readonly SlideFile[] {
  const stem = stemOf(slide);
  return kinds.flatMap(({ kind, folder, suffixes }) =>
    suffixes.map((suffix) => ({ kind, path: join(folder, `${stem}${suffix}`) })),
  );
}

function refuse(found: string, path: string, advice: string): never {
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { path, advice });
}

/** A name of a file, with what a temporary one adds. */
const kMaxNameBytes = 255;
const kTemporaryBytes = 41;

/**
 * Throws INVALID_OPTION where two slides would write the same file, or one would replace a file of the run: `taken` has
 * these, by what they are. `slides` are paths.
 */
export function checkFilePlaces(
  options: FileOptions,
  slides: readonly string[],
  taken: ReadonlyMap<string, string> = new Map(),
): void {
  if (options.kinds.length === 0) return;
  const inputs = new Map([...taken].map(([path, what]) => [resolve(path), what]));
  for (const slide of slides) inputs.set(resolve(slide), 'a slide of the run');
  const owners = new Map<string, string>();
  for (const slide of slides) {
    const other = owners.get(stemOf(slide));
    if (other !== undefined)
      refuse(
        `${other} and ${slide} would have files of the same name, ${shown(stemOf(slide))}`,
        slide,
        'rename one of the slides, or score them in two runs with other folders',
      );
    owners.set(stemOf(slide), slide);
    for (const { kind, path } of filesOf(options.kinds, slide)) {
      const what = inputs.get(resolve(path));
      if (what !== undefined)
        refuse(`${path} is ${what}, and would be replaced`, path, `choose another folder for ${optionMark(kind)}`);
      if (Buffer.byteLength(basename(path)) + kTemporaryBytes > kMaxNameBytes)
        refuse(`the name of ${path} is too long for a file`, path, 'give the slide a shorter name');
    }
  }
}

/** Makes the folders. Throws INVALID_OPTION for what is no folder, DISK_FULL, FILE_UNREADABLE. */
export async function makeFolders(options: FileOptions): Promise<void> {
  const record = options.runRecord === null ? [] : [dirname(options.runRecord)];
  for (const folder of new Set([...options.kinds.map((each) => each.folder), ...record])) {
    try {
      await mkdir(folder, { recursive: true });
    } catch (error) {
      if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOTDIR')
        refuse(`${folder} is, or lies in, something that is not a folder`, folder, 'name a folder');
      throw ioFailure(error, 'make the folder', folder);
    }
  }
}

const kTemporary = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/**
 * Removes what a killed run left of files of these slides under temporary names. The caller holds the lock of the run. What
 * cannot be listed or removed stays: it has no name that anybody reads.
 */
export async function removeUnfinished(
  { kinds }: FileOptions,
  slides: readonly string[],
  fs: FileSystem = realFileSystem,
): Promise<void> {
  const finished = new Set(slides.flatMap((slide) => filesOf(kinds, slide).map(({ path }) => path)));
  for (const folder of new Set(kinds.map((each) => each.folder))) {
    const names = await fs.readdir(folder).catch((): string[] => []);
    for (const name of names) {
      const path = join(folder, name);
      if (kTemporary.test(name) && finished.has(path.replace(kTemporary, '')))
        await fs.unlink(path).catch(() => undefined);
    }
  }
}

/** The files that are not there. */
export async function missingFiles(
  files: readonly SlideFile[],
  fs: FileSystem = realFileSystem,
): Promise<readonly SlideFile[]> {
  const missing: SlideFile[] = [];
  for (const file of files) if (!(await isFile(file.path, fs))) missing.push(file);
  return missing;
}

async function isFile(path: string, fs: FileSystem): Promise<boolean> {
  try {
    return (await fs.stat(path)).isFile();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw ioFailure(error, 'look at', path);
  }
}

/** Throws OUTPUT_EXISTS naming the first file that is there. */
export async function refuseExistingFiles(
  options: FileOptions,
  slides: readonly string[],
  fs: FileSystem = realFileSystem,
): Promise<void> {
  const files = slides.flatMap((slide) => filesOf(options.kinds, slide).map(({ path }) => path));
  if (options.runRecord !== null) files.unshift(options.runRecord);
  for (const path of files) {
    const there = await fs.lstat(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
      throw ioFailure(error, 'look at', path);
    });
    if (there !== null) throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${path} is there already`, { path });
  }
}
