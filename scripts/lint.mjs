// npm run lint: every check of the text of the tree. Nothing is built and nothing is changed. Ends with one line of counts;
// a check whose tool cannot be had here is skipped by name.

import { clangFormat } from './steps/clang-format.mjs';
import { closingLine } from './steps/counts.mjs';
import { installPackages } from './steps/install.mjs';
import { inRoot } from './steps/paths.mjs';
import { main, run, step } from './steps/run.mjs';

async function passes(args) {
  const { code } = await run(process.execPath, args, { allowFailure: true });
  return code === 0 ? 'passed' : 'failed';
}

async function cppFormat() {
  const result = await clangFormat({ write: false });
  if ('missing' in result) {
    process.stdout.write(`skipped: clang-format (${result.missing})\n`);
    return 'skipped';
  }
  return result.ok ? 'passed' : 'failed';
}

/** The script says that the compiler is missing with exit code 3; CI installs the compiler. */
async function kernels() {
  const { code } = await run(process.execPath, [inRoot('scripts/generate-ptx.mjs'), '--check'], { allowFailure: true });
  if (code === 3 && process.env.CI === undefined) return 'skipped';
  return code === 0 ? 'passed' : 'failed';
}

const checks = {
  layers: () => passes([inRoot('scripts/check-layers.mjs')]),
  'error codes': () => passes([inRoot('scripts/check-error-codes.mjs')]),
  options: () => passes([inRoot('scripts/generate-options.mjs'), '--check']),
  'PTX of the kernels': kernels,
  tree: () => passes([inRoot('scripts/check-tree.mjs')]),
  biome: () => passes([inRoot('node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']),
  'clang-format': cppFormat,
};

main(async () => {
  await installPackages();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, check] of Object.entries(checks)) counts[await step(name, check)] += 1;
  process.stdout.write(`lint: ${closingLine(counts)}\n`);
  if (counts.failed > 0) process.exitCode = 1;
});
