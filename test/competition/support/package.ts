/**
 * A copy of this package as it is installed, in a temporary folder, with made-up binaries that the box could load. So a
 * test packs without the binaries that only a build for old systems gives. Scoring uses the addon of the checkout.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { PackOptions, PackResult } from '../../../lib/competition/index.js';
import type { ErrorJson } from '../../../lib/index.js';
import { compileLibrary } from '../../runs/compiled-library.js';
import { elfFile } from './elf-file.js';

const root = resolve(import.meta.dirname, '../../..');
const packages = ['node-gyp-build', 'microtome-libvips-linux-x64', 'onnxruntime-node'];

export interface FakePackage {
  /** The folder with `node_modules`. */
  readonly folder: string;
  /** A path in the package. */
  readonly path: (name: string) => string;
  /** Runs packSubmission in a process of its own. */
  readonly pack: (options: PackOptions) => Promise<PackResult | { readonly error: ErrorJson }>;
  readonly remove: () => Promise<void>;
}

async function write(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

export async function fakePackage(): Promise<FakePackage> {
  const folder = await compileLibrary();
  const path = (name: string): string => join(folder, 'node_modules/microtome', name);
  await mkdir(path('build'), { recursive: true });
  await rename(join(folder, 'lib'), path('dist'));
  await rename(join(folder, 'package.json'), path('package.json'));
  for (const name of ['schema', 'models/demo', 'LICENSE', 'THIRD-PARTY-NOTICES.md'])
    await cp(join(root, name), path(name), { recursive: true });
  await symlink(join(root, 'build/Release'), path('build/Release'));
  for (const name of packages) await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  const needs = { 'libc.so.6': ['GLIBC_2.14'], 'libstdc++.so.6': ['GLIBCXX_3.4.21'] };
  const binary = elfFile({ needed: Object.keys(needs), needs });
  for (const name of ['microtome.glibc.node', 'libturbojpeg.so.0', 'libonnxruntime.so.1'])
    await write(path(`prebuilds/linux-x64/${name}`), binary);
  await write(path('prebuilds/linux-x64/onnxruntime-LICENSE.txt'), 'of ONNX Runtime');
  await write(path('competition/main.py'), '# starts the box\n');
  await write(path('dist/competition/box/main.js'), '// the box\n');
  return {
    folder,
    path,
    pack: (options) => packIn(folder, path('dist'), options),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const script = `
const [library, options] = process.argv.slice(1);
const { packSubmission } = await import(library + '/competition/index.js');
const answer = await packSubmission(JSON.parse(options)).catch((error) => ({ error }));
console.log(JSON.stringify(answer));`;

function packIn(cwd: string, library: string, options: PackOptions): ReturnType<FakePackage['pack']> {
  const args = ['--preserve-symlinks', '--input-type=module', '-e', script, library, JSON.stringify(options)];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { cwd }, (error, stdout, stderr) => {
      if (error !== null || stderr !== '') fail(new Error(`packing ended badly: ${stderr}`, { cause: error }));
      else done(JSON.parse(stdout) as Awaited<ReturnType<FakePackage['pack']>>);
    });
  });
}
