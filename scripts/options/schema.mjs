// JSON Schema: the file of options that the command line reads, and the bounds that bundles share with options.

/** Bounds as JSON Schema has them. */
function boundsOf({ min, max, above, below }) {
  return {
    ...(min === undefined ? {} : { minimum: min }),
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
    ...(max === undefined ? {} : { maximum: max }),
    ...(below === undefined ? {} : { exclusiveMaximum: below }),
  };
}

function valueSchema(kind) {
  switch (kind.type) {
    case 'integer':
      if (kind.unit === 'bytes')
        return {
          anyOf: [
            { type: 'integer', ...boundsOf(kind) },
            { type: 'string', pattern: '^[0-9]+ ?(B|KiB|MiB|GiB|TiB)$' },
          ],
        };
      return { type: 'integer', ...boundsOf(kind) };
    case 'number':
      return { type: 'number', ...boundsOf(kind) };
    case 'perChannel':
      return { type: 'array', minItems: 3, maxItems: 3, items: { type: 'number', ...boundsOf(kind) } };
    case 'range':
      return {
        anyOf: [
          { type: 'null' },
          { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number', ...boundsOf(kind) } },
        ],
      };
    case 'boolean':
      return { type: 'boolean' };
    case 'texts':
      return { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } };
    case 'choice':
      return { enum: [...kind.values] };
    case 'pattern':
      return { type: 'string', pattern: kind.pattern };
    case 'column':
      return {
        anyOf: [
          { type: 'integer', minimum: 0 },
          { type: 'string', minLength: 1 },
        ],
      };
    case 'deadline':
      return {
        anyOf: [
          { type: 'integer', minimum: 1 },
          { type: 'string', minLength: 1 },
        ],
      };
    case 'mask':
      return { anyOf: [{ type: 'string', minLength: 1 }, { type: 'object' }] };
    default:
      return { type: 'string', minLength: 1 };
  }
}

function optionSchema(row, table) {
  const fixed = row.required === true ? undefined : table.fixedDefault(row.default);
  const words = fixed === undefined && row.required !== true ? table.defaultText(row) : null;
  const unit = row.kind.unit === undefined ? '' : ` In ${row.kind.unit}.`;
  return {
    description: `${row.doc}${unit}${words === null ? '' : ` Default: ${words}.`}`,
    ...valueSchema(row.kind),
    ...(fixed === undefined || fixed === 1 / 255 ? {} : { default: fixed }),
  };
}

/** Members of one object that exclude each other; of two that are true or false, both may be false. */
function exclusions(rows, owner, table) {
  const pairs = rows
    .filter((row) => table.ownerName(row) === owner && row.kind.type !== 'boolean')
    .flatMap((row) => (row.excludes ?? []).filter((other) => row.name < other).map((other) => [row.name, other]));
  if (pairs.length === 0) return {};
  const member = (name) => name.slice(name.lastIndexOf('.') + 1);
  return { allOf: pairs.map((pair) => ({ not: { required: pair.map(member) } })) };
}

/** schema/run.schema.json: what a file for --config may hold. Whatever has a flag has a key. */
export function runSchema(table) {
  const rows = table.optionRows.filter((row) => row.in.includes('run') || row.in.includes('images'));
  const properties = { $schema: { type: 'string', description: 'Where this schema is; ignored.' } };
  for (const row of rows) {
    const owner = table.ownerName(row);
    if (row.kind.type === 'object') {
      const own = exclusions(rows, row.name, table);
      properties[row.name] = {
        description: row.doc,
        type: 'object',
        additionalProperties: false,
        ...own,
        properties: {},
      };
    } else if (table.flagOf(row, rows) !== null) {
      const target = owner === '' ? properties : properties[owner].properties;
      target[table.memberName(row)] = optionSchema(row, table);
    }
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'run.schema.json',
    title: 'microtome run',
    description: 'Options of `microtome score`, for --config. A flag of the command line wins over the file.',
    type: 'object',
    additionalProperties: false,
    ...exclusions(rows, '', table),
    properties,
  };
}

/** Where schema/microtome.schema.json bounds a value otherwise than the option of the same meaning. */
export function bundleDifferences(schema, table) {
  const found = [];
  for (const row of table.optionRows) {
    for (const path of row.bundle ?? []) {
      const value = path.split('/').reduce((at, step) => at?.[step], schema);
      const wanted = boundsOf(row.kind);
      const keys = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'];
      if (value === undefined || keys.some((key) => value[key] !== wanted[key]))
        found.push(`${path} has not the bounds of the option ${row.name}: ${JSON.stringify(wanted)}`);
    }
  }
  return found;
}
