// npm test: installs, builds, runs the tests of the library and ends with `N passed, N failed`.
// npm test -- native types unit sanitized fuzz threads bench: only those stages. The last four take long, and are
// run by name only.
// npm test -- unit some-file: the files of that name; the stage `unit` need not be written.
import { build } from './steps/build.mjs';
import { add, closingLine, noTests } from './steps/counts.mjs';
import { main, step } from './steps/run.mjs';
import {
  benchTests,
  fuzzSeeds,
  nativeTests,
  sanitizedTests,
  threadTests,
  typeCheck,
  unitTests,
} from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';

const stages = {
  types: { title: 'types of lib, test and demo', run: () => typeCheck() },
  native: { title: 'native tests', run: () => nativeTests() },
  sanitized: {
    title: 'native tests under the address and undefined-behaviour sanitizers',
    run: () => sanitizedTests(),
    byNameOnly: true,
  },
  threads: {
    title: 'native tests and the addon under the thread sanitizer',
    run: () => threadTests(),
    byNameOnly: true,
  },
  fuzz: { title: 'fuzz targets over their seeds', run: () => fuzzSeeds(), byNameOnly: true },
  unit: { title: 'tests of the API', run: (filters) => unitTests(filters) },
  bench: { title: 'tests of the benchmarks', run: (filters) => benchTests(filters), byNameOnly: true },
};

/** These have scripts of their own. */
const unfit = /^test\/(package|nightly|peers|competition\/box)\//;

const everyStage = Object.keys(stages).filter((name) => stages[name].byNameOnly !== true);

main(async () => {
  const files = (await testFiles(['test', 'demo', 'train', 'scripts'])).filter((file) => !unfit.test(file));
  const { chosen, filters } = await sortWords(process.argv.slice(2), Object.keys(stages), files);
  const unnamed = filters.length > 0 ? ['unit'] : everyStage;
  await build();

  let total = noTests;
  for (const name of chosen.length > 0 ? chosen : unnamed) {
    const { title, run } = stages[name];
    const counts = await step(title, () => run(filters));
    process.stdout.write(`  ${name} - ${closingLine(counts)}\n`);
    total = add(total, counts);
  }
  process.stdout.write(`${closingLine(total)}\n`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
});
