/** The error for a model that is not there, with what was probably meant. */

import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import { nearest } from '../core/near-miss.js';

/** More neighbours are no help, and a folder may have millions. */
const mostNeighbours = 1000;

/** Names beside a path that may be models: folders and .onnx files. */
async function neighbours(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dirname(path), { withFileTypes: true });
    const isModel = (name: string, isFolder: boolean): boolean => isFolder || name.toLowerCase().endsWith('.onnx');
    const found = entries.filter((entry) => isModel(entry.name, entry.isDirectory() || entry.isSymbolicLink()));
    return found.slice(0, mostNeighbours).map((entry) => entry.name);
  } catch {
    return [];
  }
}

async function nearestModel(ref: string, builtIns: readonly string[]): Promise<string | null> {
  const isName = !ref.includes('/');
  const builtIn = isName ? nearest(ref, builtIns) : null;
  if (builtIn !== null) return builtIn;
  const neighbour = nearest(basename(ref), await neighbours(ref));
  // A name alone might be taken for a built-in one.
  if (neighbour === null) return null;
  return isName ? `./${neighbour}` : join(dirname(ref), neighbour);
}

/** `error` is why `ref` cannot be looked at. */
export async function missingModel(error: unknown, ref: string, builtIns: readonly string[]): Promise<MicrotomeError> {
  const failure = fromFileSystem(error, 'infer', ref, 'the model');
  if (failure.code !== 'FILE_NOT_FOUND') return failure;
  const hint = await nearestModel(ref, builtIns);
  const advice =
    hint === null
      ? `pass the path of a bundle or of an .onnx file, or a built-in name: ${builtIns.join(', ')}`
      : `did you mean '${hint}'?`;
  return new MicrotomeError(failure.code, 'infer', `the model ${ref} does not exist`, {
    path: ref,
    cause: error,
    advice,
  });
}
