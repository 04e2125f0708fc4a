// docs/options.md: every option, by heading.

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function shownDefault(row, table) {
  const text = table.defaultText(row);
  return row.required === true && text === null ? 'must be given' : (text ?? '');
}

function shownValues(row, table) {
  const { kind } = row;
  if (kind.type === 'boolean') return '`true`, `false`';
  if (kind.type === 'choice') return kind.values.map((value) => `\`${value}\``).join(', ');
  if (kind.type === 'path') return 'a path';
  if (kind.type === 'text') return 'a name';
  if (kind.type === 'texts') return 'names';
  return table.kindText(kind).replace(/,$/, '');
}

const scoreWords = {
  yes: 'yes',
  no: 'no',
  byContent: 'yes',
  unlessReproducible: 'only without `reproducible`',
  ifBadTiles: 'only of slides with tiles that cannot be decoded',
  ifSampled: 'only of slides of which a choice of tiles is scored',
  ifCut: 'only of slides that are cut short',
  ifLimited: 'only of slides that reach it',
};

function describe(row) {
  const more = (row.details ?? '').replace(/\{@link ([^}]*)\}/g, '`$1`');
  return `${row.doc} ${more}`.trim();
}

function line(row, table) {
  const flag = ['run', 'images', 'shard', 'region', 'embed'].some((place) => row.in.includes(place))
    ? table.flagOf(row, table.optionRows)
    : null;
  const cells = [
    `\`${row.name}\``,
    flag === null ? '' : `\`--${flag}\``,
    shownValues(row, table),
    shownDefault(row, table),
    scoreWords[row.scores],
    describe(row),
  ];
  return `| ${cells.map(cell).join(' | ')} |\n`;
}

const tableHead =
  '| option | flag | values | default | changes scores | what it does |\n| --- | --- | --- | --- | --- | --- |\n';

function section(heading, table) {
  const rows = table.optionRows.filter((row) => row.heading === heading && row.kind.type !== 'object');
  if (rows.length === 0) return '';
  // Rows of the same objects of the API stand in one table.
  const groups = new Map();
  for (const row of rows) groups.set(row.in.join(), [...(groups.get(row.in.join()) ?? []), row]);
  const tables = [...groups.values()].map((own) => {
    const places = table.placeTypes.filter(({ place }) => own[0].in.includes(place));
    const calls = [...new Set(places.flatMap(({ what }) => what.split(', ')))];
    return `In \`${calls.join('`, `')}\`:\n\n${tableHead}${own.map((row) => line(row, table)).join('')}`;
  });
  return `## ${heading}\n\n${tables.join('\n')}`;
}

export function optionDocs(table) {
  const intro = `# Options

<!-- Made from lib/options/table by scripts/generate-options.mjs; do not edit. -->

Every option of the API, with its flag of \`microtome score\` (for pixels: of \`microtome region\`). An option with a flag is also
a key of the file that \`--config run.json\` names; [schema/run.schema.json](../schema/run.schema.json) describes that file. A
name with a dot is a member of an object: \`tile.size\` is \`{ tile: { size: 256 } }\`. A flag wins over the file, an option
over the model's own declaration. Paths in the file are relative to the working directory, as those of flags are.

A flag that takes a number of bytes also takes \`512MiB\` or \`2GiB\`. Three numbers and ranges are written with commas:
\`--input-mean 0.5,0.5,0.5\`, \`--clip 0,1\`; so are several names: \`--license CC-BY,CC-0\`. An option that is true or false is a flag alone, and with \`no-\` before its name it
is false: \`--no-reproducible\`.

Three resolutions have three names, in microns per pixel: \`slideMpp\` is the resolution of the slide, \`mpp\` the resolution
that tiles are read at, \`input.mpp\` the one that the model was made for.

An option that changes scores is part of the key of the journal: \`resume\` refuses another value. Where it changes only some
scores, \`resume\` scores those slides again and keeps the others.
`;
  return `${[intro, ...table.optionHeadings.map((heading) => section(heading, table))]
    .filter((part) => part !== '')
    .join('\n')
    .trimEnd()}\n`;
}
