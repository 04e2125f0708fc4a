// Where things are. Every other script asks here, so that none depends on the folder it was started in.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const inRoot = (...parts) => join(root, ...parts);

/** Release build of the addon and the native tests, their instrumented twins, and the build that is packed. */
export const buildDir = inRoot('build');
export const sanitizedBuildDir = inRoot('build-asan');
/** One folder deeper: node-gyp-build is told its parent, and looks for build/Release in there. */
export const threadBuildDir = inRoot('build-tsan', 'build');
export const fuzzBuildDir = inRoot('build-fuzz');
export const packedBuildDir = inRoot('build-prebuilt');
export const cacheDir = inRoot('node_modules', '.cache', 'microtome');

export const jpegLibrary = inRoot('node_modules/@julusian/jpeg-turbo/prebuilds/jpeg-turbo-linux-x64/libturbojpeg.so.0');
const vipsFolder = inRoot('node_modules/microtome-libvips-linux-x64/lib');
const ortLibrary = inRoot('node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1');

/** Slides and models of other parties, beside the checkout; null where there are none. */
export function testDataDir() {
  const dir = process.env.MICROTOME_TEST_DATA ?? resolve(root, '..', 'shared', 'data');
  return dir !== '' && existsSync(dir) ? dir : null;
}

/** What native tests are told by environment variables; a library that is not installed is left out. */
export async function nativeTestEnvironment() {
  const { readdir } = await import('node:fs/promises');
  const vipsFiles = await readdir(vipsFolder).catch(() => []);
  const vips = vipsFiles.find((name) => name.startsWith('libvips-cpp.so'));
  const entries = {
    MICROTOME_JPEG_LIBRARY: existsSync(jpegLibrary) ? jpegLibrary : null,
    MICROTOME_VIPS_LIBRARY: vips === undefined ? null : join(vipsFolder, vips),
    MICROTOME_ORT_LIBRARY: existsSync(ortLibrary) ? ortLibrary : null,
    MICROTOME_TEST_DATA: testDataDir(),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== null));
}
