// node scripts/fuzz.mjs [--seconds N] [--rounds N] [--totals] [target…]: builds the fuzz targets with clang, makes seeds,
// and runs each target for N seconds (60), in turn, N rounds (1). Prints runs, processor seconds, coverage, findings.
// --seconds 0 runs the seeds alone; --totals only sums up what all runs so far came to.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import {
  buildFuzzTargets,
  defaultTargets,
  fuzzCompiler,
  fuzzTargets,
  makeSeeds,
  runFuzzTarget,
  totalsFile,
} from './steps/fuzz.mjs';
import { main, step } from './steps/run.mjs';

function usage(message) {
  return Object.assign(new Error(message), { isHelpPage: true, exitCode: 2 });
}

function line(name, { runs, cpuSeconds, coverage, inputs, findings }) {
  const hours = (cpuSeconds / 3600).toFixed(2);
  return `${name}: ${runs} runs, ${cpuSeconds.toFixed(0)} s of processor time (${hours} h), coverage ${coverage}, ${inputs} inputs, ${findings} findings\n`;
}

async function printTotals() {
  if (!existsSync(totalsFile)) return process.stdout.write('nothing was run yet\n');
  const rows = (await readFile(totalsFile, 'utf8')).trim().split('\n');
  const sums = {};
  for (const row of rows.slice(1)) {
    const [, , target, runs, cpuSeconds, coverage, inputs, findings] = row.split('\t');
    sums[target] ??= { runs: 0, cpuSeconds: 0, coverage: 0, inputs: 0, findings: 0 };
    sums[target].runs += Number(runs);
    sums[target].cpuSeconds += Number(cpuSeconds);
    sums[target].findings += Number(findings);
    Object.assign(sums[target], { coverage: Number(coverage), inputs: Number(inputs) });
  }
  for (const [target, sum] of Object.entries(sums)) process.stdout.write(line(target, sum));
  process.stdout.write(`(${totalsFile})\n`);
}

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '1' },
      totals: { type: 'boolean', default: false },
    },
  });
  if (values.totals) return printTotals();
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
  if (!Number.isInteger(seconds) || seconds < 0) throw usage('--seconds is a whole number, 0 for the seeds alone');
  if (!Number.isInteger(rounds) || rounds < 1) throw usage('--rounds is a whole number of at least 1');
  const names = positionals.length > 0 ? positionals : defaultTargets;
  const unknown = names.find((name) => !(name in fuzzTargets));
  if (unknown !== undefined) throw usage(`"${unknown}" is none of the targets: ${Object.keys(fuzzTargets).join(', ')}`);

  const found = await fuzzCompiler();
  if ('missing' in found) throw usage(found.missing);
  await step('fuzz targets', () => buildFuzzTargets(found.compiler));
  const seeds = await step('seeds', makeSeeds);
  let failed = false;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const result = await runFuzzTarget(name, seeds, seconds);
      process.stdout.write(line(name, { ...result, findings: result.ok ? 0 : 1 }));
      if (result.ok) continue;
      failed = true;
      process.stdout.write(`  ${result.reason ?? 'ended early'}; the input is in ${result.findings}\n`);
    }
  }
  await printTotals();
  if (failed) process.exitCode = 1;
});
