// lib/ -> dist/ by tsc, incrementally; whatever dist/ holds without a source is removed.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, inRoot } from './paths.mjs';
import { run } from './run.mjs';

const tsc = inRoot('node_modules/typescript/bin/tsc');

/** Runs tsc on one project file. `incremental` keeps its book in the cache folder under that name. */
export async function compile(project, { incremental = null, args = [] } = {}) {
  const book =
    incremental === null ? [] : ['--incremental', '--tsBuildInfoFile', join(cacheDir, `${incremental}.tsbuildinfo`)];
  await run(process.execPath, [tsc, '-p', inRoot(project), ...book, ...args], {
    quiet: true,
  });
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
  await mkdir(cacheDir, { recursive: true });
  // Without output the incremental book would say that there is nothing to do.
  if (!existsSync(inRoot('dist', 'index.js'))) await rm(join(cacheDir, 'lib.tsbuildinfo'), { force: true });
  await compile('tsconfig.build.json', { incremental: 'lib' });
  await removeOrphans();
}
