/**
 * Slides by their names: in a folder, or by their own paths, and what identifies one. The user named the folder, so the
 * links in it are followed unless `followLinks` is false; then a link is refused, never skipped. What a folder holds is
 * for folder-walk.ts.
 */
import { join, relative, sep } from 'node:path';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import { fromFileSystem, MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import type { SlideInput } from '../slide/byte-source.js';
import { shown } from './names.js';
import type { SlideParts } from './slide-parts.js';
import { isSlideName, slideEndings, type ItemRules } from './slide-names.js';

export { isSlideName };

/** What must not change between the start of a run and its resumption. Decimal strings: 64-bit values. */
export interface SlideIdentity {
  readonly size: string;
  readonly mtimeNs: string;
  readonly inode: string;
  /** Of an object of a store: of its ETag, in hexadecimal. Not there: a file. */
  readonly etagDigest?: string;
  /** Of a slide of several files: of the name, the size and the time of each, in hexadecimal. Not there: one file. */
  readonly filesDigest?: string;
}

export interface FoundSlide {
  readonly name: string;
  readonly path: string;
  readonly identity: SlideIdentity;
  /** Of a slide of several files: the paths of all. Not there: one file. */
  readonly parts?: readonly string[];
  /** What is opened, where that is not the file at `path`. */
  readonly input?: SlideInput;
}

/** The file, and the line in it, to blame for a name. */
export interface NameSource {
  readonly path: string;
  readonly line: number | null;
}

/** Resolved once, so that a link to the folder itself is fine. Throws FILE_NOT_FOUND or INVALID_OPTION. */
export async function folderOf(dir: string, fs: FileSystem = realFileSystem): Promise<string> {
  try {
    const real = await fs.realpath(dir);
    if ((await fs.stat(real)).isDirectory()) return real;
  } catch (error) {
    throw ioFailure(error, 'open the folder', dir, 'slide');
  }
  throw new MicrotomeError('INVALID_OPTION', 'options', `${dir} is not a folder`, {
    path: dir,
    advice: 'pass a folder, or a list of slides',
  });
}

/** Names of the entries that count as slides by name, in name order (by code unit: the same in every locale). */
export async function slideNames(folder: string, fs: FileSystem = realFileSystem): Promise<string[]> {
  try {
    const names = await fs.readdir(folder);
    return names.filter(isSlideName).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  } catch (error) {
    throw ioFailure(error, 'list the folder', folder, 'slide');
  }
}

/**
 * CSV_INVALID for a link where none is followed. `folder` and `target` are real paths; null: the link leads nowhere.
 * `others`: as many more are refused.
 */
export function linkRefused(
  folder: string,
  name: string,
  target: string | null,
  source: NameSource,
  others = 0,
): MicrotomeError {
  const leaves = target !== null && !target.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  const where = source.line === null ? source.path : `${source.path}:${source.line}`;
  const more = others === 0 ? '' : ` (and ${others} more ${others === 1 ? 'link' : 'links'})`;
  const found = `${where}: ${shown(name)} is a link${leaves ? ' that leaves the folder' : ''}${more}`;
  return new MicrotomeError('CSV_INVALID', 'csv', found, {
    path: source.path,
    advice: `replace it by the slide, or leave ${optionMark('followLinks', 'false')} out`,
  });
}

/** A slide that is there and cannot be looked at: no right to, or an error of the disk. */
export interface UnreadableSlide extends FoundSlide {
  readonly failure: MicrotomeError;
}

/** Of no file: a score that was made of one is not taken for one of this slide. */
export const kUnknown: SlideIdentity = { size: '0', mtimeNs: '0', inode: '0' };

/**
 * The slide `name` of the folder (an absolute real path), or a text that says why there is none. Throws CSV_INVALID
 * where the name is, or lies behind, a link and no link is followed; `source` is to blame for the name.
 */
export async function findSlide(
  folder: string,
  name: string,
  source: NameSource,
  parts: SlideParts,
  fs: FileSystem = realFileSystem,
  followLinks = true,
): Promise<FoundSlide | UnreadableSlide | string> {
  const path = join(folder, name);
  try {
    if (!followLinks) {
      const target = await fs.realpath(path);
      if (target !== path) throw linkRefused(folder, name, target, source);
    }
    const stat = await fs.stat(path, { bigint: true });
    const more = stat.isDirectory() ? await parts.inFolder(path) : stat.isFile() ? await parts.of(path) : kNoFile;
    if (typeof more === 'string') return more;
    if (more === null) return found(name, path, stat);
    const link = followLinks ? null : await linkAmong(more.parts ?? [], fs);
    if (link !== null) throw linkRefused(folder, relative(folder, link.path), link.target, source);
    return { name, path, ...more };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR')
      return (await isLink(path, fs)) ? kDangling : await notThere(path, name, fs);
    if (errno === 'ELOOP') return kLoop;
    if (error instanceof MicrotomeError) throw error;
    return { name, path, identity: kUnknown, failure: ioFailure(error, 'look at', path, 'slide') };
  }
}

const kNoFile = 'not a regular file';

/** The first of the files that is, or lies behind, a link, and where it leads to. */
export async function linkAmong(
  paths: readonly string[],
  fs: FileSystem,
): Promise<{ readonly path: string; readonly target: string | null } | null> {
  for (const path of paths) {
    const target = await fs.realpath(path).catch(() => null);
    if (target !== path) return { path, target };
  }
  return null;
}

/** Tables often name slides without the ending of the file. */
async function notThere(path: string, name: string, fs: FileSystem): Promise<string> {
  for (const ending of slideEndings) {
    const there = await fs.stat(`${path}${ending}`, { bigint: true }).catch(() => null);
    if (there?.isFile() === true) return `no such slide, but there is ${shown(`${name}${ending}`)}`;
  }
  return 'no such slide';
}

export const kDangling = 'a link to a file that is not there';
export const kLoop = 'a link that leads back to itself';

export async function isLink(path: string, fs: FileSystem): Promise<boolean> {
  return fs.lstat(path).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  );
}

/** A slide given by its own path; links are the caller's business here. Throws FILE_NOT_FOUND or FILE_UNREADABLE. */
export async function slideAt(
  path: string,
  name: string,
  fs: FileSystem = realFileSystem,
  noun: ItemRules['noun'] = 'slide',
  parts: SlideParts | null = null,
): Promise<FoundSlide | UnreadableSlide> {
  try {
    const stat = await fs.stat(path, { bigint: true });
    if (stat.isFile()) return { ...found(name, path, stat), ...(await parts?.of(path)) };
  } catch (error) {
    throw fromFileSystem(error, 'slide', path, `the ${noun}`);
  }
  const code = noun === 'slide' ? 'NOT_A_SLIDE' : 'FILE_UNREADABLE';
  throw new MicrotomeError(code, 'slide', `${path} is not a regular file`, { path });
}

/** What the file system says of a file, in 64 bits. */
export interface FileStat {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

export function identityOf(stat: FileStat): SlideIdentity {
  return { size: String(stat.size), mtimeNs: String(stat.mtimeNs), inode: String(stat.ino) };
}

function found(name: string, path: string, stat: FileStat): FoundSlide {
  return { name, path, identity: identityOf(stat) };
}
