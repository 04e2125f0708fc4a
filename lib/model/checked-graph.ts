/** Opens, hashes and outlines one .onnx file of a model, and checks it against the declared input and outputs. */

import { MicrotomeError } from '../core/errors.js';
import { refuseGitLfsPointer, sha256Of, withBundleFile } from './bundle-files.js';
import type { BundleRoot } from './bundle-files.js';
import { checkColumns, checkInput, graphInput, graphOutput } from './check-graph.js';
import type { GraphInput } from './check-graph.js';
import type { TensorInfo, TileInput } from './model.js';
import { checkExternalData } from './onnx-external-data.js';
import { summariseOnnx } from './onnx-summary.js';
import type { OnnxTensor } from './onnx-summary.js';
import type { GraphInfo, ModelSpec } from './spec.js';

export interface OnnxFile {
  /** Absolute. */
  readonly path: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Other files that hold its weights, as paths inside the bundle. */
  readonly externalFiles: readonly string[];
}

const maxOnnxBytes = 2 ** 31;

function tensorInfo(tensor: OnnxTensor): TensorInfo {
  return Object.freeze({ name: tensor.name, type: tensor.type, shape: Object.freeze([...(tensor.shape ?? [])]) });
}

/**
 * `declared`: the bundle's listed files, null where there is no list. `graphRoot`: the rules for the .onnx file itself,
 * where they differ from those for the files it names. Throws MODEL_INVALID.
 */
export async function readOnnxFile(
  root: BundleRoot,
  graphFile: string,
  declared: ReadonlySet<string> | null,
  graphRoot: BundleRoot = root,
): Promise<OnnxFile> {
  const read = await withBundleFile(graphRoot, graphFile, async (handle, path, sizeBytes) => {
    if (sizeBytes === 0) throw new MicrotomeError('MODEL_INVALID', 'infer', `${graphFile} is empty`, { path });
    if (sizeBytes > maxOnnxBytes) {
      throw new MicrotomeError(
        'MODEL_INVALID',
        'infer',
        `${graphFile} has ${sizeBytes} bytes, an ONNX file has less than 2 GiB`,
        { path },
      );
    }
    await refuseGitLfsPointer(handle, path);
    const summary = await summariseOnnx(handle, path, sizeBytes);
    return { path, summary };
  });
  const externalFiles = await checkExternalData(root, graphFile, read.summary, declared);
  return {
    path: read.path,
    inputs: Object.freeze(read.summary.inputs.map(tensorInfo)),
    outputs: Object.freeze(read.summary.outputs.map(tensorInfo)),
    externalFiles,
  };
}

/** SHA-256 of a file of the model. */
export async function hashBundleFile(root: BundleRoot, file: string): Promise<string> {
  return withBundleFile(root, file, async (handle, path) => {
    await refuseGitLfsPointer(handle, path);
    return sha256Of(handle);
  });
}

/**
 * Compares a model with a graph: as outlined from the file, and again as the runtime reports it. Gives the graph's
 * input. Throws MODEL_MISMATCH.
 */
export function checkModelAgainstGraph(
  input: TileInput,
  sizePx: number,
  spec: ModelSpec,
  graph: GraphInfo,
): GraphInput {
  const path = spec.graphPath;
  const found = graphInput(graph.inputs, spec.inputTensor, path);
  checkInput(input, sizePx, found, path);
  for (const output of spec.tileOutputs) {
    const tensor = graphOutput(graph.outputs, output.tensor, path);
    const columns = checkColumns(tensor, output.columns, found.batch, path);
    for (const head of spec.heads) {
      if (spec.tileOutputs[head.output] === output && columns !== null && head.column >= columns) {
        throw new MicrotomeError(
          'MODEL_MISMATCH',
          'infer',
          `the head "${head.name}" reads column ${head.column}, but the output "${output.tensor}" gives ${columns} value${columns === 1 ? '' : 's'} for each tile (columns count from 0)`,
          { path },
        );
      }
    }
  }
  return found;
}
