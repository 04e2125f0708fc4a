/**
 * The slides of a folder: which files count, in which order, and what identifies one. No recursion. A link is followed
 * only while it stays inside the folder; one that leaves it is refused, never skipped.
 */
import { join, sep } from 'node:path';
import { csvInvalid, ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import { MicrotomeError } from '../core/errors.js';
import { shown } from './names.js';

/** What must not change between the start of a run and its resumption. Decimal strings: 64-bit values. */
export interface SlideIdentity {
  readonly size: string;
  readonly mtimeNs: string;
  readonly inode: string;
}

export interface FoundSlide {
  readonly name: string;
  readonly path: string;
  readonly identity: SlideIdentity;
}

const kSlideName = /^[^.].*\.(tif|tiff|svs)$/is;

/** Not hidden, and with one of the slide extensions, in any case. */
export function isSlideName(name: string): boolean {
  return kSlideName.test(name);
}

/** Resolved once, so that a link to the folder itself is fine. Throws FILE_NOT_FOUND or INVALID_OPTION. */
export async function folderOf(dir: string, fs: FileSystem = realFileSystem): Promise<string> {
  try {
    const real = await fs.realpath(dir);
    if ((await fs.stat(real)).isDirectory()) return real;
  } catch (error) {
    throw ioFailure(error, 'open the folder', dir, 'slide');
  }
  throw new MicrotomeError('INVALID_OPTION', 'options', `${dir} is not a folder`, { path: dir });
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
 * The slide `name` of the folder (an absolute real path), or a text that says why there is none. Throws CSV_INVALID
 * where the name is a link that leaves the folder; `source` is the file (and line) to blame for the name.
 */
export async function findSlide(
  folder: string,
  name: string,
  source: { readonly path: string; readonly line: number | null },
  fs: FileSystem = realFileSystem,
): Promise<FoundSlide | string> {
  const path = join(folder, name);
  try {
    const entry = await fs.lstat(path, { bigint: true });
    if (!entry.isSymbolicLink()) return entry.isFile() ? found(name, path, entry) : 'not a regular file';
    const target = await fs.realpath(path);
    if (!target.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
      throw csvInvalid(source.path, source.line, `${shown(name)} is a link that leaves the folder`);
    }
    const stat = await fs.stat(target, { bigint: true });
    return stat.isFile() ? found(name, path, stat) : 'not a regular file';
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return 'no such slide';
    if (errno === 'ELOOP') return 'a link to itself';
    throw ioFailure(error, 'look at', path, 'slide');
  }
}

/** A slide given by its own path; links are the caller's business here. Throws FILE_NOT_FOUND or FILE_UNREADABLE. */
export async function slideAt(path: string, name: string, fs: FileSystem = realFileSystem): Promise<FoundSlide> {
  try {
    const stat = await fs.stat(path, { bigint: true });
    if (stat.isFile()) return found(name, path, stat);
  } catch (error) {
    throw ioFailure(error, 'open', path, 'slide');
  }
  throw new MicrotomeError('NOT_A_SLIDE', 'slide', `${path} is not a regular file`, { path });
}

function found(name: string, path: string, stat: { size: bigint; mtimeNs: bigint; ino: bigint }): FoundSlide {
  const identity = { size: String(stat.size), mtimeNs: String(stat.mtimeNs), inode: String(stat.ino) };
  return { name, path, identity };
}
