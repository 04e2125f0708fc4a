// npm run test:slurm: an array of shards on a real Slurm of one node, which the test starts in a temporary folder (test/slurm).
// Installs Debian's packages where it may. Without Slurm its tests are skipped by name. Ends with `N passed, N failed`.
import { build } from './steps/build.mjs';
import { closingLine } from './steps/counts.mjs';
import { slurmProblem } from './steps/engines.mjs';
import { main, step } from './steps/run.mjs';
import { engineTests } from './steps/test-stages.mjs';

main(async () => {
  await build();
  const problem = await slurmProblem();
  if (problem !== null) {
    process.stdout.write(`skipped: ${problem}\n${closingLine({ passed: 0, failed: 0, skipped: 1 })}\n`);
    return;
  }
  const counts = await step('tests with Slurm', () => engineTests('slurm'));
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
