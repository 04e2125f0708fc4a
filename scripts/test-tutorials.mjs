// npm run test:tutorials: runs the notebooks of docs/tutorials from the first cell to the last, in a scratch folder, and looks at the tables
// that they leave. Installs Debian's PyTorch where it is not there. Ends with `N passed, N failed`.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './steps/build.mjs';
import { add, closingLine, noTests, oneFailure } from './steps/counts.mjs';
import { inRoot } from './steps/paths.mjs';
import { programOf, pythonEnvironment } from './steps/python-environment.mjs';
import { main, run, step } from './steps/run.mjs';
import { torchPython } from './steps/torch.mjs';

/** `rows`: of the table that is left; `auc`: least area under the ROC curve, of patients whom training did not see. */
const tutorials = [
  { name: 'lesions', rows: 160, auc: 0.85 },
  { name: 'slides', rows: 40, auc: 0.8 },
  { name: 'pipeline', rows: 160, auc: 0.85 },
];

/** Executes a notebook; the first cell that fails ends it with what the cell printed. */
const execute = `
import sys
import nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(book)
NotebookClient(book, timeout=900, resources={"metadata": {"path": sys.argv[2]}}).execute()
`;

async function check({ name, rows, auc }, out, env) {
  const folder = inRoot('docs/tutorials');
  await run(programOf('notebooks'), ['-c', execute, join(folder, `${name}.ipynb`), folder], { env, quiet: true });
  const made = join(out, name);
  const lines = (await readFile(join(made, 'submission.csv'), 'utf8')).trim().split('\n');
  if (lines.length !== rows + 1) throw new Error(`the table has ${lines.length - 1} rows, ${rows} were expected`);
  const args = ['dist/cli/main.js', 'evaluate', join(made, 'submission.csv'), '--labels', join(made, 'labels.csv')];
  const { output } = await run(process.execPath, [...args, '--json'], { quiet: true });
  const found = JSON.parse(output.trim().split('\n').at(-1));
  process.stdout.write(`  area under the ROC curve: ${found.auc.toFixed(3)}\n`);
  if (!(found.auc >= auc))
    throw new Error(`the area under the ROC curve is ${found.auc}, at least ${auc} was expected`);
}

main(async () => {
  const torch = await torchPython();
  await pythonEnvironment('notebooks', 'docs/tutorials/requirements.txt');
  await build();
  const out = await mkdtemp(join(tmpdir(), 'microtome-tutorials-'));
  let counts = noTests;
  try {
    for (const tutorial of tutorials) {
      const env = { TUTORIAL_OUTPUT: out, PYTHON: torch.program };
      const passed = await step(`notebook ${tutorial.name}`, () => check(tutorial, out, env)).then(
        () => true,
        (error) => {
          process.stdout.write(`FAIL ${tutorial.name}: ${error.message}\n`);
          return false;
        },
      );
      counts = add(counts, passed ? { passed: 1, failed: 0, skipped: 0 } : oneFailure);
    }
  } finally {
    await rm(out, { recursive: true, force: true });
  }
  process.stdout.write(`${closingLine(counts)}\n`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
});
