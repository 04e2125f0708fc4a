// The thread sanitizer over what runs on many threads: the native tests of these folders, and the whole library in a
// Node process. Needs gcc's sanitizer as a shared library, which comes with the compiler.
import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { buildAddon, buildTestTargets } from './addon.mjs';
import { add, countCtestExecutables, noTests, oneFailure } from './counts.mjs';
import { inRoot, threadBuildDir } from './paths.mjs';
import { outputOf, run } from './run.mjs';

const folders = ['core', 'engine', 'infer'];

async function testNames() {
  const files = await Promise.all(folders.map((folder) => readdir(inRoot('native', 'test', folder))));
  return files
    .flat()
    .filter((file) => file.endsWith('_test.cc'))
    .map((file) => file.replace(/\.cc$/, ''))
    .sort();
}

/** The sanitizer wants its own places in memory, which a kernel that shuffles addresses may have given away. */
async function steadyAddresses() {
  return (await outputOf('setarch', ['-R', 'true'])) === null ? [] : ['setarch', '-R'];
}

/** The first frame of a stack that is not the sanitizer's own. */
const toucher = (stack) => stack.split('\n').find((line) => /^ +#\d+ /.test(line) && !line.includes('(libtsan.so'));

/**
 * Reports where code of ours touches the memory, in one of the two accesses. What V8 does while we call it, such as collecting
 * garbage, is not ours; where threads began, at the end of each report, does not count either.
 */
export function ownRaces(output) {
  return output
    .split(/^={18}$/m)
    .filter((report) => report.includes('WARNING: ThreadSanitizer'))
    .filter((report) =>
      report
        .split(/^ {2}Thread T\d+ /m)[0]
        .split(/^$/m)
        .some((stack) => toucher(stack)?.includes('microtome.node') === true),
    );
}

/** Node itself is not instrumented, so that the sanitizer reports hand-overs inside it that it cannot see; they are left out. */
async function addonUnderNode(prefix) {
  const library = await outputOf(process.env.CXX ?? 'c++', ['-print-file-name=libtsan.so']);
  if (library === null || !isAbsolute(library)) {
    process.stdout.write('skipped: the addon under the thread sanitizer (this compiler has no libtsan.so)\n');
    return { ...noTests, skipped: 1 };
  }
  const env = {
    LD_PRELOAD: library,
    MICROTOME_PREBUILD: dirname(threadBuildDir), // where node-gyp-build looks for build/Release
    TSAN_OPTIONS: `exitcode=0:report_thread_leaks=0:history_size=4:suppressions=${inRoot('native/test/races.supp')}`,
  };
  const [program, ...args] = [...prefix, process.execPath, inRoot('test/threads/addon.mjs')];
  const { code, output } = await run(program, args, { env, quiet: true, allowFailure: true });
  const races = ownRaces(output);
  if (code === 0 && races.length === 0) return { ...noTests, passed: 1 };
  process.stdout.write(`FAIL the addon under the thread sanitizer, ended with ${code}\n`);
  process.stdout.write(races.length > 0 ? races.join('\n') : output);
  return oneFailure;
}

/** `runCtest` runs the tests of a build folder and gives the report's path; `testEnv` is what native tests are told. */
export async function threadTests(runCtest, testEnv) {
  const names = await testNames();
  const definitions = {
    MICROTOME_SANITIZE: 'thread',
    MICROTOME_UNITY: 'ON',
    MICROTOME_TEST_OPTIMIZATION: '-O0',
    CMAKE_CXX_FLAGS_RELEASE: '-O1 -g1',
  };
  await buildAddon({ out: threadBuildDir, definitions });
  await buildTestTargets(threadBuildDir, names);
  const prefix = await steadyAddresses();
  const options = `halt_on_error=1:allocator_may_return_null=1:suppressions=${inRoot('native/test/races.supp')}`;
  const report = await runCtest(threadBuildDir, { ...testEnv, TSAN_OPTIONS: options }, { prefix, names });
  return add(await countCtestExecutables(report), await addonUnderNode(prefix));
}
