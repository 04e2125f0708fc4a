// npm run prebuilds [-- --toolchain zig|host]: prebuilds/linux-x64/ as it is packed, that is the stripped addon and
// libturbojpeg. zig (the default) makes an addon for glibc 2.28 and newer; host is for trying things out. The name is
// plural because npm would run a script named "prebuild" before each "build".
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { prepare } from './steps/build.mjs';
import { inRoot, packedBuildDir } from './steps/paths.mjs';
import { main, run, step } from './steps/run.mjs';
import { buildTypeScript } from './steps/typescript.mjs';
import { zigToolchain } from './steps/zig-toolchain.mjs';

async function definitionsFor(toolchain) {
  if (toolchain === 'host') return { MICROTOME_WERROR: 'OFF' };
  if (toolchain !== 'zig') throw new Error(`--toolchain is zig or host, not ${toolchain}`);
  const zig = await zigToolchain();
  if ('missing' in zig)
    throw new Error(`${zig.missing}\n(npm run prebuilds -- --toolchain host uses this machine's compiler and glibc)`);
  return zig.definitions;
}

main(async () => {
  const { values } = parseArgs({
    options: { toolchain: { type: 'string', default: 'zig' } },
  });
  await prepare();
  const definitions = await definitionsFor(values.toolchain);
  await rm(inRoot('prebuilds'), { recursive: true, force: true });
  await mkdir(packedBuildDir, { recursive: true });
  // prebuildify moves what it built, so it works in a folder of its own and build/ stays usable.
  const args = [
    '--napi',
    '--strip',
    '--tag-libc',
    '--name',
    'microtome',
    '--cwd',
    packedBuildDir,
    '--out',
    inRoot('.'),
  ];
  await step(`prebuilds (${values.toolchain})`, () =>
    run(
      process.execPath,
      [inRoot('node_modules/prebuildify/bin.js'), ...args, '--node-gyp', inRoot('scripts/cmake-backend.mjs')],
      {
        env: { MICROTOME_CMAKE_DEFINITIONS: JSON.stringify(definitions) },
      },
    ),
  );
  // From nothing: what is packed must not hold a file that an older build left.
  await rm(inRoot('dist'), { recursive: true, force: true });
  await step('TypeScript (dist)', buildTypeScript);
  for (const file of ['microtome.glibc.node', 'libturbojpeg.so.0']) {
    if (!existsSync(inRoot('prebuilds/linux-x64', file))) throw new Error(`prebuilds/linux-x64/${file} was not made`);
  }
});
