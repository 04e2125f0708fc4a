/**
 * Reads one .onnx file of a model through one opening, its SHA-256 and its outline, and hashes the files that hold its
 * weights.
 */

import { dirname, join } from 'node:path';

import { MicrotomeError } from '../core/errors.js';
import { hashBundleFile, refuseGitLfsPointer, sha256Of, withBundleFile } from './bundle-files.js';
import type { BundleRoot } from './bundle-files.js';
import type { TensorInfo } from './model.js';
import { externalFiles, requireLength } from './onnx-external-data.js';
import { summariseOnnx } from './onnx-summary.js';
import type { OnnxTensor } from './onnx-summary.js';
import type { ModelFile } from './spec.js';

/** A file that holds weights. `file` is its path inside the bundle. */
export interface WeightsFile extends ModelFile {
  readonly file: string;
}

export interface OnnxFile extends ModelFile {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly weights: readonly WeightsFile[];
  /** By output: the operator that makes its values, where it is known. */
  readonly operators: ReadonlyMap<string, string>;
}

export interface OnnxRules {
  /** The bundle's listed files; null where there is no list. */
  readonly declared: ReadonlySet<string> | null;
  /** Where the files of weights lie, by their paths, where that is not the folder of the .onnx file. */
  readonly weightsRoot?: (files: readonly string[]) => Promise<BundleRoot>;
  /** Called with the hash of each file before anything else is made of the file; throws for a wrong one. */
  readonly verify?: (file: string, sha256: string) => void;
}

const maxOnnxBytes = 2 ** 31;

function tensorInfo(tensor: OnnxTensor): TensorInfo {
  return Object.freeze({ name: tensor.name, type: tensor.type, shape: Object.freeze([...(tensor.shape ?? [])]) });
}

function requireSize(file: string, path: string, sizeBytes: number): void {
  if (sizeBytes === 0) throw new MicrotomeError('MODEL_INVALID', 'infer', `${file} is empty`, { path });
  if (sizeBytes > maxOnnxBytes) {
    throw new MicrotomeError(
      'MODEL_INVALID',
      'infer',
      `${file} has ${sizeBytes} bytes, an ONNX file has less than 2 GiB`,
      { path },
    );
  }
}

/** Throws MODEL_INVALID, and what `verify` throws. */
export async function readOnnxFile(root: BundleRoot, graphFile: string, rules: OnnxRules): Promise<OnnxFile> {
  const { declared, verify, weightsRoot } = rules;
  const graph = await withBundleFile(root, graphFile, async (handle, path, sizeBytes) => {
    requireSize(graphFile, path, sizeBytes);
    await refuseGitLfsPointer(handle, path);
    const sha256 = await sha256Of(handle);
    verify?.(graphFile, sha256);
    return { path, sha256, summary: await summariseOnnx(handle, path, sizeBytes) };
  });
  const weights: WeightsFile[] = [];
  const external = externalFiles(root, graphFile, graph.summary, declared);
  const from = external.size === 0 ? root : ((await weightsRoot?.([...external.keys()])) ?? root);
  for (const [file, needed] of external) {
    const { path, sizeBytes, sha256 } = await hashBundleFile(from, file);
    requireLength(graphFile, file, needed, path, sizeBytes);
    verify?.(file, sha256);
    // The runtime looks in the folder of the graph, and follows no link there.
    const isBeside = path === join(dirname(graph.path), file);
    weights.push({ file, path, sha256, ...(isBeside ? {} : { location: needed.location }) });
  }
  return {
    path: graph.path,
    sha256: graph.sha256,
    inputs: Object.freeze(graph.summary.inputs.map(tensorInfo)),
    outputs: Object.freeze(graph.summary.outputs.map(tensorInfo)),
    weights,
    operators: graph.summary.operators,
  };
}
