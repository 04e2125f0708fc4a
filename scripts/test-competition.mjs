// npm run competition:test [-- files…]: packs a submission with the packed package, runs it as the organisers of the challenge do
// (test/competition/box), and ends with `N passed, N failed`.
//   --no-build         takes the packed binary that is there
//   --cores            instead of the tests: how much of the cores a run of a ResNet-18 uses
import { parseArgs } from 'node:util';
import { checkPrograms, competitionTools } from './steps/competition.mjs';
import { closingLine } from './steps/counts.mjs';
import { packTarball } from './steps/pack.mjs';
import { peersEnvironment } from './steps/peers.mjs';
import { makePrebuilds } from './steps/prebuilds.mjs';
import { main, step } from './steps/run.mjs';
import { competitionTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      toolchain: { type: 'string', default: 'auto' },
      'no-build': { type: 'boolean', default: false },
      cores: { type: 'boolean', default: false },
    },
  });
  const { filters } = await sortWords(positionals, [], await testFiles(['test/competition/box']));
  await checkPrograms();
  if (!values['no-build']) await makePrebuilds(values.toolchain);
  await peersEnvironment();
  const tools = await competitionTools(await step('npm pack', packTarball));
  const files = values.cores ? ['cores'] : filters;
  const counts = await step('tests of the contract', () => competitionTests(tools, files, values.cores));
  process.stdout.write(`${closingLine(counts)}\n`);
  // Everything is installed for them: a test that was skipped has not run.
  if (counts.failed > 0 || counts.skipped > 0 || counts.passed === 0) process.exitCode = 1;
});
