// npm run bench: builds what is not built, then runs the benchmarks (bench/main.ts) with the arguments given.
import { build } from './steps/build.mjs';
import { inRoot } from './steps/paths.mjs';
import { main, run, step } from './steps/run.mjs';
import { compile } from './steps/typescript.mjs';

main(async () => {
  await build();
  await step('TypeScript (bench)', () =>
    compile('bench/tsconfig.json', { book: 'bench', firstOutput: 'build/bench/bench/main.js' }),
  );
  const { code } = await run(process.execPath, [inRoot('build/bench/bench/main.js'), ...process.argv.slice(2)], {
    allowFailure: true,
  });
  process.exitCode = code;
});
