// Builds the fuzz targets (native/test/fuzz) and runs them. Inputs that were found stay in a folder outside git, so that
// every run goes on where the last one stopped; what a run cost and found is a line of totals.tsv there.
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compilers, dropForeignCache } from './addon.mjs';
import { cacheDir, fuzzBuildDir, inRoot, nativeTestEnvironment, sanitizedBuildDir, testDataDir } from './paths.mjs';
import { outputOf, run } from './run.mjs';

const fuzzDir = join(cacheDir, 'fuzz');
export const totalsFile = join(fuzzDir, 'totals.tsv');
const headings = ['when', 'commit', 'target', 'runs', 'cpuSeconds', 'coverage', 'inputs', 'findings'];

/** Longest input in bytes, dictionaries, and which codec libraries the target is given. */
export const fuzzTargets = {
  directory: { program: 'directory_fuzz', seeds: 'directory', maxBytes: 16384, dictionaries: ['tiff', 'text'] },
  tile: { program: 'tile_fuzz', seeds: 'tile', maxBytes: 24576, dictionaries: ['tiff', 'jpeg'], jpeg: true },
  jpeg: { program: 'jpeg_fuzz', seeds: 'jpeg', maxBytes: 16384, dictionaries: ['jpeg'], jpeg: true },
  image: { program: 'image_fuzz', seeds: 'image', maxBytes: 16384, dictionaries: ['jpeg'], jpeg: true },
  codec: { program: 'codec_fuzz', seeds: 'codec', maxBytes: 24576, dictionaries: ['codec'] },
  text: { program: 'text_fuzz', seeds: 'text', maxBytes: 1024, dictionaries: ['text'] },
  // libvips is not instrumented, and a run through it takes three times as long: by name only.
  'tile-vips': {
    program: 'tile_fuzz',
    seeds: 'tile',
    maxBytes: 24576,
    dictionaries: ['tiff'],
    jpeg: true,
    vips: true,
    byNameOnly: true,
  },
};

export const defaultTargets = Object.keys(fuzzTargets).filter((name) => fuzzTargets[name].byNameOnly !== true);

/** The compiler with libFuzzer, or why there is none. */
export async function fuzzCompiler() {
  const compiler = process.env.MICROTOME_FUZZ_CXX ?? 'clang++';
  const runtime = await outputOf(compiler, ['-print-file-name=libclang_rt.fuzzer-x86_64.a']);
  const triple = await outputOf(compiler, ['-print-file-name=libclang_rt.fuzzer.a']);
  if (runtime === null) return { missing: `no ${compiler} on PATH (Debian: clang, libclang-rt-14-dev)` };
  if (![runtime, triple].some((path) => path !== null && existsSync(path)))
    return { missing: `${compiler} has no libFuzzer (Debian: libclang-rt-14-dev)` };
  return { compiler };
}

export async function buildFuzzTargets(compiler) {
  await dropForeignCache(fuzzBuildDir, { CMAKE_CXX_COMPILER: await outputOf('which', [compiler]) });
  const ninja = !existsSync(join(fuzzBuildDir, 'CMakeCache.txt')) && (await outputOf('ninja', ['--version'])) !== null;
  const flags = [`-DCMAKE_CXX_COMPILER=${compiler}`, '-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_CXX_FLAGS_DEBUG=-O2 -g1'];
  flags.push('-DMICROTOME_UNITY=ON');
  const generator = ninja ? ['-G', 'Ninja'] : [];
  await run('cmake', ['-S', inRoot('.'), '-B', fuzzBuildDir, '-DMICROTOME_FUZZ=ON', ...generator, ...flags], {
    quiet: true,
  });
  await run('cmake', ['--build', fuzzBuildDir, '--parallel', compilers], { quiet: true });
}

/** Leak detection needs ptrace, which containers may forbid; the sanitizer then says so on its first run. */
async function leaksCanBeFound() {
  const options = { env: { ASAN_OPTIONS: 'detect_leaks=1' }, quiet: true, allowFailure: true };
  const { output } = await run(join(fuzzBuildDir, fuzzTargets.text.program), ['-runs=0'], options);
  return !output.includes('LeakSanitizer has encountered a fatal error');
}

/**
 * Generated seeds, and those cut from the slides and bad files of the test data where there are any; by a program of this build
 * folder.
 */
export async function makeSeeds(build = fuzzBuildDir) {
  const data = testDataDir();
  const files = [];
  for (const folder of data === null ? [] : ['slides', 'bad']) {
    const names = (await readdir(join(data, folder))).filter((name) => /\.(?:tiff?|svs|jpe?g)$/i.test(name));
    files.push(...names.map((name) => join(data, folder, name)));
  }
  const seeds = join(fuzzDir, 'seeds');
  await run(join(build, 'fuzz_seeds'), [seeds, ...files], {
    env: { ...(await nativeTestEnvironment()), ASAN_OPTIONS: 'detect_leaks=0' },
    quiet: true,
  });
  return seeds;
}

async function dictionaryOf(name, dictionaries) {
  const texts = await Promise.all(
    dictionaries.map((one) => readFile(inRoot('native/test/fuzz', `${one}.dict`), 'utf8')),
  );
  const file = join(fuzzDir, `${name}.dict`);
  await writeFile(file, texts.join('\n'));
  return file;
}

/**
 * What libFuzzer's closing lines and our own say. A program that a signal ended may have said nothing: the reason then
 * names the signal, since one from outside (SIGKILL, SIGTERM) is no fault of the target.
 */
export function readFuzzReport(output, signal = null) {
  const last = (pattern) => [...output.matchAll(pattern)].at(-1)?.[1];
  return {
    runs: Number(last(/stat::number_of_executed_units: (\d+)/g) ?? last(/^#(\d+)\s/gm) ?? 0),
    cpuSeconds: Number(last(/^cpu seconds: ([\d.]+)/gm) ?? 0),
    coverage: Number(last(/\bcov: (\d+)/g) ?? 0),
    inputs: Number(last(/\bcorp: (\d+)/g) ?? 0),
    peakMegabytes: Number(last(/stat::peak_rss_mb:\s+(\d+)/g) ?? 0),
    reason:
      last(/^.*(does not hold: .*)$/gm) ?? last(/^SUMMARY: (.*)$/gm) ?? (signal === null ? null : `ended by ${signal}`),
  };
}

/** Runs one target, as the sanitized build links it, over its seeds. */
export async function replaySeeds(name, seeds, leaks) {
  const target = fuzzTargets[name];
  const { MICROTOME_JPEG_LIBRARY: jpeg = '' } = await nativeTestEnvironment();
  const { code, signal, output } = await run(join(sanitizedBuildDir, target.program), [join(seeds, target.seeds)], {
    env: {
      MICROTOME_JPEG_LIBRARY: target.jpeg ? jpeg : '',
      MICROTOME_VIPS_LIBRARY: '',
      // No more at a time than a fuzzer allows.
      ASAN_OPTIONS: `detect_leaks=${leaks ? 1 : 0}:allocator_may_return_null=0:max_allocation_size_mb=64`,
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
    quiet: true,
    allowFailure: true,
  });
  return { ok: code === 0, reason: readFuzzReport(output, signal).reason, output };
}

/** Of the tree that is being built; "+" when it has changes of its own. */
export async function treeVersion() {
  const git = (...args) => outputOf('git', ['-C', inRoot('.'), ...args]);
  const changed = (await git('status', '--porcelain', '--untracked-files=no')) !== '';
  return `${(await git('rev-parse', '--short', 'HEAD')) ?? '-'}${changed ? '+' : ''}`;
}

async function record(target, commit, report, findings) {
  const row = { ...report, when: new Date().toISOString(), commit, target, findings };
  const head = existsSync(totalsFile) ? '' : `${headings.join('\t')}\n`;
  await appendFile(totalsFile, `${head}${headings.map((name) => row[name]).join('\t')}\n`);
}

/** Sums of totals.tsv by target; `clean` counts what came after the last finding. Empty where nothing was run. */
export async function fuzzTotals() {
  const sums = {};
  if (!existsSync(totalsFile)) return sums;
  const rows = (await readFile(totalsFile, 'utf8')).trim().split('\n');
  for (const row of rows.slice(1)) {
    const [, , target, runs, cpuSeconds, coverage, inputs, findings] = row.split('\t');
    sums[target] ??= { runs: 0, cpuSeconds: 0, findings: 0, clean: { runs: 0, cpuSeconds: 0 } };
    const sum = sums[target];
    if (Number(findings) > 0) sum.clean = { runs: 0, cpuSeconds: 0 };
    for (const part of Number(findings) > 0 ? [sum] : [sum, sum.clean]) {
      part.runs += Number(runs);
      part.cpuSeconds += Number(cpuSeconds);
    }
    sum.findings += Number(findings);
    Object.assign(sum, { coverage: Number(coverage), inputs: Number(inputs) });
  }
  return sums;
}

/**
 * Runs one target: over its seeds and what earlier runs have found, then, unless `seconds` is 0, on changed inputs for so
 * many seconds. Each input that broke something is a file in the folder of findings.
 */
export async function runFuzzTarget(name, { seeds, seconds, version }) {
  const target = fuzzTargets[name];
  const corpus = join(fuzzDir, 'corpus', name);
  const findings = join(fuzzDir, 'findings', name);
  await mkdir(corpus, { recursive: true });
  await mkdir(findings, { recursive: true });
  const before = (await readdir(findings)).length;
  const leaks = (await leaksCanBeFound()) ? 1 : 0;
  const { MICROTOME_JPEG_LIBRARY: jpeg = '', MICROTOME_VIPS_LIBRARY: vips = '' } = await nativeTestEnvironment();
  const { code, signal, output } = await run(
    join(fuzzBuildDir, target.program),
    [
      ...(seconds > 0 ? [`-max_total_time=${seconds}`] : ['-runs=0']),
      `-max_len=${target.maxBytes}`,
      `-dict=${await dictionaryOf(name, target.dictionaries)}`,
      `-artifact_prefix=${findings}/`,
      ...['-print_final_stats=1', '-timeout=10', '-rss_limit_mb=1500', '-malloc_limit_mb=64', `-detect_leaks=${leaks}`],
      corpus,
      join(seeds, target.seeds),
    ],
    {
      env: {
        MICROTOME_JPEG_LIBRARY: target.jpeg ? jpeg : '',
        MICROTOME_VIPS_LIBRARY: target.vips ? vips : '',
        ASAN_OPTIONS: `detect_leaks=${leaks}:allocator_may_return_null=0:quarantine_size_mb=32`,
        UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
      },
      quiet: true,
      allowFailure: true,
    },
  );
  const report = readFuzzReport(output, signal);
  const found = (await readdir(findings)).length - before;
  await writeFile(join(fuzzDir, `${name}.log`), output);
  await record(name, version, report, code === 0 ? found : Math.max(1, found));
  return { ok: code === 0, findings, output, ...report };
}
