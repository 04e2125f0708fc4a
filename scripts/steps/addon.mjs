// Compiles the addon through cmake-js and puts libturbojpeg beside it, where lib/native looks for it.
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDir, inRoot, jpegLibrary } from './paths.mjs';
import { outputOf, run } from './run.mjs';

/** Two, because the smallest machine that this is built on has two cores and one compiler needs up to a gigabyte. */
export const compilers = '2';

/** A cache made by another compiler or in another folder cannot be reused: CMake would refuse it or mix them up. */
export async function dropForeignCache(out, definitions) {
  const cache = join(out, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const text = await readFile(cache, 'utf8');
  const wantedCompiler = definitions.CMAKE_CXX_COMPILER;
  const sameFolder = text.includes(`CMAKE_CACHEFILE_DIR:INTERNAL=${out}\n`);
  const sameCompiler = wantedCompiler === undefined || text.includes(`=${wantedCompiler}\n`);
  if (!sameFolder || !sameCompiler) await rm(out, { recursive: true, force: true });
}

/** CMake without cmake-js (the native tests alone) leaves a cache that knows no target for the addon. */
async function dropCacheWithoutAddon(out) {
  const cache = join(out, 'CMakeCache.txt');
  if (existsSync(cache) && !(await readFile(cache, 'utf8')).includes('CMAKE_JS_INC:')) await rm(cache);
}

/** Release build of CMakeLists.txt's addon into `out`; the result is out/Release/microtome.node. */
export async function buildAddon({ out = buildDir, definitions = {} } = {}) {
  await dropForeignCache(out, definitions);
  await dropCacheWithoutAddon(out);
  if (!existsSync(join(out, 'CMakeCache.txt'))) process.stdout.write('  all of the C++, which takes minutes\n');
  const cmakeJs = inRoot('node_modules/cmake-js/bin/cmake-js');
  const args = [cmakeJs, 'build', '--target', 'microtome', '--out', out, '--parallel', compilers];
  for (const [name, value] of Object.entries(definitions)) args.push(`--CD${name}=${value}`);
  await run(process.execPath, [...args, '--log-level', 'warn'], {
    quiet: true,
  });
  const built = join(out, 'Release', 'microtome.node');
  if (!existsSync(built)) throw new Error(`the build ended without ${built}`);
  await copyFile(jpegLibrary, join(out, 'Release', 'libturbojpeg.so.0'));
  return built;
}

async function buildTests(out, args, targets = []) {
  await run('cmake', ['-S', inRoot('.'), '-B', out, '-DMICROTOME_TESTS=ON', ...args], { quiet: true });
  const chosen = targets.length > 0 ? ['--target', ...targets] : [];
  await run('cmake', ['--build', out, '--parallel', compilers, ...chosen], { quiet: true });
  return out;
}

/** Some native tests, beside an addon that was built into `out`. */
export function buildTestTargets(out, targets) {
  return buildTests(out, [], targets);
}

/** The native tests beside the addon, in the build that cmake-js configured: both link the same objects. */
export function buildNativeTests() {
  return buildTests(buildDir, []);
}

/** The native tests in a build of their own, with sanitizers. */
export async function buildSanitizedTests(out, sanitizers) {
  await dropForeignCache(out, {});
  const configured = existsSync(join(out, 'CMakeCache.txt'));
  const ninja = (await outputOf('ninja', ['--version'])) !== null;
  // What is instrumented takes twice the time to compile: the library as few large files, the tests not optimized.
  const quickly = ['-DMICROTOME_UNITY=ON', '-DMICROTOME_TEST_OPTIMIZATION=-O0'];
  const flags = [`-DMICROTOME_SANITIZE=${sanitizers}`, '-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1'];
  flags.push(...quickly);
  return buildTests(out, [...(ninja && !configured ? ['-G', 'Ninja'] : []), ...flags]);
}

/** Some native tests in a build of their own, which counts the lines that are run. */
export async function buildCoverageTests(out, targets) {
  await dropForeignCache(out, {});
  const linkers = ['EXE', 'SHARED'].map((kind) => `-DCMAKE_${kind}_LINKER_FLAGS=--coverage`);
  return buildTests(out, ['-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_CXX_FLAGS=--coverage -O0', ...linkers], targets);
}
