// npm run test:package [-- files…]: makes the packed binary, checks the package as publint and arethetypeswrong see it,
// and runs test/package against the tarball. Ends with `N passed, N failed`.
import { parseArgs } from 'node:util';
import { add, closingLine } from './steps/counts.mjs';
import { packTarball } from './steps/pack.mjs';
import { packageTools } from './steps/package-tools.mjs';
import { inRoot } from './steps/paths.mjs';
import { makePrebuilds } from './steps/prebuilds.mjs';
import { main, run, step } from './steps/run.mjs';
import { packageTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';

const outcome = (code) => (code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });

async function checker(name, args) {
  const { code } = await step(name, () => run(process.execPath, args, { allowFailure: true }));
  return outcome(code);
}

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { toolchain: { type: 'string', default: 'auto' }, 'no-build': { type: 'boolean', default: false } },
  });
  await sortWords(positionals, [], await testFiles(['test/package']));
  // What the binary needs of glibc depends on it.
  if (!values['no-build']) process.env.MICROTOME_PREBUILD_TOOLCHAIN = await makePrebuilds(values.toolchain);
  const tarball = await step('npm pack', packTarball);

  let total = await checker('publint', [inRoot('node_modules/publint/src/cli.js'), 'run', tarball, '--strict']);
  const attw = inRoot('node_modules/@arethetypeswrong/cli/dist/index.js');
  total = add(total, await checker('arethetypeswrong', [attw, tarball, '--profile', 'esm-only']));
  process.env.MICROTOME_TARBALL = tarball;
  process.env.MICROTOME_PACKAGE_TOOLS = JSON.stringify(await packageTools());
  total = add(total, await step('package tests', () => packageTests(positionals)));
  process.stdout.write(`${closingLine(total)}\n`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
});
