/** npm run bench: runs the rows, each with what it needs installed, prints a Markdown table and writes the whole result as JSON. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Bench, Row } from './bars/row.js';
import { rows } from './bars/index.js';
import { notRun, type Figure } from './harness/figure.js';
import { commit, machine, packageVersion } from './harness/machine.js';
import { closingLine, machineLine, markdownTable, succeeded } from './harness/table.js';
import { installedPackages } from './install/python.js';
import { reinstall } from './install/ready.js';
import { parseOptions, usage, type BenchOptions } from './options.js';
import { resultsDir } from './paths.js';

const QUICK_ROUNDS = 3;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** A row that breaks is reported in its place and stops no other. */
async function figuresOf(row: Row, bench: Bench): Promise<readonly Figure[]> {
  const began = performance.now();
  try {
    return await row.run(bench);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return row.claims.map((claim) => notRun({ ...claim, mayBeMissing: false }, reason));
  } finally {
    say(`${row.id}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
}

async function runAll(options: BenchOptions): Promise<boolean> {
  const where = machine();
  if (options.reinstall) reinstall();
  const bench: Bench = {
    quick: options.quick,
    rounds: (full) => (options.quick ? Math.min(full, QUICK_ROUNDS) : full),
  };
  const chosen = rows.filter((row) => options.only.length === 0 || options.only.includes(row.id));
  const figures: Figure[] = [];
  for (const row of chosen) figures.push(...(await figuresOf(row, bench)));
  const versions = {
    microtome: packageVersion('.'),
    'onnxruntime-node': packageVersion('node_modules/onnxruntime-node'),
  };
  const took = new Date().toISOString();
  const { quick } = options;
  const [measuredCommit, python] = [commit(), installedPackages()];
  const result = { took, quick, commit: measuredCommit, machine: where, versions, python, figures };
  await mkdir(resultsDir, { recursive: true });
  const name = `${took.replaceAll(/[:.]/g, '-')}${quick ? '-quick' : ''}`;
  await writeFile(join(resultsDir, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  const rough = quick ? ' · quick: rough figures' : '';
  const text = `${took.slice(0, 10)} · ${measuredCommit ?? 'no commit'} · ${machineLine(where)}${rough}\n\n${markdownTable(figures)}\n${closingLine(figures)}\n`;
  await writeFile(join(resultsDir, `${name}.md`), text);
  process.stdout.write(text);
  say(`written: ${relative(process.cwd(), join(resultsDir, name))}.json and .md`);
  return succeeded(figures);
}

const ids = rows.map((row) => row.id);
let options: BenchOptions | undefined;
try {
  options = parseOptions(process.argv.slice(2), ids);
} catch (error) {
  say(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}
if (options?.list === true) process.stdout.write(rows.map((row) => `${row.id.padEnd(14)} ${row.title}\n`).join(''));
else if (options !== undefined && !(await runAll(options)) && options.bars) process.exitCode = 1;
