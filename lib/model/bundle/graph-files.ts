/** Reads the files of a bundle: every listed one has its hash, and every graph is outlined. */

import type { BundleRoot } from '../bundle-files.js';
import { hashBundleFile, requireInsidePath } from '../bundle-files.js';
import type { BundleText } from '../bundle-json.js';
import { readOnnxFile } from '../onnx-file.js';
import type { OnnxFile } from '../onnx-file.js';
import type { BundleJson } from './json-types.js';

/** By path inside the bundle. Every listed file must be there, plain, and have its hash; a graph is opened once. */
export async function readGraphFiles(
  root: BundleRoot,
  graphs: readonly string[],
  json: BundleJson,
  text: BundleText,
): Promise<ReadonlyMap<string, OnnxFile>> {
  const files = Object.keys(json.files);
  for (const file of files) requireInsidePath(root, file);
  const unread = new Set(files);
  const verify = (file: string, sha256: string): void => {
    unread.delete(file);
    const declared = json.files[file];
    if (sha256 !== declared) {
      throw text.error(
        'MODEL_INVALID',
        ['files', file],
        `${file} has the SHA-256 ${sha256}, but ${declared} is declared`,
      );
    }
  };
  const found = new Map<string, OnnxFile>();
  for (const graph of new Set(graphs))
    found.set(graph, await readOnnxFile(root, graph, { declared: new Set(files), verify }));
  for (const file of [...unread]) verify(file, (await hashBundleFile(root, file)).sha256);
  return found;
}
