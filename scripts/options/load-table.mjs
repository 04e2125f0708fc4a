// The table of options as the scripts see it: lib/options is TypeScript, so its files are stripped of their types into the
// cache folder and loaded from there. They hold plain data and functions of it, and import nothing else.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { cacheDir, inRoot } from '../steps/paths.mjs';

const modules = [
  'row',
  'describe',
  'table',
  'table/features',
  'table/files',
  'table/gpu',
  'table/kinds',
  'table/machine',
  'table/model',
  'table/pixels',
  'table/places',
  'table/run',
  'table/shard',
  'table/slide',
  'table/storage',
];

async function strip(name, folder) {
  const source = await readFile(inRoot('lib/options', `${name}.ts`), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  const path = join(folder, `${name}.js`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, outputText);
}

/** { optionRows, placeTypes, and the functions of describe.ts and row.ts }. */
export async function loadTable() {
  await mkdir(cacheDir, { recursive: true });
  const folder = await mkdtemp(join(cacheDir, 'options-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const name of modules) await strip(name, folder);
  const load = (name) => import(pathToFileURL(join(folder, `${name}.js`)).href);
  try {
    const parts = [];
    for (const name of ['row', 'describe', 'table', 'table/places']) parts.push(await load(name));
    return Object.assign({}, ...parts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
