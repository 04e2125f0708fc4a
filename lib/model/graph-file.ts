/** A graph that nobody described: one .onnx file, with the files of its weights, for rows of tensors. */

import { fromFileSystem } from '../core/errors.js';
import { linkedOnnx } from './linked-onnx.js';
import { readOnnxFile } from './onnx-file.js';
import type { GraphSpec } from './spec.js';

/**
 * Reads and hashes an `.onnx` file. The path may be a link. Throws FILE_NOT_FOUND, FILE_UNREADABLE, MODEL_INVALID.
 */
export async function readGraphFile(path: string): Promise<GraphSpec> {
  const { root, file, weightsRoot } = await linkedOnnx(path).catch((error: unknown) => {
    throw fromFileSystem(error, 'infer', path, 'the model');
  });
  const {
    path: found,
    sha256,
    weights,
    inputs,
    outputs,
  } = await readOnnxFile(root, file, {
    declared: null,
    weightsRoot,
  });
  return { path: found, sha256, weights, inputs, outputs };
}
