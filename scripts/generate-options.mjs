// Writes every file that is made from the table of options in lib/options. With --check it changes nothing, names the files
// that are not as the table would make them, and fails. Either way the bounds in the schema of bundles must be the table's.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Report } from './checks/report.mjs';
import { readText } from './checks/sources.mjs';
import { generate } from './options/generate.mjs';
import { loadTable } from './options/load-table.mjs';
import { bundleDifferences } from './options/schema.mjs';
import { inRoot } from './steps/paths.mjs';

/** TypeScript and JSON have the format of the tree. */
function formatted(path, text) {
  if (!/\.(?:ts|json)$/.test(path)) return text;
  const biome = inRoot('node_modules/@biomejs/biome/bin/biome');
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'format', `--stdin-file-path=${path}`], {
    cwd: inRoot(),
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`biome cannot format ${path}: ${stderr}`);
  return stdout;
}

const table = await loadTable();
const files = Object.entries(generate(table));
const report = new Report();
const bundleSchema = 'schema/microtome.schema.json';
for (const message of bundleDifferences(JSON.parse(readText(bundleSchema)), table)) report.error(bundleSchema, message);
for (const [path, raw] of files) {
  const text = formatted(path, raw);
  const current = existsSync(inRoot(path)) ? readText(path) : null;
  if (current === text) continue;
  if (process.argv.includes('--check')) {
    report.error(path, 'is not what the table of options makes of it: run node scripts/generate-options.mjs');
  } else await writeFile(inRoot(path), text);
}
report.finish('options', `${files.length} files from ${table.optionRows.length} rows`);
