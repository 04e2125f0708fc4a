// npm run test:nextflow: the module of examples/nextflow, run by Nextflow itself, which Maven fetches as a library. Without
// Java and Maven its tests are skipped by name. Ends with `N passed, N failed`.
import { build } from './steps/build.mjs';
import { closingLine } from './steps/counts.mjs';
import { nextflowProgram } from './steps/engines.mjs';
import { main, step } from './steps/run.mjs';
import { engineTests } from './steps/test-stages.mjs';

main(async () => {
  await build();
  const { program, problem } = await nextflowProgram();
  if (program === null) {
    process.stdout.write(`skipped: ${problem}\n${closingLine({ passed: 0, failed: 0, skipped: 1 })}\n`);
    return;
  }
  const env = { MICROTOME_NEXTFLOW: JSON.stringify(program) };
  const counts = await step('tests with Nextflow', () => engineTests('nextflow', env));
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
