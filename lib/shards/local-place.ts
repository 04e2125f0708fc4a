/** Parts and their manifest need a file system: a lock, a name that is given once, a rename that replaces. */
import { pathOf } from '../core/file-url.js';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { printable } from '../core/printable.js';
import { text } from '../options/check.js';

/** Of an address, nothing but this may be shown: what follows may be a secret. */
const kScheme = /^\s*(?:(?<scheme>[a-z][a-z0-9+.-]*):\/\/|(?<known>https?|s3):)/i;

/** The path that an option names. Throws INVALID_OPTION for an address, which would otherwise become the name of a folder. */
export function localPath(name: string, given: unknown): string {
  const value = given instanceof URL ? given : text(name, given);
  const groups = kScheme.exec(String(value))?.groups;
  const scheme = (groups?.['scheme'] ?? groups?.['known'])?.toLowerCase();
  if (scheme === undefined || scheme === 'file') return pathOf(value);
  const what = name === 'output' ? optionMark(name) : 'the folder of the parts';
  const found = `${what} is an address (${printable(scheme)}://…), and expected is a path`;
  const advice = 'name a folder or a file that all machines see; copy the merged table to the address afterwards';
  throw new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
}
