// Compiles the addon through cmake-js and puts libturbojpeg beside it, where lib/native looks for it.
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDir, inRoot, jpegLibrary } from './paths.mjs';
import { outputOf, run } from './run.mjs';

/** Two, because the smallest machine that this is built on has two cores and one compiler needs up to a gigabyte. */
const compilers = '2';

/** A cache made by another compiler or in another folder cannot be reused: CMake would refuse it or mix them up. */
async function dropForeignCache(out, definitions) {
  const cache = join(out, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const text = await readFile(cache, 'utf8');
  const wantedCompiler = definitions.CMAKE_CXX_COMPILER;
  const sameFolder = text.includes(`CMAKE_CACHEFILE_DIR:INTERNAL=${out}\n`);
  const sameCompiler = wantedCompiler === undefined || text.includes(`=${wantedCompiler}\n`);
  if (!sameFolder || !sameCompiler) await rm(out, { recursive: true, force: true });
}

/** Release build of CMakeLists.txt's addon into `out`; the result is out/Release/microtome.node. */
export async function buildAddon({ out = buildDir, definitions = {} } = {}) {
  await dropForeignCache(out, definitions);
  const args = [inRoot('node_modules/cmake-js/bin/cmake-js'), 'build', '--out', out, '--parallel', compilers];
  for (const [name, value] of Object.entries(definitions)) args.push(`--CD${name}=${value}`);
  await run(process.execPath, [...args, '--log-level', 'warn'], {
    quiet: true,
  });
  const built = join(out, 'Release', 'microtome.node');
  if (!existsSync(built)) throw new Error(`the build ended without ${built}`);
  await copyFile(jpegLibrary, join(out, 'Release', 'libturbojpeg.so.0'));
  return built;
}

/** A plain CMake build of the native tests; returns the folder to run ctest in. */
export async function buildNativeTests(out, definitions) {
  await dropForeignCache(out, {});
  const hasNinja = (await outputOf('ninja', ['--version'])) !== null;
  const options = Object.entries({ MICROTOME_TESTS: 'ON', ...definitions }).map(
    ([name, value]) => `-D${name}=${value}`,
  );
  const generator = existsSync(join(out, 'CMakeCache.txt')) || !hasNinja ? [] : ['-G', 'Ninja'];
  await run('cmake', ['-S', inRoot('.'), '-B', out, ...generator, ...options], {
    quiet: true,
  });
  await run('cmake', ['--build', out, '--parallel', compilers], {
    quiet: true,
  });
  return out;
}
