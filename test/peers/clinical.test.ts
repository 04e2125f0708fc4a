/** Numbers of clinical values on many generated rows, compared with the second reading of the format (train/reference). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/index.js';
import { BundleText } from '../../lib/model/bundle-json.js';
import { clinicalFeatures } from '../../lib/model/bundle/clinical-features.js';
import type { ClinicalFeatureJson } from '../../lib/model/bundle/json-types.js';
import { featureVector } from '../../lib/model/clinical/feature-vector.js';
import { runPython } from '../support/python.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-clinical-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const sites = ['trunk', 'arm', 'lower limb/hip', 'Scalp'];
const synonyms = { trunc: 'trunk', forearm: 'arm' };

const features: readonly ClinicalFeatureJson[] = [
  {
    name: 'lower',
    column: 'age',
    type: 'interval',
    parse: { intervalValue: 'lower' },
    missing: { rule: 'value', value: 60 },
    mean: 55,
    std: 20,
  },
  { name: 'middle', column: 'age', type: 'interval', missing: { rule: 'indicator' }, mean: 50 },
  {
    name: 'upper',
    column: 'age',
    type: 'interval',
    parse: { intervalValue: 'upper' },
    missing: { rule: 'indicator', value: 40 },
  },
  { name: 'sex', column: 'sex', type: 'number', missing: { rule: 'value', value: 1.5 }, mean: 1.5, std: 0.5 },
  {
    name: 'strict',
    column: 'sex',
    type: 'category',
    parse: { categories: ['1', '2'] },
    missing: { rule: 'indicator' },
  },
  {
    name: 'history',
    column: 'history',
    type: 'boolean',
    parse: { true: ['YES', 'y'], false: ['NO', 'n', 'never'] },
    missing: { rule: 'value', value: -1 },
  },
  {
    name: 'word',
    column: 'history',
    type: 'category',
    parse: { categories: ['NO', 'YES', 'y', 'n', 'never', 'unknown'], encoding: 'index' },
    missing: { rule: 'category', category: 'unknown' },
    mean: 1,
    std: 2,
  },
  {
    name: 'site',
    column: 'site',
    type: 'category',
    parse: { categories: sites },
    synonyms,
    missing: { rule: 'value', value: 0.25 },
  },
  {
    name: 'exact',
    column: 'site',
    type: 'category',
    parse: { categories: sites, caseSensitive: true },
    synonyms,
    missing: { rule: 'indicator', value: 0.1 },
  },
];

/** The values of each column; some that no rule understands, some that only one of two features does. */
const values: Readonly<Record<string, readonly string[]>> = {
  age: ['[32:34[', '[6:8[', '[98:100[', ']40-42]', '57', '61.5', '', ' ', '[a:b[', 'old', '[32:'],
  sex: ['1', '2', '', ' 2 ', '3', 'male', '1.0'],
  history: ['YES', 'no', 'never', 'N', '', 'maybe', 'y'],
  site: ['trunk', 'trunc', 'Forearm', 'scalp', 'Scalp', 'lower limb/hip', '', 'elbow', 'TRUNK'],
};

function rowsOf(count: number): readonly Record<string, string>[] {
  let state = 7;
  const choose = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () =>
    Object.fromEntries(Object.entries(values).map(([column, list]) => [column, list[choose(list.length)] as string])),
  );
}

it('each feature of 400 rows has the numbers of the second reading, or is refused as there', async () => {
  const rows = rowsOf(400);
  const rowsFile = join(scratch, 'rows.json');
  writeFileSync(rowsFile, JSON.stringify(rows));
  let [understood, refused] = [0, 0];
  for (const feature of features) {
    const file = join(scratch, `${feature.name}.json`);
    writeFileSync(file, JSON.stringify([feature]));
    const wanted = await runPython<readonly number[] | null>('clinical.py', [file, rowsFile]);
    const parsed = clinicalFeatures([feature], new BundleText('{}', file));
    rows.forEach((row, i) => {
      const expected = wanted[i];
      const place = `${feature.name} ${JSON.stringify(row)}`;
      if (expected == null) {
        ++refused;
        expect(() => featureVector(parsed, [0], row), place).toThrow(MicrotomeError);
        return;
      }
      ++understood;
      const found = [...featureVector(parsed, [0], row)];
      expect(found, place).toHaveLength(expected.length);
      for (const [k, number] of expected.entries()) expect(found[k], place).toBeCloseTo(number, 12);
    });
  }
  process.stdout.write(`${understood} values understood, ${refused} refused, by both\n`);
  expect(Math.min(understood, refused)).toBeGreaterThan(200);
});
