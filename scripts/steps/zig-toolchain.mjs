// A C++ compiler that links against an old glibc, whatever the machine has: zig's clang with its table of glibc symbols.
// It brings its own C++ library, which ends up inside the addon.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { pythonTool } from './python-tool.mjs';

const zigVersion = '0.17.1';
const target = 'x86_64-linux-gnu.2.28';

/** CMake definitions that choose the compiler, or the reason why it cannot be had. */
export async function zigToolchain() {
  const tool = await pythonTool('ziglang', zigVersion);
  if ('missing' in tool) return tool;
  const bin = join(cacheDir, 'zig-bin');
  await mkdir(bin, { recursive: true });
  const wrapper = join(bin, 'c++');
  const lines = [
    '#!/bin/sh',
    `export ZIG_GLOBAL_CACHE_DIR='${join(cacheDir, 'zig-cache')}' ZIG_LOCAL_CACHE_DIR='${join(cacheDir, 'zig-cache')}'`,
    `exec '${join(tool.folder, 'ziglang', 'zig')}' c++ -target ${target} "$@"`,
  ];
  await writeFile(wrapper, `${lines.join('\n')}\n`);
  await chmod(wrapper, 0o755);
  return { definitions: { CMAKE_CXX_COMPILER: wrapper } };
}
