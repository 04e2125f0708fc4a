// prebuilds/linux-x64/ and dist/ as they are packed: the stripped addon with libturbojpeg beside it, and fresh JavaScript.
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { prepare } from './build.mjs';
import { inRoot, packedBuildDir } from './paths.mjs';
import { run, step } from './run.mjs';
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

/**
 * @param {'zig' | 'host' | 'auto'} toolchain
 * @returns {Promise<string>} the toolchain that was used
 */
export async function makePrebuilds(toolchain) {
  await prepare();
  const { name, definitions } = await choose(toolchain);
  await rm(inRoot('prebuilds'), { recursive: true, force: true });
  await mkdir(packedBuildDir, { recursive: true });
  // prebuildify moves what it built, so it works in a folder of its own and build/ stays usable.
  const tags = ['--napi', '--strip', '--tag-libc', '--name', 'microtome'];
  const places = ['--cwd', packedBuildDir, '--out', inRoot('.'), '--node-gyp', inRoot('scripts/cmake-backend.mjs')];
  const env = { MICROTOME_CMAKE_DEFINITIONS: JSON.stringify(definitions) };
  await step(`prebuilds (${name})`, () =>
    run(process.execPath, [inRoot('node_modules/prebuildify/bin.js'), ...tags, ...places], { env }),
  );
  for (const file of ['microtome.glibc.node', 'libturbojpeg.so.0']) {
    if (!existsSync(inRoot('prebuilds/linux-x64', file))) throw new Error(`prebuilds/linux-x64/${file} was not made`);
  }
  // From nothing: what is packed must not hold a file that an older build left.
  await rm(inRoot('dist'), { recursive: true, force: true });
  await step('TypeScript (dist)', buildTypeScript);
  return name;
}
