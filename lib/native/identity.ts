/** What can change the bits of a score beside the model and the options: the libraries in use, the instructions, the device. */

import { dirname } from 'node:path';

import { addonPath, loadAddon } from './addon.js';
import { fileText } from './file-text.js';
import { findOpenslide } from './openslide.js';
import { findJpeg, findVips } from './runtimes.js';

/** By what a message calls each of them; `device` is the identity of the device in use. ONNX Runtime is opened already where there is a scorer. */
export async function machineIdentity(device: string): Promise<Readonly<Record<string, string>>> {
  const addon = await loadAddon();
  const { onnxRuntime, simd } = await addon.identity();
  const { version, build } = onnxRuntime;
  return {
    'ONNX Runtime': build === '' ? version : `${version} (${build})`,
    'the SIMD level': simd,
    'the device': device,
    'libjpeg-turbo': await fileText(findJpeg(dirname(addonPath())).path),
    libvips: await fileText(findVips().path),
  };
}

/** Of the OpenSlide that reads the slides that are no TIFF; null: there is none. `option` is the caller's path. */
export async function openslideIdentity(option: string | null): Promise<string | null> {
  const { path } = findOpenslide(option);
  return path === '' ? null : fileText(path);
}
