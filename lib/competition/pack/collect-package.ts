/** The files of this package and of the packages that it needs when it runs: what the box gets instead of an installation. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { MicrotomeError } from '../../core/errors.js';
import { packageFile, requireFrom } from '../../core/package-root.js';
import { fileAt, filesBelow } from './files.js';
import type { PackedFile } from './packed-file.js';

const modules = 'microtome/package/node_modules';
const vipsPackage = 'microtome-libvips-linux-x64';
const buildPackage = 'node-gyp-build';

/** Files of the package beside `dist` and `prebuilds`. */
const singleFiles = [
  'package.json',
  'schema/microtome.schema.json',
  'schema/run.schema.json',
  'LICENSE',
  'THIRD-PARTY-NOTICES.md',
];
/** Without these the box cannot run. */
const addonFiles = ['microtome.glibc.node', 'libturbojpeg.so.0', 'libonnxruntime.so.1'];
const program = 'dist/competition/box/main.js';

export interface PackageFiles {
  readonly files: readonly PackedFile[];
  /** Where each licence is: its name in the zip, and the file. */
  readonly licences: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** Throws RUNTIME_MISSING where the package is not complete. */
export async function collectPackage(): Promise<PackageFiles> {
  requireBuilt();
  const compiled = (await filesBelow(packageFile('dist'))).filter((name) => name.endsWith('.js'));
  const binaries = await filesBelow(packageFile('prebuilds/linux-x64'));
  const own = [
    ...singleFiles,
    ...compiled.map((name) => `dist/${name}`),
    ...binaries.map((n) => `prebuilds/linux-x64/${n}`),
  ];
  const vips = await vipsFiles();
  const files = [
    fileAt('main', 'main.py', packageFile('competition/main.py')),
    ...own.map((name) => fileAt('package', `${modules}/microtome/${name}`, packageFile(name))),
    ...(await buildFiles()),
    ...vips,
  ];
  return {
    files,
    licences: licencesOf(files),
    warnings:
      vips.length > 0
        ? []
        : [
            `${vipsPackage} is not installed: slides that need libvips cannot be read with this zip; install it, then pack again`,
          ],
  };
}

/** A checkout has no binaries for other machines until they are built; an installed package always has them. */
function requireBuilt(): void {
  const binaries = addonFiles.map((name) => `prebuilds/linux-x64/${name}`);
  const missing = [...binaries, program, 'competition/main.py'].find((name) => !existsSync(packageFile(name)));
  if (missing === undefined) return;
  const isInstalled = resolve(packageFile('.')).includes('/node_modules/');
  const path = packageFile(missing);
  throw new MicrotomeError('RUNTIME_MISSING', 'options', `${missing} of this package is not there`, {
    path,
    advice: isInstalled
      ? 'install the package again: remove its folder, then run npm install'
      : `this is a checkout of the source: run ${missing.startsWith('prebuilds/') ? 'npm run prebuilds' : 'npm run build'}`,
  });
}

/** The folder of a package that this one depends on; null: it is not installed. */
function folderOf(name: string): string | null {
  const require = requireFrom(packageFile('package.json'));
  for (const entry of ['package.json', 'package']) {
    try {
      return dirname(require.resolve(`${name}/${entry}`));
    } catch {
      // Not installed, or not exported under this name.
    }
  }
  return null;
}

async function buildFiles(): Promise<readonly PackedFile[]> {
  const folder = folderOf(buildPackage);
  if (folder === null)
    throw new MicrotomeError('RUNTIME_MISSING', 'options', `the package ${buildPackage} is not installed`, {
      advice: `install it: npm install ${buildPackage}`,
    });
  const names = ['package.json', 'index.js', 'node-gyp-build.js', 'LICENSE'];
  return names.map((name) => fileAt('package', `${modules}/${buildPackage}/${name}`, join(folder, name)));
}

/** The package of libvips without its headers. */
async function vipsFiles(): Promise<readonly PackedFile[]> {
  const folder = folderOf(vipsPackage);
  if (folder === null) return [];
  const names = (await filesBelow(folder)).filter((name) => !name.endsWith('.h') && !name.startsWith('node_modules/'));
  return names.map((name) => fileAt('libvips', `${modules}/${vipsPackage}/${name}`, join(folder, name)));
}

/** Licences of the packages, gathered under names that say whose they are. */
function licencesOf(files: readonly PackedFile[]): ReadonlyMap<string, string> {
  const sources: readonly (readonly [string, string])[] = [
    ['microtome.txt', 'microtome/LICENSE'],
    ['microtome-third-party.md', 'microtome/THIRD-PARTY-NOTICES.md'],
    ['node-gyp-build.txt', `${buildPackage}/LICENSE`],
    ['libvips.md', `${vipsPackage}/README.md`],
    ['libvips-versions.json', `${vipsPackage}/versions.json`],
    ['onnxruntime.txt', 'microtome/prebuilds/linux-x64/onnxruntime-LICENSE.txt'],
    ['onnxruntime-third-party.txt', 'microtome/prebuilds/linux-x64/onnxruntime-ThirdPartyNotices.txt'],
  ];
  const found = new Map<string, string>();
  for (const [name, source] of sources) {
    const content = files.find((file) => file.name === `${modules}/${source}`)?.content;
    if (content !== undefined && 'path' in content) found.set(name, content.path);
  }
  return found;
}
