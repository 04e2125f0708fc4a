// lib/ -> dist/ by tsc, incrementally; whatever dist/ holds without a source is removed.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, inRoot } from './paths.mjs';
import { run } from './run.mjs';

const tsc = inRoot('node_modules/typescript/bin/tsc');

/**
 * Runs tsc on one project file. With a `book` it compiles only what changed, by a book of that name in the cache folder;
 * the book is thrown away when `firstOutput` is gone, for it would say that there is nothing to do.
 */
export async function compile(project, { book = null, firstOutput = null, args = [] } = {}) {
  const options = [];
  if (book !== null) {
    await mkdir(cacheDir, { recursive: true });
    const path = join(cacheDir, `${book}.tsbuildinfo`);
    if (firstOutput !== null && !existsSync(inRoot(firstOutput))) await rm(path, { force: true });
    options.push('--incremental', '--tsBuildInfoFile', path);
  }
  await run(process.execPath, [tsc, '-p', inRoot(project), ...options, ...args], { quiet: true });
}

/** Output files whose source is gone; a package must not carry a module that was deleted. */
async function removeOrphans() {
  const names = await readdir(inRoot('dist'), { recursive: true });
  for (const name of names) {
    const source = name.match(/^(.*?)(\.d\.ts|\.js)(\.map)?$/)?.[1];
    if (source !== undefined && !existsSync(inRoot('lib', `${source}.ts`))) await rm(inRoot('dist', name));
  }
}

export async function buildTypeScript() {
  await compile('tsconfig.build.json', { book: 'lib', firstOutput: 'dist/index.js' });
  await removeOrphans();
}
