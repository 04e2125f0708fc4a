// Line coverage of the code for GPUs by the native tests, which need none: npm run coverage:gpu. Fails below 95 percent. OpenVINO, from
// PyPI, is the provider plug-in that they load.
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { buildCoverageTests } from './steps/addon.mjs';
import { forgetCounts, readCoverage } from './steps/line-coverage.mjs';
import { inRoot, nativeTestEnvironment, root } from './steps/paths.mjs';
import { main, run, step } from './steps/run.mjs';
import { openvinoPlugin } from './steps/runtimes.mjs';

const least = 95;
const build = inRoot('build-coverage');
const isWanted = (name) =>
  /^native\/gpu\/.*\.(?:cc|h|cu)$/.test(name) ||
  /^native\/(?:engine|infer)\/(?:device_|coded_|plugin_).*\.(?:cc|h)$/.test(name);

const percent = ({ lines, run: done }) => (lines === 0 ? 100 : (100 * done) / lines);

/** `12-14, 20` of 12, 13, 14, 20. */
function ranges(lines) {
  const found = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === line - 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

main(async () => {
  const tests = [];
  for (const stage of ['gpu', 'infer', 'engine'])
    for (const name of await readdir(inRoot('native/test', stage)).catch(() => []))
      if (name.endsWith('_test.cc')) tests.push(basename(name, '.cc'));
  await step('native tests with --coverage', () => buildCoverageTests(build, tests));
  await forgetCounts(build);
  const args = ['--test-dir', build, '--timeout', '1200', '--output-on-failure', '--parallel', '2'];
  args.push('--tests-regex', `^(${tests.join('|')})$`);
  const plugin = await openvinoPlugin();
  if ('missing' in plugin) throw new Error(`no provider plug-in: ${plugin.missing}`);
  const env = { ...(await nativeTestEnvironment()), MICROTOME_PLUGIN_PROVIDER: plugin.file };
  const { code } = await run('ctest', args, { env, allowFailure: true });
  const files = await readCoverage(build, root, isWanted);
  if (files.length === 0) throw new Error('no file for GPUs was run: nothing was measured');
  for (const file of files) {
    const missed = file.missed.length === 0 ? '' : `  not run: ${ranges(file.missed)}`;
    console.log(`${percent(file).toFixed(1).padStart(5)} %  ${file.name}${missed}`);
  }
  const sum = { lines: 0, run: 0 };
  for (const file of files) {
    sum.lines += file.lines;
    sum.run += file.run;
  }
  console.log(
    `coverage of the code for GPUs: ${percent(sum).toFixed(1)} % of ${sum.lines} lines, at least ${least} % is asked for`,
  );
  if (code !== 0) console.log('some tests failed: see above');
  process.exitCode = code === 0 && percent(sum) >= least ? 0 : 1;
});
