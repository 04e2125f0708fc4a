// The option types of the public API, and the table of defaults, as TypeScript.

const generated = (what) =>
  `/** ${what} Made from lib/options/table by scripts/generate-options.mjs; do not edit. */\n`;

/** A doc comment of whole sentences, wrapped; on one line where it fits. */
function comment(text, indent) {
  const pad = ' '.repeat(indent);
  if (indent + text.length + 8 <= 120) return `${pad}/** ${text} */\n`;
  const lines = [];
  let line = '';
  // The default has lines of its own; a tag with its braces is one word.
  for (const word of text.match(/\{@link [^}]*\}\S*|\S+/g) ?? []) {
    if (word === '@defaultValue' && line !== '') {
      lines.push(line);
      line = word;
    } else if (line !== '' && indent + 3 + line.length + 1 + word.length > 119) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return `${pad}/**\n${[...lines, line].map((each) => `${pad} * ${each}\n`).join('')}${pad} */\n`;
}

function unitText({ kind, doc }) {
  if (kind.unit === undefined || kind.unit === 'tiles' || kind.unit === 'slides') return '';
  return doc.includes(kind.unit) ? '' : `In ${kind.unit}.`;
}

/** Doc comment of a row: what it is, its unit, more, its default. */
function rowComment(row, table, indent) {
  const value = row.required === true ? null : table.defaultText(row);
  const parts = [row.doc, unitText(row), row.details ?? '', value === null ? '' : `@defaultValue ${value}`];
  return comment(parts.filter((part) => part !== '').join(' '), indent);
}

function valueType(kind) {
  const fixed = {
    integer: 'number',
    number: 'number',
    perChannel: 'readonly [number, number, number]',
    range: 'ClipRange | null',
    boolean: 'boolean',
    text: 'string',
    texts: 'readonly string[]',
    path: 'string | URL',
    pattern: 'string',
    column: 'number | string',
    deadline: 'number | Date',
    mask: 'MaskInput',
    model: 'string | URL | Model',
    clinical: 'Readonly<Record<string, string | number | null>>',
    signal: 'AbortSignal',
  };
  if (kind.type === 'choice') return kind.typeName ?? kind.values.map((value) => `'${value}'`).join(' | ');
  if (kind.type === 'object') return kind.typeName;
  if (kind.type === 'pattern') return kind.types ?? 'string';
  if (kind.type === 'callback') return `(report: ${kind.of}) => void`;
  return fixed[kind.type];
}

function member(row, table, indent) {
  const optional = row.required === true ? '' : '?';
  return `${rowComment(row, table, indent)}${' '.repeat(indent)}readonly ${table.memberName(row)}${optional}: ${valueType(row.kind)};\n`;
}

const childrenOf = (rows, owner, table) => rows.filter((row) => table.ownerName(row) === owner);

/** An object whose members depend on one choice: a union of one type for each value that has members of its own. */
function unionOf(row, children, table) {
  const choice = children.find((child) => child.kind.type === 'choice');
  const own = (value) => children.filter((child) => child.only?.is === value);
  const plain = choice.kind.values.filter((value) => own(value).length === 0);
  const groups = [plain, ...choice.kind.values.filter((value) => own(value).length > 0).map((value) => [value])];
  const types = groups.map((values) => {
    const first = `readonly ${table.memberName(choice)}: ${values.map((value) => `'${value}'`).join(' | ')};`;
    const more = values.length === 1 ? own(values[0]) : [];
    if (more.length === 0) return `  | { ${first} }\n`;
    return `  | {\n      ${first}\n${more.map((child) => member(child, table, 6)).join('')}    }\n`;
  });
  return `export type ${row.kind.typeName} =\n${types.join('').trimEnd()};\n`;
}

function objectType(row, rows, table) {
  const children = childrenOf(rows, row.name, table);
  const head = comment([row.doc, row.details ?? ''].join(' ').trim(), 0);
  if (children.some((child) => child.only !== undefined)) return head + unionOf(row, children, table);
  return `${head}export interface ${row.kind.typeName} {\n${children.map((child) => member(child, table, 2)).join('')}}\n`;
}

/** Named types of choices, each once. */
function choiceTypes(rows) {
  const seen = new Map();
  for (const row of rows) {
    if (row.kind.type !== 'choice' || row.kind.typeName === undefined || seen.has(row.kind.typeName)) continue;
    const values = row.kind.values.map((value) => `'${value}'`).join(' | ');
    seen.set(row.kind.typeName, `${comment(row.doc, 0)}export type ${row.kind.typeName} = ${values};\n`);
  }
  return [...seen.values()];
}

function placeType({ place, typeName, doc, extends: base }, rows, table) {
  const own = rows.filter((row) => row.in.includes(place) && table.ownerName(row) === '');
  const from = base === undefined ? '' : ` extends ${base}`;
  return `${comment(doc, 0)}export interface ${typeName}${from} {\n${own.map((row) => member(row, table, 2)).join('')}}\n`;
}

/** Places whose types are made for lib/runs. */
const runPlaces = ['run', 'images'];
const isOfRuns = (row) => row.in.every((place) => runPlaces.includes(place));
const isRunOnly = (row) => isOfRuns(row) && row.in.includes('run');

/** lib/options/generated-types.ts: everything but the options of a run. */
export function optionTypes(table) {
  const rows = table.optionRows.filter((row) => !isOfRuns(row));
  const objects = rows.filter((row) => row.kind.type === 'object');
  const places = table.placeTypes.filter(({ place }) => !runPlaces.includes(place));
  const imports = [
    "import type { Model } from '../model/model.js';",
    "import type { DeviceChoice } from '../native/devices.js';",
    "import type { ClipRange, ScoreProgress } from '../scoring/result.js';",
    "import type { MaskInput } from './types.js';",
  ];
  return [
    `${generated('The option types of the public API.')}\n${imports.join('\n')}\n`,
    ...choiceTypes(rows),
    ...objects.map((row) => objectType(row, rows, table)),
    ...places.map((place) => placeType(place, rows, table)),
  ].join('\n');
}

/** lib/runs/generated-types.ts: the options of a run over many slides. */
export function runTypes(table) {
  const rows = table.optionRows.filter(isRunOnly);
  const own = rows.filter((row) => table.ownerName(row) === '');
  const omitted = (places) => {
    const left = table.optionRows.filter(
      (row) => table.ownerName(row) === '' && row.in.some((p) => places.includes(p)) && !row.in.includes('run'),
    );
    return [...new Set(left.map((row) => row.name))].map((name) => `'${name}'`).join(' | ');
  };
  const bases = [
    `Omit<ScorerOptions, ${omitted(['runtime', 'model', 'slide', 'scorer'])}>`,
    `Omit<SlideFileOptions, ${omitted(['files'])}>`,
  ];
  const head = comment(
    'How {@link scoreDirectory} runs: everything a scorer takes, but for what differs by slide, and the files.',
    0,
  );
  const imports = [
    "import type { Model } from '../model/model.js';",
    "import type { DeviceUse } from '../native/devices.js';",
    "import type { ScorerOptions, SlideFileOptions } from '../options/types.js';",
    "import type { DirectoryProgress, NotRead } from './types.js';",
  ];
  const body = own.map((row) => member(row, table, 2)).join('');
  return [
    `${generated('The options of a run over many slides.')}\n${imports.join('\n')}\n`,
    ...choiceTypes(rows),
    `${head}export interface DirectoryOptions extends ${bases.join(', ')} {\n${body}}\n`,
  ].join('\n');
}

/** lib/runs/images/generated-types.ts: the options of a run over lesion images. */
export function imageTypes(table) {
  const top = table.optionRows.filter((row) => row.in.includes('images') && table.ownerName(row) === '');
  const shared = top.filter((row) => row.in.includes('run')).map((row) => `'${row.name}'`);
  const own = top.filter((row) => !row.in.includes('run'));
  const head = comment(
    'How {@link scoreImages} runs: what {@link scoreDirectory} takes and images have too, and what is their own.',
    0,
  );
  const body = own.map((row) => member(row, table, 2)).join('');
  return [
    `${generated('The options of a run over lesion images.')}\nimport type { DirectoryOptions } from '../generated-types.js';\nimport type { ImageProgress } from './types.js';\n`,
    `${head}export interface ImageOptions extends Pick<DirectoryOptions, ${shared.join(' | ')}> {\n${body}}\n`,
  ].join('\n');
}

function literal(value) {
  if (typeof value === 'string') return `'${value}'`;
  return JSON.stringify(value);
}

/** Defaults of one value, by path; rows that share a name must agree. */
function defaultTree(table) {
  const tree = {};
  for (const row of table.optionRows) {
    const fixed = row.default?.modelElse ?? table.fixedDefault(row.default);
    if (fixed === undefined) continue;
    const owner = table.ownerName(row);
    if (owner !== '') tree[owner] ??= {};
    const group = owner === '' ? tree : tree[owner];
    const name = table.memberName(row);
    if (name in group && JSON.stringify(group[name]) !== JSON.stringify(fixed))
      throw new Error(`the option ${row.name} has two defaults: ${group[name]} and ${fixed}`);
    group[name] = fixed;
  }
  return tree;
}

/** lib/options/defaults.ts. */
export function defaultsModule(table) {
  const line = (name, value, indent) => `${' '.repeat(indent)}${name}: ${literal(value)},\n`;
  const body = Object.entries(defaultTree(table)).map(([name, value]) => {
    if (typeof value !== 'object' || Array.isArray(value)) return line(name, value, 2);
    const inner = Object.entries(value).map(([key, each]) => line(key, each, 4));
    return `  ${name}: {\n${inner.join('')}  },\n`;
  });
  const note =
    "/** Every default of the public options that is one value. A bundle's own declarations come between an option and these. */\n";
  return `${generated('Defaults of options.')}\n${note}export const defaults = {\n${body.join('')}} as const;\n`;
}
