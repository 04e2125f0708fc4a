// npm run demo: builds what is not built, then draws slides, scores them and says where everything is (demo/run.ts).
import { build } from './steps/build.mjs';
import { inRoot } from './steps/paths.mjs';
import { main, run, step } from './steps/run.mjs';
import { compile } from './steps/typescript.mjs';

main(async () => {
  await build();
  await step('TypeScript (demo)', () =>
    compile('demo/tsconfig.json', { book: 'demo', firstOutput: 'build/demo/demo/run.js' }),
  );
  await run(process.execPath, [inRoot('build/demo/demo/run.js')]);
});
