/**
 * Where this package is installed: the same from lib/ (tests) and from dist/. Its addon, schemas and models are files, so
 * code of ours that a bundler has put into another file looks for the installed package from there.
 */

import { readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MicrotomeError } from './errors.js';

const packageName = 'microtome';

const url = import.meta.url as string | undefined;
/** Where this module is; undefined where a bundler has made CommonJS of it. */
const here = url?.startsWith('file:') === true ? url : undefined;

/**
 * A `require` that resolves from a file or the address of one. Not imported by its name: webpack takes a named createRequire for
 * its own, and resolves what is required when the bundle is made.
 */
export function requireFrom(file: string): NodeJS.Require {
  return nodeModule.createRequire(file);
}

function isOurs(folder: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }).name === packageName;
  } catch {
    return false;
  }
}

/** The package as code in a bundle finds it: from the bundle's place, then from the working directory. */
function installed(): string | undefined {
  for (const from of [here, join(process.cwd(), 'package.json')]) {
    if (from === undefined) continue;
    try {
      return dirname(requireFrom(from).resolve(`${packageName}/package.json`));
    } catch {
      // Not there.
    }
  }
  return undefined;
}

function findRoot(): string {
  if (here !== undefined) {
    // Not written as one expression: bundlers take `new URL('…', import.meta.url)` for a file to copy.
    const root = fileURLToPath(new URL('../../', here));
    if (isOurs(root)) return root;
  }
  const root = installed();
  if (root !== undefined) return root;
  throw new MicrotomeError(
    'RUNTIME_MISSING',
    'options',
    `the code of microtome is in ${here === undefined ? 'a bundle' : fileURLToPath(here)}, without the package's files`,
    {
      advice:
        "install microtome beside the bundle and keep it out of it: esbuild --external:microtome, webpack externals: ['microtome'] of the type 'module' or 'commonjs', Next.js serverExternalPackages: ['microtome']",
    },
  );
}

let found: string | undefined;

/** Absolute path of a file or folder of the package; `relative` has forward slashes. */
export function packageFile(relative: string): string {
  found ??= findRoot();
  return join(found, relative);
}
