/** Builds the contenders in C++ with CMake. */
import { join } from 'node:path';
import { benchDir, nativeDir } from '../paths.js';
import { runQuietly } from './run.js';

/** Two compilers: one needs up to a gigabyte, and the smallest machine this runs on has two cores. */
const COMPILERS = '2';

export async function buildNative(): Promise<void> {
  await runQuietly('cmake', ['-S', join(benchDir, 'native'), '-B', nativeDir, '-DCMAKE_BUILD_TYPE=Release']);
  await runQuietly('cmake', ['--build', nativeDir, '--parallel', COMPILERS]);
}
