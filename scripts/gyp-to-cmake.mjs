// The one action of binding.gyp: builds with CMake (cmake-js) and leaves the addon where node-gyp expects it.
// node-gyp owns build/, so CMake works in a folder beside it. cmake-js, node-addon-api, node-api-headers and
// @julusian/jpeg-turbo must be installed; they are development dependencies.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const [productDir] = process.argv.slice(2);
const out = join(root, 'build-gyp');

function installed(name, path) {
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), path);
  } catch {
    process.stderr.write(`microtome: a build from source needs the package ${name} (npm install --save-dev ${name})\n`);
    process.exit(2);
  }
}

const cmakeJs = installed('cmake-js', 'bin/cmake-js');
const jpeg = installed('@julusian/jpeg-turbo', 'prebuilds/jpeg-turbo-linux-x64/libturbojpeg.so.0');
const { status } = spawnSync(process.execPath, [cmakeJs, 'build', '--out', out, '--parallel', '2'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
copyFileSync(join(out, 'Release', 'microtome.node'), join(productDir, 'microtome.node'));
copyFileSync(jpeg, join(productDir, 'libturbojpeg.so.0'));
