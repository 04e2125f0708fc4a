// The stages of npm test. Each returns its counts; none of them throws for a failing test.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildNativeTests, buildSanitizedTests } from './addon.mjs';
import { add, countCtestCases, countCtestExecutables, countVitest, noTests, oneFailure } from './counts.mjs';
import { defaultTargets, makeSeeds, replaySeeds } from './fuzz.mjs';
import { ortHeader } from './ort-header.mjs';
import { buildDir, cacheDir, inRoot, nativeTestEnvironment, sanitizedBuildDir, testDataDir } from './paths.mjs';
import { CommandError, run } from './run.mjs';
import { threadTests as runThreadTests } from './thread-tests.mjs';
import { compile } from './typescript.mjs';

/** `names`: these tests alone. `prefix`: a program, with its arguments, that runs ctest. */
async function runCtest(out, env, { prefix = [], names = [] } = {}) {
  const report = join(out, 'ctest.xml');
  await rm(report, { force: true });
  const sizes = ['--test-output-size-passed', '10000000', '--test-output-size-failed', '10000000'];
  const args = ['--test-dir', out, '--output-on-failure', '--timeout', '1200', '--output-junit', report, ...sizes];
  const chosen = names.length > 0 ? ['--tests-regex', `^(${names.join('|')})$`] : [];
  const [program, ...rest] = [...prefix, 'ctest', ...args, ...chosen, '--parallel', '2'];
  await run(program, rest, { env, allowFailure: true });
  return report;
}

/** The libraries and data that native tests use, and ONNX Runtime's header. Without the header a test in CI fails. */
async function testEnvironment() {
  const header = await ortHeader();
  if ('missing' in header) process.stdout.write(`  no header of ONNX Runtime: ${header.missing}\n`);
  const folder = 'folder' in header ? { MICROTOME_ORT_HEADERS: header.folder } : {};
  return { ...(await nativeTestEnvironment()), ...folder };
}

export async function nativeTests() {
  const out = await buildNativeTests();
  return countCtestCases(await runCtest(out, await testEnvironment()));
}

/** Native tests of these names, already built, with libraries of the caller's in the place of the usual ones. */
export async function chosenNativeTests(names, libraries) {
  return countCtestCases(await runCtest(buildDir, { ...(await testEnvironment()), ...libraries }, { names }));
}

/** Leak detection needs ptrace, which containers may forbid; the sanitizer then says so on its first run. */
async function leaksCanBeFound(out, env) {
  const names = (await readdir(out)).filter((name) => name.endsWith('_test'));
  if (names.length === 0) return false;
  const options = {
    env: { ...env, ASAN_OPTIONS: 'detect_leaks=1' },
    quiet: true,
    allowFailure: true,
  };
  const { output } = await run(join(out, names[0]), [], options);
  return !output.includes('LeakSanitizer has encountered a fatal error');
}

export async function sanitizedTests() {
  const out = await buildSanitizedTests(sanitizedBuildDir, 'address,undefined');
  const env = await testEnvironment();
  const leaks = await leaksCanBeFound(out, env);
  if (!leaks) process.stdout.write('  leaks are not looked for: this machine forbids it\n');
  const report = await runCtest(out, {
    ...env,
    ASAN_OPTIONS: `detect_leaks=${leaks ? 1 : 0}:allocator_may_return_null=1`,
    LSAN_OPTIONS: `suppressions=${inRoot('native/test/leaks.supp')}:print_suppressions=0`,
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  });
  return countCtestExecutables(report);
}

/** ONNX Runtime, libvips and Node are not instrumented, so what happens inside them is not reported. */
export async function threadTests() {
  return runThreadTests(runCtest, await testEnvironment());
}

/** Every fuzz target over its seeds, without looking for more: scripts/fuzz.mjs does, with clang. */
export async function fuzzSeeds() {
  const out = await buildSanitizedTests(sanitizedBuildDir, 'address,undefined');
  const leaks = await leaksCanBeFound(out, await nativeTestEnvironment());
  const seeds = await makeSeeds(out);
  let counts = noTests;
  for (const name of defaultTargets) {
    const { ok, reason, output } = await replaySeeds(name, seeds, leaks);
    if (!ok) process.stdout.write(`FAIL fuzz target ${name}: ${reason ?? 'ended early'}\n${output.slice(-20_000)}`);
    counts = add(counts, ok ? { passed: 1, failed: 0, skipped: 0 } : oneFailure);
  }
  return counts;
}

/** lib and test in one go, demo, train and bench against dist/; each project without a type error counts as one test passed. */
export async function typeCheck() {
  let counts = noTests;
  for (const project of ['tsconfig.json', 'demo/tsconfig.json', 'bench/tsconfig.json']) {
    try {
      await compile(project, { args: ['--noEmit'] });
      counts = add(counts, { passed: 1, failed: 0, skipped: 0 });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      counts = add(counts, oneFailure);
    }
  }
  return counts;
}

async function runVitest(project, filters, libraries = {}) {
  await mkdir(cacheDir, { recursive: true });
  const report = join(cacheDir, `vitest-${project}.json`);
  await rm(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const data = testDataDir();
  const env = data === null ? libraries : { ...libraries, MICROTOME_TEST_DATA: data };
  const args = [inRoot('node_modules/vitest/vitest.mjs'), 'run', '--project', project, ...reporters, ...filters];
  await run(process.execPath, args, { env, allowFailure: true });
  return countVitest(report);
}

export const unitTests = (filters = []) => runVitest('unit', filters);
export const benchTests = (filters = []) => runVitest('bench', filters);
/** `tools`: variables that say where the programs of the control plane and the Python that trains are. */
export const kubeTests = (tools, filters = []) => runVitest('kube', filters, tools);
/** Tests with an engine that starts shards; `engine` is the name of their project. */
export const engineTests = (engine, env = {}) => runVitest(engine, [], env);
export const packageTests = (filters = []) => runVitest('package', filters);
/** `tools`: see steps/competition.mjs. The library that scores are compared with is the packed one too. */
export const competitionTests = (tools, filters = [], cores = false) =>
  runVitest(cores ? 'cores' : 'competition', filters, {
    MICROTOME_COMPETITION: JSON.stringify(tools),
    PREBUILDS_ONLY: '1',
  });
/** `python` has Triton's client. */
export const serveTests = (python, filters = []) => runVitest('serve', filters, { MICROTOME_TRITON_PYTHON: python });
/** `program`: see steps/object-store.mjs. */
export const storageTests = (program, filters = []) =>
  runVitest('storage', filters, { MICROTOME_STORE_PROGRAM: program });
/** The native tools open the libraries that native tests open. */
export const peerTests = async (filters = []) => runVitest('peers', filters, await nativeTestEnvironment());
/** `tools`: see steps/openslide.mjs. */
export const openslideTests = (tools, filters = []) => runVitest('openslide', filters, tools);
/** `python` trains; `kfp` has the SDK of Kubeflow Pipelines. */
export const pipelineTests = (python, kfp, filters = []) =>
  runVitest('pipeline', filters, { MICROTOME_TRAIN_PYTHON: python, MICROTOME_KFP_PYTHON: kfp });
