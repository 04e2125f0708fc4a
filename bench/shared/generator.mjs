// The slide generator of the demonstration for plain JavaScript: compiled when its sources are newer, then imported.
import { pathToFileURL } from 'node:url';
import { inRoot } from '../../scripts/steps/paths.mjs';
import { compile } from '../../scripts/steps/typescript.mjs';

const compiled = 'build/demo/demo/slide/index.js';

/** The exports of demo/slide/index.ts. */
export async function generator() {
  await compile('demo/tsconfig.json', { book: 'demo', firstOutput: compiled });
  return import(pathToFileURL(inRoot(compiled)).href);
}
