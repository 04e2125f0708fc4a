/** Encoders as files, exported from the torch modules that a Python contender runs. */
import { join } from 'node:path';
import { pythonProgram } from '../install/python.js';
import { ready } from '../install/ready.js';
import { runQuietly } from '../install/run.js';
import { benchDir } from '../paths.js';
import { cached } from '../workloads/cache.js';

export type TorchModelName = 'resnet' | 'vit-s' | 'mobilenet';

/** Raised when the modules themselves change. */
const WEIGHTS = 1;

export async function torchModelFile(name: TorchModelName): Promise<string> {
  await ready(['slide2vec']);
  const python = pythonProgram('slide2vec', ['torch', 'onnx', 'timm']);
  return cached(`torch-${name}`, 'onnx', WEIGHTS, (path) =>
    runQuietly(python, [join(benchDir, 'python', 'encoders.py'), name, path]),
  );
}
