// node scripts/generate-ptx.mjs [--check]: writes the PTX of the GPU kernels, or (--check) compares the committed one with
// what the compiler makes of the source. Exit code 3: the compiler is not here.
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { compiledPtx, kernelPtx } from './steps/clang-ptx.mjs';
import { main } from './steps/run.mjs';

main(async () => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const made = await compiledPtx();
  if ('missing' in made) {
    process.stdout.write(`skipped: PTX of the kernels (${made.missing})\n`);
    process.exitCode = 3;
    return;
  }
  if (!values.check) return writeFile(kernelPtx, made.text);
  if ((await readFile(kernelPtx, 'utf8')) === made.text) return;
  process.stdout.write(
    'native/gpu/kernels/tile_kernel.ptx is not what its source gives: node scripts/generate-ptx.mjs\n',
  );
  process.exitCode = 1;
});
