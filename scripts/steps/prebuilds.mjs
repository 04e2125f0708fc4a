// prebuilds/linux-x64/ and dist/ as they are packed: the stripped addon with libturbojpeg and ONNX Runtime beside it, and
// fresh JavaScript.
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepare } from './build.mjs';
import { codecDefinitions, forgetMissingCodecs, missingCodecsPage } from './codecs.mjs';
import { ortLibrary, packedRuntimeFiles, packOrtLibrary } from './ort-library.mjs';
import { inRoot, packedBuildDir } from './paths.mjs';
import { CommandError, run, step } from './run.mjs';
import { buildTypeScript } from './typescript.mjs';
import { zigToolchain } from './zig-toolchain.mjs';

/** The toolchain that was asked for, as a name and CMake definitions; auto takes the machine's own where zig cannot be had. */
async function choose(toolchain) {
  const host = { name: 'host', definitions: {} };
  if (toolchain === 'host') return host;
  const zig = await zigToolchain();
  if (!('missing' in zig)) return { name: 'zig', definitions: zig.definitions };
  if (toolchain === 'zig') throw new Error(`${zig.missing}\n(--toolchain host uses this machine's compiler and glibc)`);
  process.stdout.write(`  ${zig.missing}; this machine's compiler is used, which binds the addon to its glibc\n`);
  return host;
}

/** Builds the addon and places it. Throws a help page where a codec's library is missing. */
async function packAddon(definitions) {
  const built = join(packedBuildDir, 'build');
  await mkdir(packedBuildDir, { recursive: true });
  await forgetMissingCodecs(built);
  // prebuildify moves what it built, so it works in a folder of its own and build/ stays usable.
  const tags = ['--napi', '--strip', '--tag-libc', '--name', 'microtome'];
  const places = ['--cwd', packedBuildDir, '--out', inRoot('.'), '--node-gyp', inRoot('scripts/cmake-backend.mjs')];
  const args = [inRoot('node_modules/prebuildify/bin.js'), ...tags, ...places];
  const env = { MICROTOME_CMAKE_DEFINITIONS: JSON.stringify(definitions) };
  const { code, output } = await run(process.execPath, args, { env, quiet: true, allowFailure: true });
  if (code === 0) return;
  // prebuildify makes the folder before it builds: an empty one must not be packed.
  await rm(inRoot('prebuilds'), { recursive: true, force: true });
  const page = await missingCodecsPage(built);
  if (page !== null) throw page;
  process.stderr.write(output);
  throw new CommandError('prebuildify', code, output);
}

/**
 * @param {'zig' | 'host' | 'auto'} toolchain
 * @param {readonly string[]} without codecs to leave out
 * @returns {Promise<string>} the toolchain that was used
 */
export async function makePrebuilds(toolchain, without = []) {
  await prepare();
  const { name, definitions } = await choose(toolchain);
  const runtime = await ortLibrary();
  const folder = inRoot('prebuilds/linux-x64');
  await rm(inRoot('prebuilds'), { recursive: true, force: true });
  await step(`prebuilds (${name})`, () => packAddon({ ...definitions, ...codecDefinitions(without) }));
  await packOrtLibrary(runtime, folder);
  for (const file of ['microtome.glibc.node', 'libturbojpeg.so.0', ...packedRuntimeFiles]) {
    if (!existsSync(join(folder, file))) throw new Error(`prebuilds/linux-x64/${file} was not made`);
  }
  if (without.length > 0) process.stdout.write(`  left out of the binary, as asked: ${without.join(', ')}\n`);
  // From nothing: what is packed must not hold a file that an older build left.
  await rm(inRoot('dist'), { recursive: true, force: true });
  await step('TypeScript (dist)', buildTypeScript);
  return name;
}
