// npm run test:openslide [-- files…]: slides in the formats of scanners against OpenSlide itself (test/openslide). Makes the
// environment with OpenSlide and the slides, builds the library, and ends with `N passed, N failed`.
import { build } from './steps/build.mjs';
import { closingLine } from './steps/counts.mjs';
import { openslideTools } from './steps/openslide.mjs';
import { main, step } from './steps/run.mjs';
import { openslideTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';

main(async () => {
  const { filters } = await sortWords(process.argv.slice(2), [], await testFiles(['test/openslide']));
  await build();
  const tools = await openslideTools();
  const counts = await step('tests against OpenSlide', () => openslideTests(tools, filters));
  process.stdout.write(`${closingLine(counts)}\n`);
  // In CI nothing is left out: what these tests need can be had there.
  const leftOut = process.env.CI !== undefined && counts.skipped > 0;
  if (counts.failed > 0 || counts.passed === 0 || leftOut) process.exitCode = 1;
});
