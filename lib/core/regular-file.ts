/**
 * Opens files that somebody named: masks, tables, journals, locks. A name may stand for anything: a device that never
 * ends, a pipe whose opening waits for a writer, a file that somebody is writing. Such a name is refused before it is
 * opened, and what is opened is looked at again, since the name may mean something else by then.
 */
import { constants } from 'node:fs';
import * as fsp from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { throwIfAborted } from './cancel.js';
import type { MicrotomeError } from './errors.js';

/** Why a file is refused: what it is, its size, or that it was written to while it was read. */
export type FileRefusal = 'kind' | 'size' | 'changed';

/** What a file must be. */
export interface FileRules {
  /** A larger file is refused. */
  readonly maxBytes: number;
  /** Makes the error. `found` is a noun phrase: 'a named pipe (FIFO), a regular file was expected'. */
  readonly refuse: (found: string, why: FileRefusal) => MicrotomeError;
  /** False: the name itself must be the file. Default true: the user named the file, and may name it by a link. */
  readonly followLinks?: boolean | undefined;
  readonly signal?: AbortSignal | null | undefined;
  readonly fs?: Pick<typeof fsp, 'open' | 'stat' | 'lstat'> | undefined;
}

interface FileKind {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
  isSymbolicLink(): boolean;
}

const pieceBytes = 128 * 1024;

function kindOf(found: FileKind): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe (FIFO)';
  if (found.isSocket()) return 'a socket';
  if (found.isCharacterDevice() || found.isBlockDevice()) return 'a device';
  return found.isSymbolicLink() ? 'a link' : 'a special file';
}

function check(found: FileKind, rules: FileRules): void {
  if (!found.isFile()) throw rules.refuse(`${kindOf(found)}, a regular file was expected`, 'kind');
  if (found.size > rules.maxBytes)
    throw rules.refuse(`a file of ${found.size} bytes, at most ${rules.maxBytes} are read`, 'size');
}

/**
 * The open file; the caller closes it. Never waits for a pipe's other end. Rejects with what `refuse` makes and with the
 * system's own errors (ENOENT, EACCES, …). `flags` are those of open(2).
 */
export async function openRegular(
  path: string,
  rules: FileRules,
  flags: number = constants.O_RDONLY,
): Promise<FileHandle> {
  const { fs = fsp, followLinks = true } = rules;
  check(await (followLinks ? fs.stat(path) : fs.lstat(path)), rules);
  const guards = constants.O_NONBLOCK | constants.O_NOCTTY | (followLinks ? 0 : constants.O_NOFOLLOW);
  const handle = await fs.open(path, flags | guards);
  try {
    check(await handle.stat(), rules);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * The bytes of the file in pieces of 128 KiB. A file that grows, shrinks or is written to meanwhile is refused at the
 * latest after its last piece: half of an old and half of a new file is neither. So the pieces are worth something only
 * when the generator has ended.
 */
export async function* piecesOf(path: string, rules: FileRules): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await openRegular(path, rules);
  try {
    const before = await handle.stat({ bigint: true });
    const changed = (): MicrotomeError => rules.refuse('a file that was written to while it was read', 'changed');
    let total = 0n;
    for (;;) {
      throwIfAborted(rules.signal ?? null);
      const { bytesRead, buffer } = await handle.read(new Uint8Array(pieceBytes), 0, pieceBytes, null);
      if (bytesRead === 0) break;
      total += BigInt(bytesRead);
      if (total > before.size) throw changed();
      yield buffer.subarray(0, bytesRead);
    }
    const after = await handle.stat({ bigint: true });
    if (total !== before.size || after.size !== before.size || after.mtimeNs !== before.mtimeNs) throw changed();
  } finally {
    await handle.close();
  }
}
