/** Where things are: the checkout, what the benchmarks build and download, and what they write. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout; this file runs as build/bench/bench/paths.js. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));
const inRoot = (...parts: readonly string[]): string => join(root, ...parts);

export const benchDir = inRoot('bench');
/** Compiled contenders. */
export const compiledDir = fileURLToPath(new URL('.', import.meta.url));
/** Everything that can be made again: generated slides and models, the native build, the Python environment. */
export const cacheDir = process.env['MICROTOME_BENCH_CACHE'] ?? inRoot('build-bench');
export const nativeDir = join(cacheDir, 'native');
export const pythonDir = join(cacheDir, 'python');
export const resultsDir = inRoot('bench', 'results');

export const jpegLibrary = inRoot('node_modules/@julusian/jpeg-turbo/prebuilds/jpeg-turbo-linux-x64/libturbojpeg.so.0');
export const vipsFolder = inRoot('node_modules/microtome-libvips-linux-x64/lib');
export const onnxRuntimeLibrary = inRoot('node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1');
