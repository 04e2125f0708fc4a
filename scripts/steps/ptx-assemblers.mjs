// NVIDIA's assemblers of PTX: the last that knows the K80's generation, and one that knows today's. Only the one program
// of each wheel is kept; nothing of them is packed.
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { wheelFiles } from './python-tool.mjs';

const tags = ['--platform=manylinux2014_x86_64'];

/** What each assembles for; the K80 is sm_37, an H200 is sm_90. */
export const assemblers = [
  {
    targets: ['sm_35', 'sm_37', 'sm_50', 'sm_60', 'sm_70'],
    wheel: {
      name: 'nvidia-cuda-nvcc-cu11',
      version: '11.8.89',
      sha256: 'f8e1e995166c884f2f5bf94975d7abb89175363b8712f7f81cd38d0df1b2cd85',
      tags,
      files: ['nvidia/cuda_nvcc/bin/ptxas'],
    },
  },
  {
    targets: ['sm_75', 'sm_80', 'sm_86', 'sm_89', 'sm_90', 'sm_100', 'sm_103', 'sm_110', 'sm_120'],
    wheel: {
      name: 'nvidia-cuda-nvcc',
      version: '13.5.37',
      sha256: 'f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7',
      tags,
      files: ['nvidia/cu13/bin/ptxas'],
    },
  },
];

/**
 * Path of the program of one entry of `assemblers`.
 * @returns {Promise<{ program: string } | { missing: string }>} `missing` says why it cannot be had.
 */
export async function ptxas({ wheel }) {
  const found = await wheelFiles(wheel);
  if ('missing' in found) return found;
  const program = join(found.folder, 'ptxas');
  await chmod(program, 0o755);
  return { program };
}
