/**
 * Which files of a folder are lesion images: those whose names say so, whatever they hold (what is wrong with one is told when
 * it is scored), and others that begin as a JPEG or a PNG file does.
 */
import type { FileHandle } from 'node:fs/promises';
import { MicrotomeError } from '../../core/errors.js';
import { openRegular } from '../../core/regular-file.js';
import { errnoOf, type FileSystem } from '../file-system.js';
import { isImageName, type ItemRules } from '../slide-names.js';

const kHdf5Name = /\.(?:hdf5|h5)$/i;

const kSignatures = {
  jpeg: [0xff, 0xd8, 0xff],
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  hdf5: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
} as const;

/** By its name. */
export function isHdf5Name(path: string): boolean {
  return kHdf5Name.test(path);
}

/** A file that is called so, or begins so. Throws a system error. */
export async function isHdf5(path: string, fs: FileSystem): Promise<boolean> {
  return isHdf5Name(path) || begins(await firstBytes(path, fs), kSignatures.hdf5);
}

export const imageItems: ItemRules = {
  noun: 'image',
  byName: (name) => (isImageName(name) ? 'item' : 'look'),
  async byContent(path, fs) {
    try {
      const first = await firstBytes(path, fs);
      if (begins(first, kSignatures.jpeg) || begins(first, kSignatures.png)) return null;
      if (begins(first, kSignatures.hdf5)) return 'an HDF5 file: name it by its own path';
      return first.length === 0 ? 'an empty file' : 'no JPEG or PNG file';
    } catch (error) {
      return error instanceof MicrotomeError ? 'not a regular file' : `cannot be read (${errnoOf(error)})`;
    }
  },
};

async function firstBytes(path: string, fs: FileSystem): Promise<Uint8Array> {
  const refuse = (found: string): MicrotomeError =>
    new MicrotomeError('FILE_UNREADABLE', 'slide', `${path} is ${found}`);
  let handle: FileHandle | undefined;
  try {
    handle = await openRegular(path, { maxBytes: Number.MAX_SAFE_INTEGER, refuse, fs });
    const { bytesRead, buffer } = await handle.read(new Uint8Array(8), 0, 8, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle?.close();
  }
}

function begins(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}
