/** The names in the zip: each once, and every one can be unpacked beside the others. */
import { MicrotomeError } from '../../core/errors.js';
import { byName, type PackedFile } from './packed-file.js';

/** The files in the order of the zip. Throws INVALID_OPTION for a name that two files have, or that a folder has, too. */
export function inOrder(files: readonly PackedFile[]): readonly PackedFile[] {
  const sorted = [...files].sort(byName);
  const twice = sorted.find(({ name }, i) => name === sorted[i + 1]?.name);
  if (twice !== undefined) throw refused(`two files would be ${twice.name} in the zip`);
  const folders = new Set(sorted.flatMap(({ name }) => foldersOf(name)));
  const both = sorted.find(({ name }) => folders.has(name));
  if (both !== undefined) throw refused(`${both.name} would be a file and a folder in the zip`);
  return sorted;
}

/** `a` and `a/b` for `a/b/c`. */
function foldersOf(name: string): readonly string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

function refused(found: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', found, { advice: 'remove one of them' });
}
