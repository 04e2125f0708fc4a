// npm run test:serve [-- files…]: asks the built `microtome serve` by Triton's own Python client, and sends it 10,000 requests. Makes the
// client's environment, builds the library, and ends with `N passed, N failed`.
import { build } from './steps/build.mjs';
import { closingLine } from './steps/counts.mjs';
import { programOf, pythonEnvironment } from './steps/python-environment.mjs';
import { main, step } from './steps/run.mjs';
import { serveTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';

main(async () => {
  const { filters } = await sortWords(process.argv.slice(2), [], await testFiles(['test/serve/peer']));
  await build();
  await pythonEnvironment('triton', 'test/serve/peer/requirements.txt');
  const counts = await step("tests with Triton's client", () => serveTests(programOf('triton'), filters));
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
