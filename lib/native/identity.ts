/** What can change the bits of a score beside the model and the options: the libraries in use, the instructions, the device. */

import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { addonPath, loadAddon } from './addon.js';
import { findJpeg, findVips, type Search } from './runtimes.js';

/** By what a message calls each of them; `device` is the identity of the device in use. ONNX Runtime is opened already where there is a scorer. */
export async function machineIdentity(device: string): Promise<Readonly<Record<string, string>>> {
  const addon = await loadAddon();
  const { onnxRuntime, simd } = await addon.identity();
  const { version, build } = onnxRuntime;
  return {
    'ONNX Runtime': build === '' ? version : `${version} (${build})`,
    'the SIMD level': simd,
    'the device': device,
    'libjpeg-turbo': await fileText(findJpeg(dirname(addonPath()))),
    libvips: await fileText(findVips()),
  };
}

/** The name has the version, and the size tells builds of one version apart. These libraries are opened only where needed. */
async function fileText({ path }: Search): Promise<string> {
  if (path === '') return 'not installed';
  try {
    return `${basename(path)}, ${(await stat(path)).size} bytes`;
  } catch {
    return `${basename(path)}, not readable`;
  }
}
