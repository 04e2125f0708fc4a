/**
 * Opens and hashes the files of a model. A bundle comes from somewhere else, so its paths are not trusted: a file must
 * be a regular one inside the bundle, reached through no link, and (a hard link may be anybody's file) have one name. A bare
 * .onnx is named by the user, who may keep it and its weights behind links, as caches of models do.
 */

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { MicrotomeError, fromFileSystem } from '../core/errors.js';

/** A folder whose files are read under the rules above. */
export interface BundleRoot {
  /** Resolved: holds no link. */
  readonly folder: string;
  /** Package managers install a package's files as hard links from a store; only our own package is trusted so far. */
  readonly allowHardLinks: boolean;
  /** True: a file may be a link, or lie behind one. Not there: false. */
  readonly followLinks?: boolean;
}

const chunkBytes = 2 ** 20;
const gitLfs = Buffer.from('version https://git-lfs.github.com/spec/');

function refuse(found: string, path: string, cause?: unknown): MicrotomeError {
  return new MicrotomeError('MODEL_INVALID', 'infer', found, { path, ...(cause === undefined ? {} : { cause }) });
}

/** Resolves the folder itself, which the user named and which may be a link. */
export async function bundleRoot(folder: string, allowHardLinks: boolean): Promise<BundleRoot> {
  try {
    return { folder: await realpath(folder), allowHardLinks };
  } catch (error) {
    throw fromFileSystem(error, 'infer', folder, 'the model folder');
  }
}

/** Refuses paths that leave the bundle or are spelled in more than one way. */
export function requireInsidePath(root: BundleRoot, relativePath: string): void {
  const segments = relativePath.split('/');
  const odd = segments.some((s) => s === '' || s === '.' || s === '..') || /[\0\\]/.test(relativePath);
  if (odd)
    throw refuse(
      `the model names the file ${JSON.stringify(relativePath)}, which is not a plain path inside its folder`,
      root.folder,
    );
}

/** `path` as it is opened: without links where they are followed. */
async function realPathOf(root: BundleRoot, path: string): Promise<string> {
  return root.followLinks === true ? realpath(path) : path;
}

async function openChecked(root: BundleRoot, relativePath: string, path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    if ((await realpath(path)) !== path)
      throw refuse(`${relativePath} of the model is a link, or lies behind one; a copy of the file is expected`, path);
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) throw refuse(`${relativePath} of the model is not a regular file`, path);
    if (stat.nlink > 1 && !root.allowHardLinks) {
      throw refuse(
        `${relativePath} of the model is a hard link (${stat.nlink} names for one file); a copy of the file is expected`,
        path,
      );
    }
    return handle;
  } catch (error) {
    await handle?.close();
    throw error;
  }
}

/** Runs `use` with an open file of the bundle and closes it. `relativePath` has forward slashes. */
export async function withBundleFile<T>(
  root: BundleRoot,
  relativePath: string,
  use: (handle: FileHandle, path: string, sizeBytes: number) => Promise<T>,
): Promise<T> {
  requireInsidePath(root, relativePath);
  let path = join(root.folder, relativePath);
  let handle: FileHandle;
  try {
    path = await realPathOf(root, path);
    handle = await openChecked(root, relativePath, path);
  } catch (error) {
    if (error instanceof MicrotomeError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const found = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw refuse(`${relativePath} of the model ${found}`, path, error);
  }
  try {
    return await use(handle, path, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

/** A small text file as UTF-8, refusing one above `maxBytes`. */
export async function readBundleText(
  root: BundleRoot,
  relativePath: string,
  maxBytes: number,
): Promise<{ text: string; sha256: string }> {
  return withBundleFile(root, relativePath, async (handle, path, sizeBytes) => {
    if (sizeBytes > maxBytes)
      throw refuse(`${relativePath} has ${sizeBytes} bytes, at most ${maxBytes} are expected`, path);
    const bytes = await handle.readFile();
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return { text, sha256: createHash('sha256').update(bytes).digest('hex') };
    } catch (error) {
      throw refuse(`${relativePath} is not UTF-8 text`, path, error);
    }
  });
}

/** SHA-256 in lower-case hex, read in pieces so that the event loop is never held for long. */
export async function sha256Of(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (let offset = 0; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunkBytes, offset);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(chunk.subarray(0, bytesRead));
    offset += bytesRead;
  }
}

/** Refuses the small text file that stands in for a large one in a clone without Git LFS. */
export async function refuseGitLfsPointer(handle: FileHandle, path: string): Promise<void> {
  const head = Buffer.alloc(gitLfs.length);
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  if (bytesRead === head.length && head.equals(gitLfs)) {
    throw new MicrotomeError('MODEL_INVALID', 'infer', 'the file is a Git LFS pointer, not the model itself', {
      path,
      advice: 'fetch the model with: git lfs pull',
    });
  }
}

/** SHA-256 and size of a file of the bundle, through one opening. */
export async function hashBundleFile(
  root: BundleRoot,
  relativePath: string,
): Promise<{ path: string; sizeBytes: number; sha256: string }> {
  return withBundleFile(root, relativePath, async (handle, path, sizeBytes) => {
    await refuseGitLfsPointer(handle, path);
    return { path, sizeBytes, sha256: await sha256Of(handle) };
  });
}
