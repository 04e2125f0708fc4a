/** Finds the files that an ONNX model keeps weights in, and refuses what a file of the model may not be. */

import { posix } from 'node:path';

import { printable } from '../core/printable.js';
import { MicrotomeError } from '../core/errors.js';
import { requireInsidePath } from './bundle-files.js';
import type { BundleRoot } from './bundle-files.js';
import type { ExternalData, OnnxSummary } from './onnx-summary.js';

function refuse(found: string, path: string): MicrotomeError {
  return new MicrotomeError('MODEL_INVALID', 'infer', printable(found), { path });
}

function place(graphFile: string, data: ExternalData, path: string): string {
  const { location, tensor } = data;
  if (location === null || location === '')
    throw refuse(`the tensor "${tensor}" of ${graphFile} is in another file that is not named`, path);
  if (posix.isAbsolute(location) || location.includes('\\') || location.includes('\0')) {
    throw refuse(
      `the tensor "${tensor}" of ${graphFile} is in ${JSON.stringify(location)}, which is not a path inside the model's folder`,
      path,
    );
  }
  return posix.join(posix.dirname(graphFile), location);
}

/** What a graph reads of one of its external files: the last byte, and the tensor that it belongs to. */
export interface NeededBytes {
  readonly bytes: number;
  readonly tensor: string;
  /** The file as the graph names it. */
  readonly location: string;
}

/**
 * Every external file of the graph, as a path inside the bundle. Opens none. `graphFile` is the .onnx file's path inside
 * the bundle; `declared` are the bundle's listed files, null where there is no list. Throws MODEL_INVALID.
 */
export function externalFiles(
  root: BundleRoot,
  graphFile: string,
  summary: OnnxSummary,
  declared: ReadonlySet<string> | null,
): ReadonlyMap<string, NeededBytes> {
  const path = posix.join(root.folder, graphFile);
  if (summary.hasCompiledNodes)
    throw refuse(
      `${graphFile} holds nodes compiled for one device (EPContext); an ordinary ONNX graph is expected`,
      path,
    );
  const needed = new Map<string, NeededBytes>();
  for (const data of summary.external) {
    const file = place(graphFile, data, path);
    requireInsidePath(root, file);
    const end = data.offset + (data.length ?? 0);
    if (!Number.isSafeInteger(data.offset) || !Number.isSafeInteger(end) || data.offset < 0 || (data.length ?? 0) < 0) {
      throw refuse(`the tensor "${data.tensor}" of ${graphFile} has an impossible place in ${file}`, path);
    }
    const location = data.location ?? '';
    if (end >= (needed.get(file)?.bytes ?? 0)) needed.set(file, { bytes: end, tensor: data.tensor, location });
  }
  for (const file of needed.keys()) {
    if (declared !== null && !declared.has(file))
      throw refuse(`${graphFile} keeps weights in ${file}, which is not listed in files`, path);
  }
  return needed;
}

/** Refuses an external file that is too short. `path` is its own. */
export function requireLength(
  graphFile: string,
  file: string,
  needed: NeededBytes,
  path: string,
  sizeBytes: number,
): void {
  if (sizeBytes >= needed.bytes) return;
  throw refuse(
    `${file} has ${sizeBytes} bytes, but the tensor "${needed.tensor}" of ${graphFile} ends at ${needed.bytes}`,
    path,
  );
}
