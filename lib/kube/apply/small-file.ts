/** Small files that a user named: a kubeconfig, a certificate, a token. */
import { MicrotomeError } from '../../core/errors.js';
import { piecesOf } from '../../core/regular-file.js';

const kMaxBytes = 2 ** 20;

/** `what` is a noun phrase such as `the kubeconfig`. Throws INVALID_OPTION, FILE_NOT_FOUND, FILE_UNREADABLE. */
export async function readSmallFile(path: string, what: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('INVALID_OPTION', 'options', `${what} is ${found}`, { path });
  try {
    for await (const piece of piecesOf(path, { maxBytes: kMaxBytes, refuse })) pieces.push(piece);
  } catch (error) {
    if (error instanceof MicrotomeError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    const found = isMissing ? `${what} does not exist` : `${what} cannot be read (${code})`;
    throw new MicrotomeError(isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', 'options', found, {
      path,
      cause: error,
    });
  }
  return Buffer.concat(pieces);
}
