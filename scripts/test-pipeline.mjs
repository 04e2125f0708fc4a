// npm run test:pipeline [-- files…]: pipelines against the official messages and SDK of Kubeflow Pipelines, emulated operators with real
// training, and a whole pipeline on this machine (test/pipeline/e2e). Installs Debian's PyTorch and the SDK; ends with `N passed, N failed`.
import { build } from './steps/build.mjs';
import { closingLine } from './steps/counts.mjs';
import { programOf, pythonEnvironment } from './steps/python-environment.mjs';
import { main, step } from './steps/run.mjs';
import { pipelineTests } from './steps/test-stages.mjs';
import { sortWords, testFiles } from './steps/test-words.mjs';
import { torchPython } from './steps/torch.mjs';

main(async () => {
  const { filters } = await sortWords(process.argv.slice(2), [], await testFiles(['test/pipeline/e2e']));
  const torch = await torchPython();
  await pythonEnvironment('kfp', 'test/pipeline/proto/requirements.txt');
  await build();
  const counts = await step('tests of pipelines', () => pipelineTests(torch.program, programOf('kfp'), filters));
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
