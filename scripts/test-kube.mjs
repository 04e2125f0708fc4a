// npm run test:kube [-- files…]: the tests of test/kube/plane on a real control plane of Kubernetes with Kubeflow's operators. Builds
// their programs from Go modules where they are not in the cache, builds the library, and ends with `N passed, N failed`.
// With --cached-only it builds none of these programs, and skips all tests where one is not there.
import { build } from './steps/build.mjs';
import { closingLine } from './steps/counts.mjs';
import { buildKubePrograms, kubePrograms, missingPrograms } from './steps/kube-binaries.mjs';
import { HelpPage, main, outputOf, step } from './steps/run.mjs';
import { kubeTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';
import { torchPython } from './steps/torch.mjs';

/** Says what is not there, and which tests are skipped for it. */
function skip(missing, files) {
  process.stdout.write(`  not built: ${missing.join(', ')} (npm run test:kube builds them into ${kubePrograms()})\n`);
  for (const file of files) process.stdout.write(`skipped: ${file}\n`);
  process.stdout.write(`${closingLine({ passed: 0, failed: 0, skipped: files.length })}\n`);
}

main(async () => {
  const cachedOnly = process.argv.includes('--cached-only');
  const words = process.argv.slice(2).filter((word) => word !== '--cached-only');
  const files = await testFiles(['test/kube/plane']);
  const { filters } = await sortWords(words, [], files);
  const missing = missingPrograms();
  if (cachedOnly && missing.length > 0) return skip(missing, files);
  if ((await outputOf('openssl', ['version'])) === null)
    throw new HelpPage('no "openssl" on PATH to make certificates with');
  await buildKubePrograms();
  await build();
  const { program } = await torchPython();
  const tools = { MICROTOME_KUBE_PROGRAMS: kubePrograms(), MICROTOME_TRAIN_PYTHON: program };
  const counts = await step('tests on a control plane', () => kubeTests(tools, filters));
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
