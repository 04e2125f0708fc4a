// npm run test:storage [-- files…]: slides in a real object store (test/storage/real). Builds the store, once, and the library;
// runs the tests and ends with `N passed, N failed`.
import { build } from './steps/build.mjs';
import { closingLine, noTests } from './steps/counts.mjs';
import { objectStore } from './steps/object-store.mjs';
import { main, step } from './steps/run.mjs';
import { storageTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';

main(async () => {
  const { filters } = await sortWords(process.argv.slice(2), [], await testFiles(['test/storage/real']));
  const program = await objectStore();
  if (program === null) {
    process.stdout.write(
      `the object store cannot be built: Go is missing\n${closingLine({ ...noTests, skipped: 1 })}\n`,
    );
    return;
  }
  await build();
  const counts = await step('tests against an object store', () => storageTests(program, filters));
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
