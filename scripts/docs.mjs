// npm run docs: the API reference in docs/api. A warning of typedoc is an error.
import { installPackages } from './steps/install.mjs';
import { inRoot } from './steps/paths.mjs';
import { main, run } from './steps/run.mjs';

main(async () => {
  await installPackages();
  await run(process.execPath, [inRoot('node_modules/typedoc/bin/typedoc'), ...process.argv.slice(2)]);
});
