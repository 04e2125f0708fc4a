// npm run test:train [-- modules…]: the tests of train/tests. Installs Debian's PyTorch where it is not there, makes the environment
// for INT8 and boosted trees, builds the library, and ends with `N passed, N failed`. `npm run test:train -- test_folds` runs one file.
// With --torch2 they run on PyTorch 2, from a list of its own, in an environment of 7 GB.
import { readdir } from 'node:fs/promises';
import { build } from './steps/build.mjs';
import { add, closingLine, countUnittest, noTests } from './steps/counts.mjs';
import { inRoot } from './steps/paths.mjs';
import { programOf, pythonEnvironment } from './steps/python-environment.mjs';
import { HelpPage, main, run, step } from './steps/run.mjs';
import { torch2Python, torchPython } from './steps/torch.mjs';

/** Tests of what needs ONNX Runtime's Python or LightGBM, and no PyTorch. */
const withoutTorch = new Set(['test_boost']);

async function modules(words) {
  const files = await readdir(inRoot('train', 'tests'));
  const all = files.filter((name) => /^test_\w+\.py$/.test(name)).map((name) => name.slice(0, -3));
  const unknown = words.find((word) => !all.includes(word));
  if (unknown !== undefined) throw new HelpPage(`${unknown} is no test of train/tests; there are ${all.join(', ')}`);
  return (words.length > 0 ? words : all).sort();
}

main(async () => {
  const words = process.argv.slice(2);
  const names = await modules(words.filter((word) => word !== '--torch2'));
  const torch = await (words.includes('--torch2') ? torch2Python() : torchPython());
  await pythonEnvironment('train', 'train/requirements.txt');
  await build();
  process.stdout.write(`  PyTorch ${torch.version}\n`);
  const env = { MICROTOME_ONNX_PYTHON: programOf('train'), OMP_NUM_THREADS: '1' };
  let counts = noTests;
  for (const name of names) {
    // One process for each file: what one of them sets in PyTorch does not reach another.
    const program = withoutTorch.has(name) ? programOf('train') : torch.program;
    const ended = await step(name, () =>
      run(program, ['-m', 'unittest', `train.tests.${name}`], { env, quiet: true, allowFailure: true }),
    );
    const found = countUnittest(ended);
    if (found.failed > 0) process.stdout.write(ended.output);
    counts = add(counts, found);
  }
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
