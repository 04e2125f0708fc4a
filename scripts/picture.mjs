// node scripts/picture.mjs: draws docs/pictures/scored-slide.png, the picture of README.md, from a generated slide
// (demo/draw-picture.ts). test/docs/picture.test.ts compares the file with what is drawn today.
import { build } from './steps/build.mjs';
import { inRoot } from './steps/paths.mjs';
import { main, run, step } from './steps/run.mjs';
import { compile } from './steps/typescript.mjs';

main(async () => {
  await build();
  await step('TypeScript (demo)', () =>
    compile('demo/tsconfig.json', { book: 'demo', firstOutput: 'build/demo/demo/draw-picture.js' }),
  );
  await run(process.execPath, [inRoot('build/demo/demo/draw-picture.js')]);
});
