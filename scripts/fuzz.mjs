// node scripts/fuzz.mjs [--seconds N] [--rounds N] [--jobs N] [--totals] [target…]: builds the fuzz targets with clang,
// makes seeds, and runs each target for N seconds (60), N rounds (1), N targets at a time (1). Prints runs, processor
// seconds, coverage and findings. --seconds 0 runs the seeds alone; --totals only sums up all runs so far.
import { parseArgs } from 'node:util';
import {
  buildFuzzTargets,
  defaultTargets,
  fuzzCompiler,
  fuzzTargets,
  fuzzTotals,
  makeSeeds,
  runFuzzTarget,
  totalsFile,
  treeVersion,
} from './steps/fuzz.mjs';
import { main, step } from './steps/run.mjs';

function usage(message) {
  return Object.assign(new Error(message), { isHelpPage: true, exitCode: 2 });
}

const cost = ({ runs, cpuSeconds }) =>
  `${runs} runs in ${cpuSeconds.toFixed(0)} s (${(cpuSeconds / 3600).toFixed(2)} h) of processor time`;

function countOf(values, name, least) {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least) throw usage(`--${name} is a whole number of at least ${least}`);
  return value;
}

async function printTotals() {
  for (const [target, sum] of Object.entries(await fuzzTotals())) {
    const found = `coverage ${sum.coverage}, ${sum.inputs} inputs, ${sum.findings} findings`;
    process.stdout.write(`all runs of ${target}: ${cost(sum)}, ${found}; since the last finding ${cost(sum.clean)}\n`);
  }
  process.stdout.write(`(${totalsFile})\n`);
}

/** Runs the named targets, each once, `jobs` at a time. Resolves to whether all of them held. */
async function runAll(names, jobs, options) {
  const waiting = [...names];
  let held = true;
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const result = await runFuzzTarget(name, options);
      const { coverage, inputs, peakMegabytes } = result;
      process.stdout.write(`${name}: ${cost(result)}, coverage ${coverage}, ${inputs} inputs, ${peakMegabytes} MB\n`);
      if (result.ok) continue;
      held = false;
      process.stdout.write(`FAIL ${name}: ${result.reason ?? 'ended early'}; the input is in ${result.findings}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return held;
}

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '1' },
      totals: { type: 'boolean', default: false },
    },
  });
  if (values.totals) return printTotals();
  const [seconds, rounds, jobs] = [
    countOf(values, 'seconds', 0),
    countOf(values, 'rounds', 1),
    countOf(values, 'jobs', 1),
  ];
  const names = positionals.length > 0 ? positionals : defaultTargets;
  const unknown = names.find((name) => !(name in fuzzTargets));
  if (unknown !== undefined) throw usage(`"${unknown}" is none of the targets: ${Object.keys(fuzzTargets).join(', ')}`);

  const found = await fuzzCompiler();
  if ('missing' in found) throw usage(found.missing);
  const version = await treeVersion();
  await step('fuzz targets', () => buildFuzzTargets(found.compiler));
  const seeds = await step('seeds', makeSeeds);
  for (let round = 0; round < rounds; round++)
    if (!(await runAll(names, jobs, { seeds, seconds, version }))) process.exitCode = 1;
  await printTotals();
});
