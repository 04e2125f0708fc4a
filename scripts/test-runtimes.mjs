// npm run test:runtimes: native tests with other libraries than those of package.json: models and devices on the oldest
// ONNX Runtime that is supported, and a provider plug-in. Ends with `N passed, N failed, N skipped`; in CI what cannot be
// had is a failure.
import { buildTestTargets } from './steps/addon.mjs';
import { build } from './steps/build.mjs';
import { add, closingLine, noTests, oneFailure } from './steps/counts.mjs';
import { buildDir } from './steps/paths.mjs';
import { main, step } from './steps/run.mjs';
import { oldestRuntime, openvinoPlugin } from './steps/runtimes.mjs';
import { chosenNativeTests } from './steps/test-stages.mjs';

const ofModels = ['model_test', 'model_file_test', 'head_graph_test', 'runtime_manners_test'];
const ofDevices = ['device_old_runtime_test', 'device_missing_test'];
const ofPlugins = ['plugin_provider_test'];

/** `found` is what oldestRuntime() and its like give. */
async function testWith(what, found, variable, names) {
  if ('missing' in found) {
    process.stdout.write(`skipped: ${what} (${found.missing})\n`);
    return process.env.CI === 'true' ? oneFailure : { ...noTests, skipped: names.length };
  }
  return step(what, () => chosenNativeTests(names, { [variable]: found.file }));
}

main(async () => {
  await build();
  await step('native tests', () => buildTestTargets(buildDir, [...ofModels, ...ofDevices, ...ofPlugins]));
  const old = await testWith('ONNX Runtime 1.14', await oldestRuntime(), 'MICROTOME_ORT_LIBRARY', [
    ...ofModels,
    ...ofDevices,
  ]);
  const plugins = await testWith(
    'OpenVINO as a plug-in',
    await openvinoPlugin(),
    'MICROTOME_PLUGIN_PROVIDER',
    ofPlugins,
  );
  const counts = add(old, plugins);
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
