/**
 * What it takes to add an option: one row of the table. This test adds one, runs everything that is made from the table over
 * it, and edits no other file.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCommandLine, type CommandSpec } from '../../lib/cli/args.js';
import { helpOf } from '../../lib/cli/help.js';
import { flagSpecs, flagValues, nested, optionsIn } from '../../lib/cli/table-flags.js';
import { optionInfo } from '../../lib/options/info.js';
import { parseOptions } from '../../lib/options/parse.js';
import type { OptionRow } from '../../lib/options/row.js';
import { optionRows } from '../../lib/options/table.js';
import { keyOptions } from '../../lib/runs/run-key.js';
import { failure } from '../api/support/bundle.js';

const dummy: OptionRow = {
  name: 'tile.dummyMargin',
  in: ['slide', 'run'],
  kind: { type: 'integer', min: 3, max: 77, unit: 'pixels' },
  doc: 'Margin of a tile that a test has made up.',
  default: 5,
  scores: 'yes',
  heading: 'Resolution and grid',
  native: { key: 'dummyMarginPx', always: true },
};
const rows = [...optionRows, dummy];

describe('one more row of the table', () => {
  let files: Record<string, string>;
  beforeAll(async () => {
    const { generate } = await import('../../scripts/options/generate.mjs');
    const { loadTable } = await import('../../scripts/options/load-table.mjs');
    files = generate({ ...(await loadTable()), optionRows: rows });
  });

  it('is in the public types, with its documentation and its default', () => {
    const types = files['lib/options/generated-types.ts'];
    const comment = '/** Margin of a tile that a test has made up. In pixels. @defaultValue 5 */';
    expect(types).toContain(`  ${comment}\n  readonly dummyMargin?: number;\n`);
    expect(files['lib/options/defaults.ts']).toContain('    dummyMargin: 5,\n');
  });

  it('is parsed, with its bounds and a hint for a misspelt name', async () => {
    const parse = (tile: object): unknown => parseOptions(['slide'], { tile }, rows)['tile'];
    expect(parse({ dummyMargin: 77 })).toEqual({ dummyMargin: 77 });
    const bounds = await failure(() => parse({ dummyMargin: 78 }), 'INVALID_OPTION');
    expect(bounds.message).toContain('Expected an integer from 3 to 77 pixels for tile.dummyMargin but received 78');
    const hint = await failure(() => parse({ dumyMargin: 5 }), 'INVALID_OPTION');
    expect(hint.message).toContain('did you mean "tile.dummyMargin"?');
  });

  it('is a flag with its help', () => {
    const infos = optionsIn('run', optionInfo(rows));
    const spec: CommandSpec = { name: 'score', positionals: '', summary: 'Score.', options: flagSpecs(infos) };
    const args = parseCommandLine(spec, ['--tile-dummy-margin', '9', '--tile-size', '64']);
    expect(nested(flagValues(args, infos, 'score'))).toEqual({ tile: { dummyMargin: 9, size: 64 } });
    expect(helpOf(spec).replace(/\s+/g, ' ')).toContain(
      '--tile-dummy-margin N margin of a tile that a test has made up (in pixels; default: 5)',
    );
  });

  it('is in the schema of the file of options', () => {
    const schema = JSON.parse(files['schema/run.schema.json'] ?? '') as {
      properties: { tile: { properties: Record<string, object> } };
    };
    expect(schema.properties.tile.properties['dummyMargin']).toEqual({
      description: 'Margin of a tile that a test has made up. In pixels.',
      type: 'integer',
      minimum: 3,
      maximum: 77,
      default: 5,
    });
  });

  it('has a reader in C++ with the same bounds', () => {
    expect(files['native/core/option_bounds.h']).toContain('kTileDummyMarginMax = 77;');
    const header = files['native/addon/options_generated.h'];
    expect(header).toContain('inline std::int64_t tile_dummy_margin(const Fields& fields)');
    expect(header).toContain('{"dummyMarginPx", "tile.dummyMargin"}');
    expect(header).toContain('.max = option_bounds::kTileDummyMarginMax');
  });

  it('is in the documentation', () => {
    expect(files['docs/options.md']).toContain(
      '| `tile.dummyMargin` | `--tile-dummy-margin` | an integer from 3 to 77 pixels | 5 | yes | Margin of a tile',
    );
  });

  it('is in the key of the journal', async () => {
    expect(await keyOptions({ tile: { dummyMargin: 9 } }, rows)).toEqual({ 'tile.dummyMargin': 9 });
    const silent = rows.map((row) => (row === dummy ? { ...row, scores: 'no' as const } : row));
    expect(await keyOptions({ tile: { dummyMargin: 9 } }, silent)).toEqual({});
  });
});

describe('rows that could not be used are refused', () => {
  const cases: [string, Partial<OptionRow>, string][] = [
    ['a name that is there already', { name: 'tile.size' }, 'stands twice'],
    ['a flag that is there already', { flag: 'mpp' }, 'stands for two options'],
    ['documentation that is no sentence', { doc: 'margin' }, 'not a sentence'],
    ['an object that has no row', { name: 'nowhere.margin' }, 'no row for nowhere'],
  ];
  it.each(cases)('%s', async (_, change, message) => {
    const { generate } = await import('../../scripts/options/generate.mjs');
    const { loadTable } = await import('../../scripts/options/load-table.mjs');
    const table = { ...(await loadTable()), optionRows: [...optionRows, { ...dummy, ...change }] };
    expect(() => generate(table)).toThrow(message);
  });
});
