/** Finds files for the zip and reads them. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { MicrotomeError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { piecesOf } from '../../core/regular-file.js';
import { ioFailure } from '../../core/io-failure.js';
import type { HashedFile, PackedFile, PartName } from './packed-file.js';

const maxFiles = 50_000;

/** A name that unzip writes where it should, on every machine. */
function checkedName(name: string): string {
  const isPlain =
    !/[\p{Cc}\u2028\u2029\\:]/u.test(name) && name.split('/').every((part) => !['', '.', '..'].includes(part));
  if (isPlain && Buffer.byteLength(name) <= 1000) return name;
  const found = `${printable(name).slice(0, 200)} is no name for a file of a zip`;
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { advice: 'rename the file' });
}

/** Throws for whatever a zip cannot hold. A link to a folder may lead back, and then there is no end. */
async function kindOf(path: string): Promise<'file' | 'folder'> {
  const refused = (code: 'INVALID_OPTION' | 'FILE_NOT_FOUND', found: string, advice: string): MicrotomeError =>
    new MicrotomeError(code, 'options', printable(`${path} is ${found}`), { path, advice });
  const own = await lstat(path);
  const meant = own.isSymbolicLink() ? await meantBy(path) : own;
  if (meant === null) throw refused('FILE_NOT_FOUND', 'a link that leads nowhere', 'remove it, or put the file there');
  if (meant.isFile()) return 'file';
  if (!meant.isDirectory()) throw refused('INVALID_OPTION', 'neither a file nor a folder', 'remove it');
  if (!own.isSymbolicLink()) return 'folder';
  throw refused('INVALID_OPTION', 'a link to a folder', 'put the folder itself there');
}

/** What a link leads to; null: nothing is there, or the links turn in a circle. */
async function meantBy(link: string): Promise<Stats | null> {
  return stat(link).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ELOOP') return null;
    throw ioFailure(error, 'read', link);
  });
}

/** The names in a folder, sorted. Throws INVALID_OPTION for one that is no text: we could not open it by its name. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { encoding: 'buffer' });
  const bad = names.find((name) => !isUtf8(name));
  if (bad === undefined) return names.map((name) => name.toString('utf8')).sort();
  const found = `${folder} has a file whose name is not UTF-8: ${bad.toString('utf8')}`;
  throw new MicrotomeError('INVALID_OPTION', 'options', printable(found), { path: folder, advice: 'rename the file' });
}

/** Paths of all files below `folder`, relative to it, with forward slashes. Links to files are followed. */
export async function filesBelow(folder: string, within = ''): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    for (const name of await namesIn(join(folder, within))) {
      const relative = within === '' ? name : `${within}/${name}`;
      if ((await kindOf(join(folder, relative))) === 'file') found.push(relative);
      else found.push(...(await filesBelow(folder, relative)));
      if (found.length > maxFiles) {
        const text = `${folder} has more than ${maxFiles} files`;
        throw new MicrotomeError('LIMIT_EXCEEDED', 'options', text, { advice: 'name a folder with fewer files' });
      }
    }
  } catch (error) {
    throw ioFailure(error, 'read', join(folder, within));
  }
  return found;
}

/** A file on disk as a file of the zip. */
export function fileAt(part: PartName, name: string, path: string): PackedFile {
  return { part, name: checkedName(name), content: { path } };
}

/** Reads each file once. Throws MODEL_INVALID, RUNTIME_MISSING where one has another hash than it should. */
export async function hashed(files: readonly PackedFile[], signal: AbortSignal | null): Promise<readonly HashedFile[]> {
  const found: HashedFile[] = [];
  for (const file of files) found.push(await hashedOne(file, signal));
  return found;
}

async function hashedOne(file: PackedFile, signal: AbortSignal | null): Promise<HashedFile> {
  const hash = createHash('sha256');
  let [bytes, executable] = [0, false];
  for await (const piece of contentOf(file, signal)) {
    if (bytes === 0) executable = isProgram(file, piece);
    bytes += piece.length;
    hash.update(piece);
  }
  const sha256 = hash.digest('hex');
  if (file.sha256 !== undefined && file.sha256 !== sha256) throw otherHash(file, sha256);
  return { ...file, bytes, sha256, executable };
}

/** ELF files and scripts that name their interpreter. The mode on disk does not count: it depends on who copied the file. */
function isProgram({ name }: PackedFile, firstPiece: Uint8Array): boolean {
  const head = Buffer.from(firstPiece.subarray(0, 4)).toString('latin1');
  return head === '\x7fELF' || head.startsWith('#!') || name === 'main.py';
}

/** The bytes of a file. Throws where the file changes while it is read. */
export async function* contentOf(
  { name, content }: PackedFile,
  signal: AbortSignal | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  if ('text' in content) {
    yield Buffer.from(content.text, 'utf8');
    return;
  }
  const { path } = content;
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('FILE_UNREADABLE', 'options', `${name} is ${found}`, { path });
  try {
    yield* piecesOf(path, { maxBytes: Number.MAX_SAFE_INTEGER, refuse, signal });
  } catch (error) {
    throw ioFailure(error, 'read', path);
  }
}

function otherHash({ part, name, sha256 = '' }: PackedFile, found: string): MicrotomeError {
  const text = `${name} has the SHA-256 ${found}, but it must be ${sha256}`;
  if (part === 'model') return new MicrotomeError('MODEL_INVALID', 'infer', text, { advice: 'restore the bundle' });
  return new MicrotomeError('RUNTIME_MISSING', 'options', text, {
    advice:
      'npm gave another file than it should, or did not write all of it: clear its cache, see that the folder for temporary files (TMPDIR) has space, or pass [[node]], the path of a Node.js for Linux x64',
  });
}

/** The error for a file that is not what it was when it was read first. */
export function changed({ name, content }: PackedFile): MicrotomeError {
  const path = 'path' in content ? content.path : undefined;
  const found = `${name} was written to while the zip was made`;
  return new MicrotomeError('FILE_UNREADABLE', 'options', found, { path, advice: 'pack again' });
}
