// Every file that is made from the table of options: path to text. A pure function of the table, so that a test can run it
// over a table with one more row.
import { boundsHeader, readersHeader } from './cpp.mjs';
import { optionDocs } from './docs.mjs';
import { runSchema } from './schema.mjs';
import { defaultsModule, imageTypes, optionTypes, runTypes } from './types.mjs';

/** Rows that the parser, the generators and a reader could not make sense of. */
function checkTable(table) {
  const seen = new Set();
  for (const row of table.optionRows) {
    for (const place of row.in) {
      const key = `${place} ${row.name}`;
      if (seen.has(key)) throw new Error(`the option ${row.name} stands twice for ${place}`);
      seen.add(key);
    }
    if (!/\.$/.test(row.doc)) throw new Error(`the documentation of ${row.name} is not a sentence`);
    const owner = table.ownerName(row);
    if (owner !== '' && !table.optionRows.some((other) => other.name === owner && other.kind.type === 'object'))
      throw new Error(`the option ${row.name} has no row for ${owner}`);
  }
  const flags = table.optionRows
    .filter((row) => row.in.includes('run') || row.in.includes('images'))
    .map((row) => table.flagOf(row, table.optionRows));
  const twice = flags.find((flag, i) => flag !== null && flags.indexOf(flag) !== i);
  if (twice !== undefined) throw new Error(`the flag --${twice} stands for two options`);
}

/** JSON with whatever fits on one line on one line, as the tree has it. */
function json(value, indent = 0, before = 0) {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pad = ' '.repeat(indent + 2);
  const isList = Array.isArray(value);
  const entries = isList
    ? value.map((each) => ['', each])
    : Object.entries(value).map(([key, each]) => [`${JSON.stringify(key)}: `, each]);
  const inner = entries.map(([key, each]) => `${key}${json(each, 0, -1e9)}`).join(', ');
  const line = isList ? `[${inner}]` : `{ ${inner} }`;
  if (indent + before + line.length <= 118) return line;
  const lines = entries.map(([key, each]) => `${pad}${key}${json(each, indent + 2, key.length)}`);
  return `${isList ? '[' : '{'}\n${lines.join(',\n')}\n${' '.repeat(indent)}${isList ? ']' : '}'}`;
}

/**
 * `table`: what load-table.mjs gives.
 * @returns {Record<string, string>}
 */
export function generate(table) {
  checkTable(table);
  return {
    'lib/options/generated-types.ts': optionTypes(table),
    'lib/options/defaults.ts': defaultsModule(table),
    'lib/runs/generated-types.ts': runTypes(table),
    'lib/runs/images/generated-types.ts': imageTypes(table),
    'schema/run.schema.json': `${json(runSchema(table))}\n`,
    'docs/options.md': optionDocs(table),
    'native/core/option_bounds.h': boundsHeader(table),
    'native/addon/options_generated.h': readersHeader(table),
  };
}
