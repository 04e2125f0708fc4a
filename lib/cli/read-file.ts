/** A small text file that the user named. */
import { MicrotomeError } from '../index.js';
import { fromFileSystem } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { piecesOf } from '../core/regular-file.js';

const kMaxBytes = 4 * 2 ** 20;

/** Throws FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED, INVALID_OPTION for a URL that is not local. */
export async function readSmallText(given: string, signal: AbortSignal): Promise<string> {
  const path = pathOf(given);
  const pieces: Uint8Array[] = [];
  const refuse = (found: string, why: 'kind' | 'size' | 'changed'): MicrotomeError =>
    new MicrotomeError(why === 'size' ? 'LIMIT_EXCEEDED' : 'FILE_UNREADABLE', 'options', `this is ${found}`, { path });
  try {
    for await (const piece of piecesOf(path, { maxBytes: kMaxBytes, refuse, signal })) pieces.push(piece);
  } catch (error) {
    signal.throwIfAborted();
    throw fromFileSystem(error, 'options', path, 'the file');
  }
  return Buffer.concat(pieces).toString('utf8');
}
