// ONNX Runtime for the CPU as it is packed: the shared library and the licences of the wheel that its makers publish.
// It is the version that the tests use through onnxruntime-node, built from the same source without WebGPU: 29 MB instead
// of 46, and with the licence files, which the npm package lacks.
import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { wheelFiles } from './python-tool.mjs';
import { HelpPage } from './run.mjs';

const version = '1.30.0';
const wheel = {
  name: 'onnxruntime',
  version,
  sha256: 'fd54b314ea385bcecac69ab431f020ba503e3878dad4ebb645fec5a24b041242',
  tags: ['--platform=manylinux_2_28_x86_64', '--implementation=cp', '--python-version=3.11', '--abi=cp311'],
  files: [`onnxruntime/capi/libonnxruntime.so.${version}`, 'onnxruntime/LICENSE', 'onnxruntime/ThirdPartyNotices.txt'],
};

/** Names in the wheel, and in prebuilds/linux-x64. */
const packed = {
  [`libonnxruntime.so.${version}`]: 'libonnxruntime.so.1',
  LICENSE: 'onnxruntime-LICENSE.txt',
  'ThirdPartyNotices.txt': 'onnxruntime-ThirdPartyNotices.txt',
};
export const packedRuntimeFiles = Object.values(packed);

/** Folder with the files as they are in the wheel. Throws where it cannot be had. */
export async function ortLibrary() {
  const { devDependencies } = JSON.parse(await readFile(inRoot('package.json'), 'utf8'));
  const tested = devDependencies['onnxruntime-node'];
  if (tested !== version)
    throw new Error(`package.json has onnxruntime-node ${tested} for the tests, and ${version} would be packed`);
  const found = await wheelFiles(wheel);
  if ('missing' in found) throw new HelpPage(`ONNX Runtime cannot be packed: ${found.missing}\nNothing was packed.`);
  return found.folder;
}

/** Puts the files of `folder` beside the packed addon. */
export async function packOrtLibrary(folder, prebuilds) {
  for (const [name, target] of Object.entries(packed)) {
    if (!existsSync(join(folder, name))) throw new Error(`${join(folder, name)} is missing: remove that folder`);
    await copyFile(join(folder, name), join(prebuilds, target));
  }
}
