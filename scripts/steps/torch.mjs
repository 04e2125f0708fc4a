// The Python that trains: Debian's, with its PyTorch, or the one in MICROTOME_TRAIN_PYTHON.
import { programOf, pythonEnvironment } from './python-environment.mjs';
import { HelpPage, outputOf, run, step } from './run.mjs';

const packages = 'python3-torch python3-torchvision python3-onnx python3-h5py python3-pil python3-numpy'.split(' ');
const imports = 'import torch, torchvision, onnx, h5py, PIL, numpy; print(torch.__version__)';

async function installPackages() {
  const apt = (words) => run('apt-get', words, { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  await apt(['update', '-qq']);
  await apt(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

/** The program and the version of its PyTorch; installs Debian's packages where they are not there and we may. */
export async function torchPython() {
  const chosen = process.env.MICROTOME_TRAIN_PYTHON;
  const program = chosen ?? '/usr/bin/python3';
  const found = await outputOf(program, ['-c', imports]);
  if (found !== null) return { program, version: found.trim() };
  if (chosen !== undefined) throw new HelpPage(`${chosen} cannot import torch, torchvision, onnx, h5py, PIL and numpy`);
  if (process.getuid?.() !== 0)
    throw new HelpPage(`the tests of the training need: apt-get install ${packages.join(' ')}`);
  await step('apt-get install of PyTorch', installPackages);
  const version = await outputOf(program, ['-c', imports]);
  if (version === null) throw new HelpPage(`${packages.join(', ')} are installed, but ${program} cannot import them`);
  return { program, version: version.trim() };
}

/** The same of PyTorch 2, which comes from PyPI with its libraries for GPUs. */
export async function torch2Python() {
  await pythonEnvironment('train-torch2', 'train/requirements-torch2.txt');
  const program = programOf('train-torch2');
  const version = await outputOf(program, ['-c', imports]);
  if (version === null) throw new HelpPage(`${program} cannot import torch, torchvision, onnx, h5py, PIL and numpy`);
  return { program, version: version.trim() };
}
