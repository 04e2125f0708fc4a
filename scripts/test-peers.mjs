// npm run test:peers [-- files…]: compares results with published Python programs (test/peers). Makes their environment, builds
// the library and the native tools, runs the tests and ends with `N passed, N failed`.
import { buildTestTargets } from './steps/addon.mjs';
import { build } from './steps/build.mjs';
import { closingLine } from './steps/counts.mjs';
import { buildDir } from './steps/paths.mjs';
import { peersEnvironment } from './steps/peers.mjs';
import { main, step } from './steps/run.mjs';
import { peerTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';

main(async () => {
  const { filters } = await sortWords(process.argv.slice(2), [], await testFiles(['test/peers']));
  await build();
  await step('native tools', () => buildTestTargets(buildDir, ['tools']));
  await peersEnvironment();
  const counts = await step('tests against other programs', () => peerTests(filters));
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
