// The PTX of native/gpu/kernels, made by the one version of clang whose text is committed.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { outputOf, run } from './run.mjs';

const version = '14.0';

export const kernelSource = inRoot('native/gpu/kernels/tile_kernel.cu');
export const kernelPtx = inRoot('native/gpu/kernels/tile_kernel.ptx');

// No toolkit is looked for: clang would take the version of PTX from it, and old drivers would refuse the text. Nothing is
// fused: the processor's sums are not either. sm_35 is the oldest target that a K80 (sm_37) runs.
const flags = [
  ...['-x', 'cuda', '--cuda-path=/nonexistent', '--cuda-device-only', '--cuda-gpu-arch=sm_35'],
  ...['-nocudainc', '-nocudalib', '-std=c++17', '-O3', '-ffp-contract=off', '-fno-unroll-loops'],
  ...['-Wall', '-Wextra', '-Werror', `-I${inRoot('native')}`],
];

async function findClang() {
  for (const name of [`clang-${version.split('.')[0]}`, 'clang']) {
    const text = await outputOf(name, ['--version']);
    if (text?.includes(`clang version ${version}.`)) return name;
  }
  return null;
}

/**
 * What the compiler makes of the kernels.
 * @returns {Promise<{ text: string } | { missing: string }>} `missing` says why there is no such compiler.
 */
export async function compiledPtx() {
  const clang = await findClang();
  if (clang === null) return { missing: `clang ${version} is not on PATH (Debian 12: clang)` };
  const folder = await mkdtemp(join(tmpdir(), 'microtome-ptx-'));
  try {
    const out = join(folder, 'kernel.ptx');
    await run(clang, [...flags, '-S', '-o', out, kernelSource], { quiet: true });
    return { text: await readFile(out, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
